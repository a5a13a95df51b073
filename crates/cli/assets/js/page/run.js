// The page of one run: the verdict, the most important numbers, and sections that fold.
import { draw } from "../chart.js";
import { element, fold, part } from "../dom.js";
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
import { drawContents } from "./contents.js";
import { drawFault } from "./fault.js";
import { drawFindings } from "./findings.js";
import { drawGradient } from "./gradient.js";
import { drawGroups } from "./groups.js";
import { drawNotices } from "./notices.js";
import { drawNumbers } from "./numbers.js";
import { drawPicture } from "./picture.js";
import { drawRecoveries } from "./recoveries.js";
import { drawSettings } from "./settings.js";
import { tiles } from "./tiles.js";

/** @import { Figure } from "../chart.js" */
/** @import { Run } from "../document.js" */

/** Draws a run into `into`, or updates it there.
 * @param {Run} run
 * @param {Element} into */
export function drawRun(run, into) {
  const verdict = part(into, "verdict");
  drawFindings(run, verdict);
  const shown = drawPicture(run, verdict);
  part(into, "tiles").replaceChildren(tiles(run));
  const contents = part(into, "contents", "nav");
  drawFault(run, part(into, "fault-place"), shown);
  drawThroughTime(run, into, shown);
  drawLearning(run, into, shown);
  drawNetwork(run, into, shown);
  const data = fold(into, "data", say("data"));
  part(data, "about", "p").textContent = run.data.description;
  drawNotices(run, part(data, "notices-place"));
  drawGroups(run, part(data, "groups-place"));
  const own = fold(into, "run", say("run"));
  drawNumbers(run, own);
  drawRecoveries(run, part(own, "recoveries-place"));
  drawSettings(run, own);
  drawContents(contents, into);
}

/** Draws figures, except the one beside the verdict.
 * @param {(Figure | null)[]} figures
 * @param {Element} box
 * @param {string | null} shown */
function drawAll(figures, box, shown) {
  const place = part(box, "figures");
  for (const figure of figures) {
    if (figure?.key === shown) place.querySelector(`:scope > [data-part="${shown}"]`)?.remove();
    else draw(figure, place);
  }
}

/** @param {Run} run @param {Element} into @param {string | null} shown */
function drawThroughTime(run, into, shown) {
  const box = fold(into, "gradient", say("gradient"));
  drawGradient(run, part(box, "flow"), shown);
  drawAll([lagFigure(run), pathFigure(run)], box, shown);
  const command = element("code", {}, run.probe_command);
  const missing = element("p", {}, `${say("not_measured")} ${label("next")}`, command);
  part(box, "none").replaceChildren(...(run.probe ? [] : [missing]));
}

/** @param {Run} run @param {Element} into @param {string | null} shown */
function drawLearning(run, into, shown) {
  drawAll([lossFigure(run), normFigure(run)], fold(into, "learning", say("learning")), shown);
}

/** @param {Run} run @param {Element} into @param {string | null} shown */
function drawNetwork(run, into, shown) {
  const during = [opennessFigure, saturationFigure, sharesFigure, updatesFigure].map((figure) =>
    run.looks ? figure(run.looks) : null,
  );
  const measured = [spectrumFigure, gatesFigure, forgettingFigure].map((figure) => figure(run));
  const figures = [...during, ...measured];
  if (figures.some((figure) => figure)) drawAll(figures, fold(into, "network", say("network_word")), shown);
}
