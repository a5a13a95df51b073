// The Lyapunov spectrum of each layer, with standard errors.
import { seriesColour } from "../colours.js";
import { finite } from "../format.js";
import { axis, SYMBOLS } from "../layout.js";
import { layerName, spectrumOf } from "../measured.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Run, SpectrumLayer } from "../document.js" */

/** @param {SpectrumLayer} layer @param {number} which */
const trace = (layer, which) => ({
  type: "scatter",
  mode: "markers",
  name: layerName(layer),
  x: layer.exponents_nats_per_step.map((_, i) => i + 1),
  y: layer.exponents_nats_per_step.map(finite),
  error_y: {
    type: "data",
    array: layer.standard_errors_nats_per_step.map((error) => error ?? 0),
    visible: true,
    thickness: 1,
  },
  marker: { color: seriesColour(which), symbol: SYMBOLS[which % SYMBOLS.length], size: 6 },
});

/** @param {SpectrumLayer} layer */
const rows = (layer) =>
  layer.exponents_nats_per_step.map((x, i) => [layer.layer, i + 1, x, layer.standard_errors_nats_per_step[i]]);

/** @param {Run} run @returns {Figure | null} */
export function spectrumFigure(run) {
  const spectrum = spectrumOf(run);
  if (!spectrum) return null;
  return {
    key: "spectrum",
    title: say("spectrum_figure"),
    text: say("spectrum_text"),
    traces: spectrum.layers.map(trace),
    layout: { xaxis: axis(say("index")), yaxis: axis(say("nats_per_step")) },
    table: {
      head: [say("layer_column"), say("index"), say("nats_per_step"), "±"],
      rows: spectrum.layers.flatMap(rows),
    },
  };
}
