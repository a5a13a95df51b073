// The lag profile: the share of the gradient of one loss that is left at each lag, with the gradient horizon.
import { colour, seriesColour } from "../colours.js";
import { log10, number } from "../format.js";
import { axis, BELOW, line } from "../layout.js";
import { lagOf } from "../measured.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Lag, Num, Run } from "../document.js" */

/** @typedef {{ shapes: object[], annotations: object[] }} Marks */

/** The lags of a profile.
 * @param {Lag} lag */
export const lagsOf = (lag) => lag.lags ?? lag.total.ratio.ln_median.map((_, i) => i);

/** A vertical line with a label.
 * @param {Marks} marks
 * @param {number} x
 * @param {string} name
 * @param {number} which */
function mark({ shapes, annotations }, x, name, which) {
  const color = seriesColour(which);
  const y = 1 - 0.08 * annotations.length;
  shapes.push({ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color, width: 1.5, dash: "dash" } });
  const text = `${name} ${number(x)}`;
  annotations.push({ x, yref: "paper", y, text, showarrow: false, xanchor: "left", font: { color } });
}

/** Percentiles as a band.
 * @param {number[]} x
 * @param {Num[]} low
 * @param {Num[]} high
 * @param {string} name
 * @param {string} opacity */
const band = (x, low, high, name, opacity) => [
  { ...line(name, x, log10(high), 0, { line: { width: 0 } }), mode: "lines", showlegend: false, hoverinfo: "skip" },
  {
    ...line(name, x, log10(low), 0, { line: { width: 0 } }),
    mode: "lines",
    fill: "tonexty",
    fillcolor: colour("accent") + opacity,
    hoverinfo: "skip",
  },
];

/** @param {Run} run @returns {Figure | null} */
export function lagFigure(run) {
  const lag = lagOf(run);
  if (!lag) return null;
  const { ratio, horizon } = lag.total;
  const x = lagsOf(lag);
  const epsilon = Math.log10(horizon.epsilon);
  const level = { color: colour("soft"), dash: "dot", width: 1 };
  const interval = { fillcolor: `${colour("accent")}22`, line: { width: 0 } };
  /** @type {Marks} */
  const marks = {
    shapes: [
      { type: "line", xref: "paper", x0: 0, x1: 1, y0: epsilon, y1: epsilon, line: level },
      { type: "rect", yref: "paper", y0: 0, y1: 1, x0: horizon.low_steps, x1: horizon.high_steps, ...interval },
    ],
    annotations: [],
  };
  mark(marks, horizon.steps, say("horizon_line"), 0);
  if (run.lags.truncation) mark(marks, run.lags.truncation, say("truncation_line"), 1);
  if (run.lags.used !== null) mark(marks, run.lags.used, say("used_line"), 3);
  if (run.lags.needed) mark(marks, run.lags.needed, say("needed_line"), 2);
  const columns = [ratio.ln_median, ratio.ln_p05, ratio.ln_p95].map(log10);
  return {
    key: "lag",
    title: say("lag_figure"),
    text: say("lag_text", number(lag.sequences), number(horizon.epsilon)),
    traces: [
      ...band(x, ratio.ln_p05, ratio.ln_p95, say("most"), "22"),
      ...band(x, ratio.ln_p25, ratio.ln_p75, say("half"), "44"),
      line(say("median"), x, columns[0], 0),
    ],
    layout: { xaxis: axis(say("lag")), yaxis: axis(say("log10_G")), legend: BELOW, ...marks },
    table: {
      head: [say("lag"), say("median"), "5 %", "95 %"],
      rows: x.map((tau, i) => [tau, ...columns.map((column) => column[i])]),
    },
  };
}
