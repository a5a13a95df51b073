// Entry: the page of `longspan demo`, seven parts, each with a text and figures.
import { draw } from "./chart.js";
import { chain } from "./demo/chain.js";
import { courseFigure } from "./demo/course.js";
import { distanceFigure } from "./demo/distance.js";
import { distractionFigure } from "./demo/distraction.js";
import { formulas } from "./demo/formulas.js";
import { gateFigure } from "./demo/gate.js";
import { normsFigure } from "./demo/norms.js";
import { sentenceTable } from "./demo/sentences.js";
import { sideBySide } from "./demo/side_by_side.js";
import { strengthFigure } from "./demo/strength.js";
import { element, section } from "./dom.js";
import { typeset } from "./format.js";
import { beginPage, carried, pageTop, skipLink } from "./page/top.js";
import { language, say } from "./words.js";

/** @import { Tour } from "./demo/document.js" */

/** Indices of the networks. */
const [RNN_FREE, RNN, RESIDUAL, GRU, LSTM] = [0, 1, 2, 3, 4];

const COMMANDS = `longspan train --text FILE
longspan probe runs/FILE-lstm-1
longspan report runs/FILE-lstm-1`;

/** Draws what is below the text of each part.
 * @type {((tour: Tour, box: Element) => void)[]} */
const PARTS = [
  (tour, box) => box.append(chain(tour)),
  (tour, box) => draw(courseFigure(tour), box),
  (tour, box) => draw(normsFigure(tour), box),
  (tour, box) => {
    draw(strengthFigure(tour, "rnn", [RNN_FREE, RNN]), box);
    box.append(sentenceTable(tour, [RNN_FREE, RNN]));
  },
  (tour, box) => draw(strengthFigure(tour, "residual", [RNN, RESIDUAL]), box),
  (tour, box) => {
    draw(strengthFigure(tour, "all", [RNN, RESIDUAL, GRU, LSTM]), box);
    draw(distractionFigure(tour), box);
    draw(gateFigure(tour, LSTM), box);
    draw(gateFigure(tour, GRU), box);
    box.append(sentenceTable(tour, [GRU, LSTM]));
  },
  (tour, box) => {
    draw(distanceFigure(tour), box);
    box.append(sideBySide(tour));
  },
];

/** Draws the whole page.
 * @param {Tour} tour */
function drawTour(tour) {
  const { options, acts, version } = tour;
  const main = element("main", { id: "main", class: "tour" });
  document.title = `${say("tour")} – Longspan`;
  document.body.replaceChildren(
    skipLink("#part-1", say("tour_skip")),
    pageTop(say("tour"), say("tour_made", options.seed, options.hidden, options.steps), () => drawTour(tour)),
    main,
    element("footer", { class: "soft" }, say("made", version)),
  );
  acts.forEach(({ title, text }, i) => {
    const box = section(main, `part-${i + 1}`, `${i + 1} · ${title[language()]}`);
    box.append(element("p", { class: "words" }, typeset(text[language()])), formulas(i, tour));
    PARTS[i](tour, box);
  });
  section(main, "own-data", say("own_data")).append(element("pre", { tabindex: "0" }, COMMANDS));
}

beginPage();
drawTour(carried());
