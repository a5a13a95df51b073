// The unrolled layer as a chain of boxes, with the sentence below it.
import { colour, viridis } from "../colours.js";
import { element, scrolling, svg } from "../dom.js";
import { finite, magnitude, powers } from "../format.js";
import { DECADES } from "../layout.js";
import { table } from "../table.js";
import { say } from "../words.js";

/** @import { Tour } from "./document.js" */

const STEP = 56;
/** Decades of the colour scale. */
const SCALE = 5;
/** The index of the subject. */
const SUBJECT = 1;

/** @param {Tour} tour @param {number} t */
function link({ sentence, unrolled }, t) {
  const log = finite(unrolled.reading.log10_strength[t]) ?? -DECADES;
  const x = 8 + t * STEP;
  const subject = t === SUBJECT;
  const noun = subject || sentence.distractors.includes(t);
  const arrow = { "d": `M ${x - 3} 47 h ${40 - STEP} m 5 -4 l -5 4 l 5 4`, "stroke-width": 1.5, "fill": "none" };
  const outline = { "stroke": colour(subject ? "second" : "soft"), "stroke-width": subject ? 3 : 1 };
  const middle = { "x": x + 17, "text-anchor": "middle" };
  const slanted = { "text-anchor": "end", "transform": `rotate(-40 ${x + 17} 84)`, "font-weight": noun ? 700 : 400 };
  return [
    ...(t > 0 ? [svg("path", { ...arrow, stroke: colour("soft") })] : []),
    svg("rect", { x, y: 30, width: 34, height: 34, rx: 7, fill: viridis(1 + log / SCALE), ...outline }),
    svg("text", { ...middle, y: 20, class: "soft" }, magnitude(log)),
    svg("text", { x: x + 17, y: 84, ...slanted }, sentence.words[t]),
  ];
}

/** @param {Tour} tour */
export function chain(tour) {
  const { words, text, verb } = tour.sentence;
  const title = say("chain_figure", text);
  const width = words.length * STEP + 70;
  const box = { viewBox: `-34 0 ${width + 34} 150`, class: "strip chain", role: "img" };
  const picture = svg(
    "svg",
    { ...box, "aria-label": `${title}. ${say("chain_text")}` },
    ...words.flatMap((_, t) => link(tour, t)),
    svg("text", { "x": width - 72, "y": 52, "font-weight": 700 }, `→ ${verb}`),
  );
  const shares = powers(tour.unrolled.reading.log10_strength);
  const numbers = {
    head: ["t", say("word"), say("gradient_share")],
    rows: words.map((word, t) => [t, word, shares[t]]),
  };
  return element(
    "figure",
    { id: "figure-chain" },
    element("figcaption", {}, element("strong", {}, title), say("chain_text")),
    scrolling(title, "wide", picture),
    element("details", {}, element("summary", {}, say("table")), table(numbers)),
  );
}
