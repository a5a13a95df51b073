// Severity: one shape and one colour for each, on all pages. The shape also says it where colours cannot be told apart.
import { element } from "../dom.js";
import { say } from "../words.js";

/** @typedef {"diverged" | "severe" | "warning" | "note" | "calm"} Severity */

const SHAPES = { diverged: "✖", severe: "▲", warning: "◆", note: "●", calm: "✔" };

/** @param {Severity} severity */
export const badge = (severity) =>
  element(
    "span",
    { class: `badge ${severity}` },
    element("span", { "aria-hidden": true }, SHAPES[severity]),
    ` ${say(severity)}`,
  );
