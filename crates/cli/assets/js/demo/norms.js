// The gradient norm with and without clipping.
import { powers } from "../format.js";
import { axis, line, LOGARITHMIC } from "../layout.js";
import { say } from "../words.js";
import { stepsOf } from "./course.js";

/** @import { Figure } from "../chart.js" */
/** @import { Tour } from "./document.js" */

/** @param {Tour} tour @returns {Figure} */
export function normsFigure({ explosion, clipped }) {
  const steps = stepsOf(clipped);
  const before = powers(clipped.log10_norms);
  const after = powers(clipped.log10_norms_after);
  const free = line(say("no_clipping"), stepsOf(explosion), powers(explosion.log10_norms), 2);
  return {
    key: "norms",
    title: say("norms_figure"),
    text: say("norms_text"),
    traces: [
      { ...free, mode: "lines+markers" },
      line(say("before"), steps, before, 1),
      line(say("after"), steps, after, 0),
    ],
    layout: { xaxis: axis(say("step")), yaxis: axis(say("log_norm"), LOGARITHMIC) },
    table: {
      head: [say("step"), say("before"), say("after")],
      rows: steps.map((step, i) => [step, before[i], after[i]]),
    },
  };
}
