// Curves of gates, activations and tensors during training.
import { finite } from "../format.js";
import { axis, BELOW, dash, line } from "../layout.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Snapshots, Num, Series, SeriesKind } from "../document.js" */

/** @typedef {{ title: string, values: Num[] }} NamedCurve */

/** A curve that never reaches this share is in the table only. */
export const LEAST_SHARE = 0.02;

/** With more curves than this, the legend is below the figure. */
const FEW = 4;

/** The series of these kinds, named by `name`.
 * @param {Snapshots} looks
 * @param {SeriesKind[]} kinds
 * @param {(series: Series) => string} name
 * @returns {NamedCurve[]} */
export const curvesOf = (looks, kinds, name) =>
  looks.series.filter((s) => kinds.includes(s.kind)).map((s) => ({ title: name(s), values: s.values }));

/** A figure with these curves; null if there are no curves or fewer than two steps.
 * @param {Pick<Figure, "key" | "title" | "text">} words
 * @param {Snapshots} looks
 * @param {NamedCurve[]} curves
 * @param {object} yaxis
 * @param {number} least curves that stay below it are not drawn
 * @returns {Figure | null} */
export function trainingFigure(words, looks, curves, yaxis, least = -Infinity) {
  const { step } = looks;
  if (!curves.length || step.length < 2) return null;
  const drawn = curves.filter(({ values }) => values.some((x) => Number(x) >= least));
  const many = drawn.length > FEW;
  const trace = (/** @type {NamedCurve} */ curve, /** @type {number} */ which) =>
    line(curve.title, step, curve.values.map(finite), which, { line: { dash: dash(which) } });
  return {
    ...words,
    many,
    traces: drawn.map(trace),
    layout: { xaxis: axis(say("step")), yaxis, ...(many ? { legend: BELOW } : {}) },
    table: {
      head: [say("step"), ...curves.map((curve) => curve.title)],
      rows: step.map((step, i) => [step, ...curves.map((curve) => curve.values[i])]),
    },
  };
}
