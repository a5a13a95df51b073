// Gradient maps: training steps on one axis; steps back from one loss, or from the end of the window, on the other.
import { AROUND_ONE, colour, seriesColour } from "../colours.js";
import { finite, number } from "../format.js";
import { axis, DECADES, stepAxis } from "../layout.js";
import { lagOf, layerName } from "../measured.js";
import { say } from "../words.js";
import { binNames, LOG10 } from "./bins.js";

/** @import { Figure } from "../chart.js" */
/** @import { Flow, FlowLayer, NormKind, Run } from "../document.js" */
/** @import { Key } from "../words.js" */

/** @param {NormKind} kind */
const text = (kind) => (kind === "gamma" ? say("gamma_text") : say("gradient_map_text", DERIVATIVE[kind]));
const DERIVATIVE = { hidden: "∂L/∂hₜ", cell: "∂L/∂cₜ" };

/** Decades to each side of 1 on the colour scale; beyond them the colour stays. */
const SPAN = 6;
/** Powers of ten that have a contour. */
const CONTOURS = [-1, -2, -4];

/** The place of a lag on the axis of bins; null beyond its end.
 * @param {number[]} edges
 * @param {number} lag */
function placeOf(edges, lag) {
  const bin = edges.findIndex((edge) => edge > lag) - 1;
  if (bin < 0) return null;
  return bin + (lag - edges[bin]) / (edges[bin + 1] - edges[bin]);
}

/** Lines at the lags that matter: horizon, truncation, used and needed.
 * @param {Run} run
 * @param {number[]} edges */
function lagLines(run, edges) {
  const { lags } = run;
  const horizon = lagOf(run)?.total.horizon;
  /** @type {[Key, number | null][]} */
  const lines = [
    ["horizon_line", horizon?.steps ?? null],
    ["truncation_line", lags.truncation],
    ["used_line", lags.used],
    ["needed_line", lags.needed],
  ];
  const known = lines.flatMap(([name, lag], which) => {
    const y = lag === null ? null : placeOf(edges, lag);
    return lag === null || y === null ? [] : [{ name, lag, y, color: seriesColour(which) }];
  });
  const shape = { type: "line", xref: "paper", x0: 0, x1: 1 };
  return {
    shapes: known.map(({ y, color }) => ({ ...shape, y0: y, y1: y, line: { color, width: 1.5, dash: "dash" } })),
    // Labels of neighbouring lines stand at different ends.
    annotations: known.map(({ name, lag, y, color }, which) => ({
      xref: "paper",
      x: which % 2 ? 0 : 1,
      xanchor: which % 2 ? "left" : "right",
      y,
      yanchor: "bottom",
      text: `${say(name)} ${name === "horizon_line" && horizon?.at_least ? "≥\u2009" : ""}${number(lag)}`,
      showarrow: false,
      font: { color },
      bgcolor: `${colour("card")}cc`,
    })),
  };
}

/** How much of the gradient of one loss remains at each lag; null if it was not measured.
 * @param {Run} run
 * @returns {Figure | null} */
export function lagMap(run) {
  const { flow, fault } = run;
  if (!flow?.lag) return null;
  const { steps, log10 } = flow.lag;
  // Its value belongs to the first lag of a bin.
  const lags = flow.edges.slice(0, -1).map(String);
  const z = lags.map((_, bin) => log10.map((profile) => finite(profile[bin])));
  const common = { x: steps, y: lags, z, hoverongaps: false };
  const values = {
    ...common,
    type: "heatmap",
    colorscale: AROUND_ONE,
    zmin: -SPAN,
    zmax: SPAN,
    colorbar: {
      title: { text: say("G_colours"), side: "right" },
      thickness: 12,
      tickvals: [-6, -4, -2, 0, 2, 4, 6],
      ticktext: ["≤\u200910⁻⁶", "10⁻⁴", "10⁻²", "1", "10²", "10⁴", "≥\u200910⁶"],
    },
    hovertemplate: `${say("step")} %{x}<br>${say("lag")} %{y}<br>${say("log10_G")} %{z:.2f}<extra></extra>`,
  };
  // A contour needs two columns and two rows of numbers.
  const contours = steps.length < 2 || lags.length < 2 ? [] : CONTOURS;
  const lines = contours.map((power) => ({
    ...common,
    type: "contour",
    contours: { start: power, end: power, size: 1, coloring: "none" },
    line: { color: "#444", width: 1 },
    showscale: false,
    hoverinfo: "skip",
    connectgaps: false,
  }));
  const { shapes, annotations } = lagLines(run, flow.edges);
  const failed = fault && {
    ...{ x: fault.step, yref: "paper", y: 0.5, text: "✖", showarrow: false, hovertext: say("failed_step") },
    font: { color: colour("severe"), size: 20 },
  };
  return {
    key: "lag-map",
    tall: true,
    title: say("lag_map_figure"),
    text: say("lag_map_text"),
    traces: [values, ...lines],
    layout: {
      showlegend: false,
      xaxis: stepAxis(steps),
      yaxis: axis(say("lag"), { type: "category", nticks: 14 }),
      shapes,
      annotations: failed ? [...annotations, failed] : annotations,
    },
    table: { head: [say("step"), ...lags], rows: steps.map((step, s) => [step, ...log10[s]]) },
  };
}

/** The norms of this kind in a layer; empty if the layer has none.
 * @param {Flow} flow
 * @param {FlowLayer} layer
 * @param {NormKind} kind
 * @returns {Figure | null} */
export function gradientMap(flow, layer, kind) {
  const picture = layer[kind];
  if (!picture) return null;
  const names = binNames(flow);
  const norm = say(LOG10[kind]);
  const z = names.map((_, bin) => picture.map((profile) => finite(profile[bin])));
  const top = z.flat().reduce((/** @type {number} */ top, x) => (x === null ? top : Math.max(top, x)), -Infinity);
  const trace = {
    type: "heatmap",
    x: flow.steps,
    y: names,
    z,
    colorscale: "Viridis",
    zmin: top - DECADES,
    zmax: top,
    hoverongaps: false,
    colorbar: { title: { text: norm, side: "right" }, thickness: 12 },
    hovertemplate: `${say("step")} %{x}<br>${say("steps_back")} %{y}<br>${norm} %{z:.2f}<extra></extra>`,
  };
  return {
    key: `gradient-map-${layer.layer}${layer.reverse ? "r" : ""}`,
    tall: true,
    title: say("gradient_map_figure", layerName(layer)),
    text: text(kind),
    traces: [trace],
    layout: {
      showlegend: false,
      xaxis: axis(say("step")),
      yaxis: axis(say("steps_back"), { type: "category", nticks: 14 }),
    },
    table: { head: [say("step"), ...names], rows: flow.steps.map((step, s) => [step, ...picture[s]]) },
  };
}
