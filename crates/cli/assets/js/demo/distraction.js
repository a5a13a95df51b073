// The effect of the other nouns on the answer, relative to that of the subject.
import { colour } from "../colours.js";
import { axis } from "../layout.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Network, Tour } from "./document.js" */

/** @param {Network} network */
function distraction({ readings }) {
  const { distractor, subject } = readings.effects;
  return distractor !== null && subject ? distractor / subject : null;
}

/** A figure of the networks in which gradient arrives at the subject.
 * @param {Tour} tour
 * @returns {Figure} */
export function distractionFigure({ networks }) {
  const shown = networks.slice(2);
  const names = shown.map(({ name }) => name);
  const effects = shown.map(distraction);
  const bars = {
    type: "bar",
    orientation: "h",
    y: names,
    x: effects,
    marker: { color: colour("accent") },
    text: effects.map((effect) => (effect === null ? say("none") : String(Number(effect.toPrecision(2))))),
    textposition: "outside",
    cliponaxis: false,
  };
  return {
    key: "distraction",
    title: say("distraction_figure"),
    text: say("distraction_text"),
    traces: [bars],
    layout: {
      showlegend: false,
      xaxis: axis(say("distraction_axis"), { rangemode: "tozero" }),
      yaxis: { autorange: "reversed" },
    },
    table: { head: [say("network"), say("distraction_axis")], rows: names.map((name, i) => [name, effects[i]]) },
  };
}
