// The update ratio of all weights and of each tensor.
import { axis } from "../layout.js";
import { say } from "../words.js";
import { curvesOf, trainingFigure } from "./during_training.js";

/** @import { Snapshots } from "../document.js" */

/** @param {Snapshots} looks */
export function updatesFigure(looks) {
  const words = { key: "updates", title: say("updates_figure"), text: say("updates_text") };
  const all = { title: say("all_weights"), values: looks.update };
  const curves = [all, ...curvesOf(looks, ["update"], (series) => series.name)];
  return trainingFigure(words, looks, curves, axis("log₁₀ ‖Δw‖ / ‖w‖"));
}
