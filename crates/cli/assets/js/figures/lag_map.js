// The gradient map: how much of the gradient of one loss is left at each lag, at each training step.
import { colour, DIVERGING, seriesColour } from "../colours.js";
import { finite, magnitude, number, tenTo } from "../format.js";
import { axis, stepAxis } from "../layout.js";
import { lagOf } from "../measured.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Run } from "../document.js" */

/** Decades of the colour scale on each side of 1. All maps have the same, so that they can be compared. */
export const SPAN = 6;

/** Shares at which a contour is drawn, as log10. */
const CONTOURS = [-1, -2, -4];

/** The position of a lag on the axis of bins.
 * @param {number[]} edges
 * @param {number} lag */
function position(edges, lag) {
  const bin = edges.findIndex((edge, i) => i + 1 < edges.length && lag < edges[i + 1] && lag >= edge);
  return bin < 0 ? null : bin + (lag - edges[bin]) / (edges[bin + 1] - edges[bin]);
}

/** Lines at the lags that matter, and the failed step.
 * @param {Run} run */
function lines(run) {
  const { lags, fault, flow } = run;
  const horizon = lagOf(run)?.total.horizon;
  /** @type {[string, number | null | undefined, number][]} */
  const all = [
    [say("horizon_line"), horizon?.steps, 0],
    [say("truncation_line"), lags.truncation, 1],
    [say("needed_line"), lags.needed, 2],
    [say("used_line"), lags.used, 3],
  ];
  const shapes = [];
  const annotations = [];
  for (const [name, lag, which] of all) {
    const y = lag && flow ? position(flow.edges, lag) : null;
    if (y === null) continue;
    const color = seriesColour(which);
    const least = which === 0 && horizon?.at_least ? "≥ " : "";
    const style = { color, width: 2, dash: "dash" };
    shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line: style });
    const label = { xref: "paper", x: 1, xanchor: "right", yanchor: "bottom", showarrow: false };
    const text = `${name} ${least}${number(lag)}`;
    annotations.push({ ...label, y, text, font: { color }, bgcolor: colour("card") });
  }
  if (fault) {
    const color = colour("severe");
    const style = { color, width: 2 };
    shapes.push({ type: "line", yref: "paper", y0: 0, y1: 1, x0: fault.step, x1: fault.step, line: style });
    const mark = { yref: "paper", y: 1, yanchor: "bottom", showarrow: false, font: { color, size: 16 } };
    annotations.push({ ...mark, x: fault.step, text: "✖" });
  }
  return { shapes, annotations };
}

/** The map; null if it was not measured.
 * @param {Run} run
 * @returns {Figure | null} */
export function lagMap(run) {
  const lag = run.flow?.lag;
  if (!run.flow || !lag?.steps.length) return null;
  const { steps, log10 } = lag;
  const { edges } = run.flow;
  // The value of a bin belongs to its first lag.
  const lags = edges.slice(0, -1);
  const y = lags.map((_, bin) => bin);
  const z = lags.map((_, bin) => log10.map((profile) => finite(profile[bin])));
  const share = z.map((row) => row.map((x) => (x === null ? "" : magnitude(x))));
  const every = Math.max(1, Math.ceil(lags.length / 12));
  const ticks = y.filter((bin) => bin % every === 0);
  const decades = [-6, -4, -2, 0, 2, 4, 6];
  const map = {
    type: "heatmap",
    x: steps,
    y,
    z,
    text: share,
    customdata: z.map((row, bin) => row.map(() => lags[bin])),
    colorscale: DIVERGING,
    zmin: -SPAN,
    zmax: SPAN,
    hoverongaps: false,
    colorbar: {
      title: { text: "G(τ)", side: "top" },
      thickness: 12,
      tickvals: decades,
      ticktext: decades.map((d) => (Math.abs(d) < SPAN ? tenTo(d) : `${d < 0 ? "≤" : "≥"} ${tenTo(d)}`)),
    },
    hovertemplate: `${say("step")} %{x} · ${say("lag")} %{customdata} · G(τ) %{text}<extra></extra>`,
  };
  const contour = (/** @type {number} */ at) => ({
    type: "contour",
    x: steps,
    y,
    z,
    autocontour: false,
    contours: { start: at, end: at, size: 1, coloring: "none", showlabels: false },
    line: { color: "#333333", width: at === -2 ? 2 : 1 },
    hoverinfo: "skip",
    showscale: false,
  });
  // Contours need a step before and a step after.
  const contours = steps.length > 2 ? CONTOURS.map(contour) : [];
  return {
    key: "lag-map",
    tall: true,
    title: say("lag_map_figure"),
    text: say("lag_map_text"),
    traces: [map, ...contours],
    layout: {
      showlegend: false,
      xaxis: stepAxis(steps),
      yaxis: axis(say("lag"), { tickvals: ticks, ticktext: ticks.map((bin) => String(lags[bin])) }),
      ...lines(run),
    },
    table: { head: [say("step"), ...lags.map(String)], rows: steps.map((step, s) => [step, ...log10[s]]) },
  };
}
