// The gates of a network while it reads the sentence.
import { axis, line } from "../layout.js";
import { say, sentences } from "../words.js";
import { networkDash, positions, wordAxis } from "./common.js";

/** @import { Figure } from "../chart.js" */
/** @import { Key } from "../words.js" */
/** @import { Tour } from "./document.js" */

/** What each gate does.
 * @type {Record<string, Key | undefined>} */
const PURPOSE = { i: "gate_i", f: "gate_f", o: "gate_o", z: "gate_z", r: "gate_r" };

/** A figure of the network with this index.
 * @param {Tour} tour
 * @param {number} at
 * @returns {Figure} */
export function gateFigure({ sentence, networks }, at) {
  const { name, reading } = networks[at];
  const { gates } = reading;
  const x = positions(sentence);
  const purposes = gates.flatMap(({ gate }) => PURPOSE[gate] ?? []).map((key) => say(key));
  return {
    key: `gate-${name}`,
    title: say("gate_figure", name),
    text: sentences([say("gate_text"), ...purposes]),
    traces: gates.map(({ gate, openness }, which) => ({
      ...line(gate, x, openness, which, { line: networkDash(which + 1) }),
      mode: "lines+markers",
    })),
    layout: { xaxis: wordAxis(sentence), yaxis: axis(say("mean_openness"), { range: [0, 1] }) },
    table: {
      head: ["t", say("word"), ...gates.map(({ gate }) => gate)],
      rows: x.map((t) => [t, sentence.words[t], ...gates.map(({ openness }) => openness[t])]),
    },
  };
}
