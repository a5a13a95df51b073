// Example sentences, and the predictions of some networks at their verbs.
import { element } from "../dom.js";
import { table } from "../table.js";
import { say } from "../words.js";
import { networkName } from "./common.js";

/** @import { Tour } from "./document.js" */

/** @param {number} p */
const percent = (p) => `${(100 * p).toFixed(1)} %`;

/** @param {Tour} tour @param {number[]} which */
export function sentenceTable({ networks, examples }, which) {
  const shown = which.map((at) => networks[at]);
  const predictions = (/** @type {number} */ i) =>
    shown.map(({ readings }) => readings.verbs[i].map(percent).join(", "));
  const head = [say("sentence"), ...shown.map((network) => `${networkName(network)}: ${say("probability")}`)];
  const rows = examples.map((sentence, i) => [sentence, ...predictions(i)]);
  return element("div", {}, element("h3", {}, say("sentences")), table({ head, rows }));
}
