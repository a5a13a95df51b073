// Gradient maps: training steps on one axis; steps back from one loss, or from the end of the window, on the other.
import { finite } from "../format.js";
import { axis, DECADES } from "../layout.js";
import { layerName } from "../measured.js";
import { say } from "../words.js";
import { binNames, LOG10 } from "./bins.js";

/** @import { Figure } from "../chart.js" */
/** @import { Flow, FlowLayer, NormKind } from "../document.js" */

/** @param {NormKind} kind */
const text = (kind) => (kind === "gamma" ? say("gamma_text") : say("gradient_map_text", DERIVATIVE[kind]));
const DERIVATIVE = { hidden: "∂L/∂hₜ", cell: "∂L/∂cₜ" };

/** How much of the gradient of one loss remains at each lag; null if it was not measured.
 * @param {Flow} flow
 * @returns {Figure | null} */
export function lagMap(flow) {
  if (!flow.lag) return null;
  const { steps, log10 } = flow.lag;
  // Its value belongs to the first lag of a bin.
  const lags = flow.edges.slice(0, -1).map(String);
  const z = lags.map((_, bin) => log10.map((profile) => finite(profile[bin])));
  const largest = z.flat().reduce((/** @type {number} */ most, x) => Math.max(most, Math.abs(x ?? 0)), 1);
  const span = Math.min(largest, DECADES);
  const trace = {
    type: "heatmap",
    x: steps,
    y: lags,
    z,
    colorscale: "RdBu",
    zmin: -span,
    zmax: span,
    hoverongaps: false,
    colorbar: { title: { text: say("log10_G"), side: "right" }, thickness: 12 },
    hovertemplate: `${say("step")} %{x}<br>${say("lag")} %{y}<br>${say("log10_G")} %{z:.2f}<extra></extra>`,
  };
  return {
    key: "lag-map",
    tall: true,
    title: say("lag_map_figure"),
    text: say("lag_map_text"),
    traces: [trace],
    layout: {
      showlegend: false,
      xaxis: axis(say("step")),
      yaxis: axis(say("lag"), { type: "category", nticks: 14 }),
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
