// The share of closed and open gates and of saturated activations during training.
import { axis } from "../layout.js";
import { say } from "../words.js";
import { curvesOf, LEAST_SHARE, trainingFigure } from "./during_training.js";
import { inLayer } from "./openness.js";

/** @import { Snapshots, Series, SeriesKind } from "../document.js" */

/** @type {Extract<SeriesKind, "closed" | "open" | "saturated">[]} */
const KINDS = ["closed", "open", "saturated"];

/** @param {Snapshots} looks */
export function saturationFigure(looks) {
  const words = { key: "saturation", title: say("saturation_figure"), text: say("saturation_text") };
  const name = (/** @type {Series} */ series) => {
    const kind = KINDS.find((kind) => kind === series.kind);
    return kind ? `${inLayer(series)} ${say(kind)}` : inLayer(series);
  };
  const curves = curvesOf(looks, KINDS, name);
  return trainingFigure(words, looks, curves, axis(say("share"), { range: [0, 1] }), LEAST_SHARE);
}
