// The gradient along the window at one training step.
import { finite, number } from "../format.js";
import { axis, line } from "../layout.js";
import { layerName } from "../measured.js";
import { say } from "../words.js";
import { binMiddles, binNames, LOG10 } from "./bins.js";

/** @import { Figure } from "../chart.js" */
/** @import { Flow, NormKind, Picture } from "../document.js" */

/** @param {Flow} flow @param {number} at @param {NormKind} kind @returns {Figure} */
export function gradientProfile(flow, at, kind) {
  const layers = flow.layers.filter((layer) => layer[kind]);
  const profiles = layers.map((layer) => /** @type {Picture} */ (layer[kind])[at]);
  const names = layers.map(layerName);
  const step = {
    text: say("at_step", number(flow.steps[at])),
    xref: "paper",
    yref: "paper",
    x: 1,
    y: 1,
    xanchor: "right",
    yanchor: "top",
    showarrow: false,
  };
  return {
    key: "profile",
    title: say("profile_figure"),
    text: say("profile_text", say(kind)),
    traces: profiles.map((profile, which) => line(names[which], binMiddles(flow), profile.map(finite), which)),
    layout: {
      xaxis: axis(say("steps_back"), { autorange: "reversed" }),
      yaxis: axis(say(LOG10[kind])),
      annotations: [step],
    },
    table: {
      head: [say("steps_back"), ...names],
      rows: binNames(flow).map((bin, b) => [bin, ...profiles.map((profile) => profile[b])]),
    },
  };
}
