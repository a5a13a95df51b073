// Accuracy by the distance between subject and verb.
import { colour } from "../colours.js";
import { axis, level, line, SYMBOLS } from "../layout.js";
import { say } from "../words.js";
import { networkDash } from "./common.js";

/** @import { Figure } from "../chart.js" */
/** @import { Row, Tour } from "./document.js" */

/** @param {Row} row @param {number} i */
function trace({ name, right }, i) {
  const [distances, accuracies] = [right.map(([distance]) => distance), right.map(([, accuracy]) => accuracy)];
  const marker = { symbol: SYMBOLS[i], size: 9 };
  return { ...line(name, distances, accuracies, i + 1, { line: networkDash(i + 1) }), mode: "lines+markers", marker };
}

/** @param {Tour} tour @returns {Figure} */
export function distanceFigure({ table }) {
  const distances = table[0].right.map(([distance]) => distance);
  const ticks = { type: "log", tickvals: distances, ticktext: distances.map(String) };
  const guessing = level(say("guessing"), distances, 0.5, 2, { color: colour("soft"), dash: "dot", width: 1 });
  return {
    key: "distance",
    title: say("distance_figure"),
    text: say("distance_text"),
    traces: [...table.map(trace), guessing],
    layout: {
      xaxis: axis(say("distance"), ticks),
      yaxis: axis(say("accuracy"), { range: [0.4, 1.04], tickformat: ".0%" }),
    },
    table: {
      head: [say("network"), ...distances.map(String)],
      rows: table.map(({ name, right }) => [name, ...right.map(([, accuracy]) => accuracy)]),
    },
  };
}
