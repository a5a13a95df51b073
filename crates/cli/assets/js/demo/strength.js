// The gradient that arrives at each word, in some of the networks.
import { powers } from "../format.js";
import { axis, line, LOGARITHMIC } from "../layout.js";
import { say } from "../words.js";
import { networkDash, networkName, positions, wordAxis } from "./common.js";

/** @import { Figure } from "../chart.js" */
/** @import { Tour } from "./document.js" */

/** @param {Tour} tour
 * @param {string} key
 * @param {number[]} which
 * @returns {Figure} */
export function strengthFigure({ sentence, networks }, key, which) {
  const x = positions(sentence);
  const names = which.map((at) => networkName(networks[at]));
  const shares = which.map((at) => powers(networks[at].log10_strength));
  const trace = { hovertemplate: "%{x}: %{y:.2e}" };
  return {
    key: `strength-${key}`,
    title: say("strength_figure"),
    text: say("strength_text"),
    traces: which.map((at, i) => line(names[i], x, shares[i], at, { line: networkDash(at), trace })),
    layout: { xaxis: wordAxis(sentence), yaxis: axis(say("gradient_share"), LOGARITHMIC) },
    table: {
      head: ["t", say("word"), ...names],
      rows: x.map((t) => [t, sentence.words[t], ...shares.map((share) => share[t])]),
    },
  };
}
