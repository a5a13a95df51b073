// The one figure beside the verdict: the one that shows the cause.
import { draw } from "../chart.js";
import { part } from "../dom.js";
import { beforeFaultFigure } from "../figures/before_fault.js";
import { gatesFigure } from "../figures/gates.js";
import { lagMap } from "../figures/gradient_map.js";
import { lagFigure } from "../figures/lag.js";
import { lossFigure } from "../figures/loss.js";
import { normFigure } from "../figures/norm.js";
import { opennessFigure } from "../figures/openness.js";
import { saturationFigure } from "../figures/saturation.js";
import { spectrumFigure } from "../figures/spectrum.js";
import { updatesFigure } from "../figures/updates.js";

/** @import { Figure } from "../chart.js" */
/** @import { Run, Snapshots } from "../document.js" */
/** @typedef {(run: Run) => Figure | null} Maker */

/** @param {(looks: Snapshots) => Figure | null} of @returns {Maker} */
const during =
  (of) =>
  ({ looks }) =>
    looks && of(looks);

/** @type {Maker[]} */
const THROUGH_TIME = [lagMap, lagFigure];

/** The figures that show each finding, the best one first. Other findings need no figure.
 * @type {Record<string, Maker[]>} */
const FIGURES = {
  "vanishing-gradient": THROUGH_TIME,
  "exploding-gradient": THROUGH_TIME,
  "truncation-too-short": THROUGH_TIME,
  "horizon-below-need": THROUGH_TIME,
  "padding-dominated": THROUGH_TIME,
  "chaotic-dynamics": [spectrumFigure, lagMap],
  "sensitivity-explosion": [spectrumFigure, lagMap],
  "clip-always": [normFigure],
  "clip-missing": [normFigure],
  "clip-never": [normFigure],
  "saturated-units": [during(saturationFigure)],
  "dead-units": [during(saturationFigure)],
  "stuck-gates": [during(opennessFigure), gatesFigure],
  "weight-decay-dominates": [during(updatesFigure), lossFigure],
  "overfitting": [lossFigure],
  "underfitting": [lossFigure],
  "no-better-than-baseline": [lossFigure],
  "step-too-large": [lossFigure],
  "step-too-small": [lossFigure],
  "still-improving": [lossFigure],
  "schedule-ended": [lossFigure],
  "distribution-shift": [lossFigure],
};

/** The makers of figures for the first finding. A failed step has its own; a run without findings shows its loss.
 * @param {Run} run */
function makers({ fault, verdict }) {
  if (fault && (fault.before ?? []).length > 1) return [beforeFaultFigure];
  const first = verdict.findings[0];
  return first ? (FIGURES[first.code] ?? []) : [lossFigure];
}

/** Draws the figure and returns its key, so that the page shows it once; null if none says more.
 * @param {Run} run
 * @param {Element} into */
export function drawPicture(run, into) {
  const figure = makers(run).reduce((/** @type {Figure | null} */ found, make) => found ?? make(run), null);
  const box = part(into, "picture");
  for (const old of [...box.children]) {
    if (old instanceof HTMLElement && old.dataset.part !== figure?.key) old.remove();
  }
  draw(figure, box);
  return figure?.key ?? null;
}
