// Parts that the figures of the demo share.
import { axis } from "../layout.js";
import { say } from "../words.js";

/** @import { Network, Sentence } from "./document.js" */

const DASHES = ["dot", "solid", "dash", "dashdot", "longdash"];

/** The dash pattern of the network with this index.
 * @param {number} at */
export const networkDash = (at) => ({ dash: DASHES[at] });

/** The name of a network, with its clipping if two networks have that name.
 * @param {Network} network */
export function networkName({ name, clip }) {
  if (clip === "none") return `${name}, ${say("no_clipping")}`;
  return name === "rnn" ? `${name}, ${say("clipped_at", clip.replace("norm:", ""))}` : name;
}

/** The index of each word.
 * @param {Sentence} sentence */
export const positions = ({ words }) => words.map((_, t) => t);

/** An axis with the words of the sentence.
 * @param {Sentence} sentence */
export const wordAxis = (sentence) =>
  axis(say("word"), {
    tickvals: positions(sentence),
    ticktext: sentence.words,
    tickangle: -50,
    tickfont: { size: 11 },
  });
