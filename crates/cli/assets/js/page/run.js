// The page of one run: findings first, then the figures, then the command that reproduces it.
import { draw } from "../chart.js";
import { element, part, section } from "../dom.js";
import { forgettingFigure } from "../figures/forgetting.js";
import { gatesFigure } from "../figures/gates.js";
import { lagFigure } from "../figures/lag.js";
import { lossFigure } from "../figures/loss.js";
import { normFigure } from "../figures/norm.js";
import { opennessFigure } from "../figures/openness.js";
import { pathFigure } from "../figures/path.js";
import { saturationFigure } from "../figures/saturation.js";
import { sharesFigure } from "../figures/shares.js";
import { spectrumFigure } from "../figures/spectrum.js";
import { updatesFigure } from "../figures/updates.js";
import { label, say } from "../words.js";
import { drawFault } from "./fault.js";
import { drawFindings } from "./findings.js";
import { drawGradient } from "./gradient.js";
import { drawGroups } from "./groups.js";
import { drawNotices } from "./notices.js";
import { drawRecoveries } from "./recoveries.js";
import { drawSettings } from "./settings.js";
import { tiles } from "./tiles.js";

/** @import { Run } from "../document.js" */

/** Draws a run into `into`, or updates it there.
 * @param {Run} run
 * @param {Element} into */
export function drawRun(run, into) {
  part(into, "tiles").replaceChildren(tiles(run));
  drawFindings(run, into);
  drawFault(run, part(into, "fault-place"));
  drawRecoveries(run, part(into, "recoveries-place"));
  drawNotices(run, part(into, "notices-place"));
  const quality = section(into, "quality", say("loss_and_norm"));
  draw(lossFigure(run), quality);
  draw(normFigure(run), quality);
  drawGroups(run, part(into, "groups-place"));
  drawGradient(run, part(into, "gradient-place"));
  drawTraining(run, part(into, "training-place"));
  drawProbe(run, into);
  drawSettings(run, into);
}

/** @param {Run} run @param {Element} place */
function drawTraining({ looks }, place) {
  if (!looks) return;
  const figures = [opennessFigure, saturationFigure, sharesFigure, updatesFigure].map((figure) => figure(looks));
  if (figures.every((figure) => figure === null)) return;
  const box = section(place, "training", say("during_training"));
  for (const figure of figures) draw(figure, box);
}

/** @param {Run} run @param {Element} into */
function drawProbe(run, into) {
  const box = section(into, "probe", say("probe"));
  const figures = [lagFigure, pathFigure, spectrumFigure, gatesFigure, forgettingFigure].map((figure) => figure(run));
  const command = element("code", {}, run.probe_command);
  const missing = element("p", {}, `${say("not_measured")} ${label("next")}`, command);
  part(box, "none").replaceChildren(...(figures.some((figure) => figure) ? [] : [missing]));
  for (const figure of figures) draw(figure, box);
}
