// The forgetting time of each unit.
import { finite } from "../format.js";
import { axis, line, LOGARITHMIC } from "../layout.js";
import { known, layerName, reachOf } from "../measured.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { GateLayer, Run } from "../document.js" */

/** The curve of a layer: the forgetting times of its units in ascending order.
 * @param {GateLayer} layer */
function sorted(layer) {
  const forgetting = known(layer.forgetting);
  if (!forgetting) return [];
  const times = forgetting.unit_steps.map(finite).filter((time) => time !== null);
  return [{ layer, times: times.sort((a, b) => a - b) }];
}

/** @param {number[]} list */
const ranks = (list) => list.map((_, i) => i + 1);

/** @param {Run} run @returns {Figure | null} */
export function forgettingFigure(run) {
  const layers = (reachOf(run)?.gates ?? []).flatMap(sorted);
  if (!layers.length) return null;
  return {
    key: "forgetting",
    title: say("forgetting_figure"),
    text: say("forgetting_text"),
    traces: layers.map(({ layer, times }, which) => line(layerName(layer), ranks(times), times, which)),
    layout: { xaxis: axis(say("unit_index")), yaxis: axis(say("forgetting_steps"), LOGARITHMIC) },
    table: {
      head: [say("layer_column"), say("unit_index"), say("forgetting_steps")],
      rows: layers.flatMap(({ layer, times }) => times.map((time, i) => [layer.layer, i + 1, time])),
    },
  };
}
