// A figure on the page: its text, its chart, its numbers as a table, and buttons that save it.
import { element, find, part } from "./dom.js";
import { themed } from "./layout.js";
import { loadCarried } from "./library.js";
import { table } from "./table.js";
import { say } from "./words.js";

/** @import { Table } from "./table.js" */

/** The content of a figure.
 * @typedef {object} Figure
 * @property {string} key names it on the page and in saved files
 * @property {string} title
 * @property {string} text
 * @property {boolean} [tall]
 * @property {boolean} [many] has many curves, with the legend below it
 * @property {object[]} traces
 * @property {Record<string, any>} layout
 * @property {Table} table */

/** The state of a figure on the page.
 * @typedef {object} Shown
 * @property {Figure} figure
 * @property {boolean} near on the screen or close to it
 * @property {boolean} stale drawn from older numbers
 * @property {boolean} queued waits to be drawn */

/** @type {WeakMap<Element, Shown>} */
const charts = new WeakMap();

const SETTINGS = {
  responsive: true,
  displaylogo: false,
  displayModeBar: "hover",
  modeBarButtonsToRemove: ["lasso2d", "select2d", "toImage"],
};

/** Draws a figure into `into`, or redraws it.
 * @param {Figure | null} figure
 * @param {Element} into */
export function draw(figure, into) {
  if (!figure) return;
  const box = part(into, figure.key, "figure");
  if (!box.firstChild) box.append(...frame(figure, box));
  find(box, "figcaption span").textContent = figure.text;
  find(box, ".plot").setAttribute("aria-label", `${figure.title}. ${figure.text}`);
  const shown = charts.get(box);
  if (!shown) {
    charts.set(box, { figure, near: false, stale: false, queued: false });
    observer.observe(box);
    repaint(box);
    return;
  }
  shown.figure = figure;
  if (shown.near) repaint(box);
  else shown.stale = true;
}

/** @param {Figure} figure @param {Element} box */
function frame({ key, title, text, tall, many }, box) {
  const kind = `plot${tall ? " tall" : ""}${many ? " many" : ""}`;
  const plot = element("div", {
    class: kind,
    id: `figure-${key}`,
    role: "img",
  });
  const save = (/** @type {"png" | "svg"} */ format) => {
    const onclick = () => Plotly.downloadImage(plot, { format, width: 1200, height: 700, filename: `longspan-${key}` });
    return element("button", { type: "button", onclick }, say(format));
  };
  const details = element("details", {}, element("summary", {}, say("table")));
  // A table is made when it is opened, because it may be long.
  details.addEventListener("toggle", () => {
    details.querySelector(".scroll")?.remove();
    const shown = charts.get(box);
    if (details.open && shown) details.append(table(shown.figure.table));
  });
  const caption = element("figcaption", {}, element("strong", {}, title), element("span", {}, text));
  return [caption, plot, element("div", { class: "figure-tools" }, save("png"), save("svg")), details];
}

// The figures of a run in training are redrawn every second. Those that are out of sight are drawn when they come near
// the screen, or are printed.
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const shown = charts.get(target);
      if (!shown) continue;
      shown.near = isIntersecting;
      if (isIntersecting && shown.stale) repaint(target);
    }
  },
  { rootMargin: "400px" },
);
/** Draws all figures now, this many pixels wide; as wide as their places without a width.
 * @param {number} [width] */
export function paintAll(width) {
  for (const box of document.querySelectorAll("figure")) paint(box, width);
}

/** @param {Element} box */
function repaint(box) {
  const shown = charts.get(box);
  if (!shown) return;
  shown.stale = false;
  if (shown.queued) return;
  shown.queued = true;
  later(() => {
    shown.queued = false;
    paint(box);
  });
}

/** @param {Element} box @param {number} [width] */
function paint(box, width) {
  const plot = box.querySelector(".plot");
  const shown = charts.get(box);
  if (!plot?.isConnected || !shown || !window.Plotly) return;
  const layout = { ...themed(shown.figure.layout), ...(width ? { width } : {}) };
  Plotly.react(plot, shown.figure.traces, layout, SETTINGS);
}

// Charts wait until the chart library at the end of the page is loaded. Then they are drawn one after another, so that
// the page stays responsive.
/** @type {(() => void)[]} */
const waiting = [];

/** @param {() => void} work */
function later(work) {
  if (!waiting.length && window.Plotly) setTimeout(drawNext);
  waiting.push(work);
}

function drawNext() {
  waiting.shift()?.();
  if (waiting.length) setTimeout(drawNext);
}

/** Draws the charts that have waited for the chart library. */
export function libraryLoaded() {
  if (window.Plotly) drawNext();
}
addEventListener("DOMContentLoaded", () => loadCarried().then(libraryLoaded));
