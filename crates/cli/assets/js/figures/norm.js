// The norm of the gradient before and after clipping.
import { number, percent } from "../format.js";
import { axis, level, line, stepAxis } from "../layout.js";
import { say, sentences } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Run } from "../document.js" */

/** @param {Run} run @returns {Figure} */
export function normFigure(run) {
  const { curve, clip } = run;
  const traces = [line(say(clip.rate > 0 ? "before" : "norm_curve"), curve.step, curve.norm, 1)];
  // Where nothing was clipped, both norms are the same.
  if (clip.rate > 0) traces.push(line(say("after"), curve.step, curve.after, 0));
  // If a point is the mean of several steps, their maximum is a curve of its own.
  if (curve.step.length < run.summary.step) {
    traces.unshift(line(say("largest"), curve.step, curve.norm_high, 1, { line: { width: 1, dash: "dot" } }));
  }
  if (clip.limit && curve.step.length) {
    const name = say("limit", number(clip.limit));
    traces.push(level(name, curve.step, Math.log10(clip.limit), 2, { dash: "dash" }));
  }
  const clipped = clip.rate > 0 ? say("clipped_text", percent(clip.rate) ?? "") : say("nothing_clipped");
  return {
    key: "norm",
    title: say(clip.rate > 0 ? "norm_figure" : "compare_norm_figure"),
    text: clip.limit && clip.rate > 0 ? sentences([say("norm_text"), clipped]) : clipped,
    traces,
    layout: { xaxis: stepAxis(curve.step), yaxis: axis(say("log10_norm")) },
    table: {
      head: [say("step"), say("before"), say("after")],
      rows: curve.step.map((step, i) => [step, curve.norm[i], curve.after[i]]),
    },
  };
}
