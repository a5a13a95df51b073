// Mean openness of each gate during training.
import { axis } from "../layout.js";
import { layerName } from "../measured.js";
import { say } from "../words.js";
import { curvesOf, trainingFigure } from "./during_training.js";

/** @import { Snapshots, Series } from "../document.js" */

/** The name of a series, with its layer.
 * @param {Series} series */
export const inLayer = ({ layer, name }) => (layer === null ? name : `${layerName({ layer })}: ${name}`);

/** @param {Snapshots} looks */
export function opennessFigure(looks) {
  const words = { key: "openness", title: say("openness_figure"), text: say("openness_text") };
  const yaxis = axis(say("mean_openness"), { range: [0, 1] });
  return trainingFigure(words, looks, curvesOf(looks, ["mean"], inLayer), yaxis);
}
