// Bins of steps back from the end of the window, and norms by bin.

/** @import { Flow, NormKind } from "../document.js" */
/** @import { Key } from "../words.js" */

/** The axis title of each kind of norm.
 * @type {Record<NormKind, Key>} */
export const LOG10 = { hidden: "log10_hidden", cell: "log10_cell", gamma: "log10_gamma" };

/** @type {NormKind[]} */
const KINDS = ["hidden", "cell", "gamma"];

/** The norms that a run has recorded.
 * @param {Flow} flow */
export const kindsOf = (flow) => KINDS.filter((kind) => flow.layers.some((layer) => layer[kind]));

/** The middle of each bin.
 * @param {Flow} flow */
export const binMiddles = ({ edges }) => edges.slice(0, -1).map((edge, i) => (edge + edges[i + 1] - 1) / 2);

/** The steps of each bin: "7", "8–11".
 * @param {Flow} flow */
export const binNames = ({ edges }) =>
  edges.slice(0, -1).map((edge, i) => (edges[i + 1] - edge === 1 ? String(edge) : `${edge}–${edges[i + 1] - 1}`));
