// Gradient maps of the summed loss: training steps on one axis, steps back from the end of the window on the other.
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
