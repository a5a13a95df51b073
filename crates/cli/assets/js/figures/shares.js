// The share of each tensor in the squared norm of the gradient.
import { axis } from "../layout.js";
import { say } from "../words.js";
import { curvesOf, LEAST_SHARE, trainingFigure } from "./during_training.js";

/** @import { Snapshots } from "../document.js" */

/** @param {Snapshots} looks */
export function sharesFigure(looks) {
  const words = { key: "shares", title: say("shares_figure"), text: say("shares_text") };
  const curves = curvesOf(looks, ["share"], (series) => series.name);
  return trainingFigure(words, looks, curves, axis(say("share"), { range: [0, 1] }), LEAST_SHARE);
}
