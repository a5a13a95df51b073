// The loss with and without clipping.
import { colour } from "../colours.js";
import { finite } from "../format.js";
import { axis, line, LOGARITHMIC } from "../layout.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Course, Tour } from "./document.js" */

/** The training steps of a run, from 1.
 * @param {Course} course */
export const stepsOf = (course) => course.losses_nats.map((_, i) => i + 1);

/** A cross at the last training step of a failed run.
 * @param {Course} course */
function cross(course) {
  if (!course.fault) return [];
  const x = course.losses_nats.length;
  const marker = { symbol: "x", size: 12, color: colour("severe") };
  const y = finite(course.losses_nats[x - 1]);
  return [{ type: "scatter", mode: "markers", name: "nan", x: [x], y: [y], marker }];
}

/** @param {Tour} tour @returns {Figure} */
export function courseFigure({ explosion, clipped, options }) {
  const names = [say("no_clipping"), say("clipped_at", options.limit)];
  return {
    key: "course",
    title: say("course_figure"),
    text: say("course_text"),
    traces: [
      { ...line(names[0], stepsOf(explosion), explosion.losses_nats.map(finite), 1), mode: "lines+markers" },
      line(names[1], stepsOf(clipped), clipped.losses_nats.map(finite), 0),
      ...cross(explosion),
      ...cross(clipped),
    ],
    layout: { xaxis: axis(say("step")), yaxis: axis(say("log_loss"), LOGARITHMIC) },
    table: {
      head: [say("step"), ...names],
      rows: stepsOf(clipped).map((step, i) => [step, explosion.losses_nats[i] ?? null, clipped.losses_nats[i]]),
    },
  };
}
