// The list of runs.
import { element, find, part, scrolling, section } from "../dom.js";
import { number } from "../format.js";
import { language, say } from "../words.js";
import { address } from "./server.js";

/** @import { Brief, List } from "./server.js" */

/** Names of the runs that are selected.
 * @type {Set<string>} */
const selected = new Set();

/** @param {number | null} seconds */
function time(seconds) {
  if (!seconds) return say("none");
  return new Date(1000 * seconds).toLocaleString(language() === "zh" ? "zh-CN" : "en");
}

/** The text of each cell after the name of a run.
 * @param {Brief} run */
const cells = (run) => [
  run.training ? `● ${say("training")}` : `${run.outcome === "diverged" ? "✖ " : ""}${say(run.outcome)}`,
  run.verdict || say("none"),
  run.steps ? `${number(run.step)} / ${number(run.steps)}` : number(run.step),
  number(run.loss),
  run.model ?? "",
  run.data ?? "",
  time(run.updated),
];

const titles = () => [
  "",
  say("run"),
  say("outcome"),
  say("findings"),
  say("steps"),
  say("train_loss"),
  say("model"),
  say("data"),
  say("updated"),
];

/** Columns of numbers. */
const NUMBERS = [4, 5];

/** The row of a run. It stays the same element as long as the run exists, so that it does not move under the pointer or
 * lose the focus. On a narrow screen it is a card, in which each cell has a title.
 * @param {Brief} run
 * @param {() => void} changed */
function newRow(run, changed) {
  const box = element("input", {
    "type": "checkbox",
    "aria-label": say("select", run.name),
    "checked": selected.has(run.name),
  });
  box.addEventListener("change", () => {
    if (box.checked) selected.add(run.name);
    else selected.delete(run.name);
    changed();
  });
  const first = [box, element("a", { href: address([run.name]) }, run.name)];
  const cell = (/** @type {string} */ title, /** @type {number} */ at) =>
    element("td", { "data-title": title, "class": NUMBERS.includes(at) ? "number" : null }, first[at]);
  return element("tr", { "data-run": run.name }, ...titles().map(cell));
}

/** Makes the table without rows, and the button for comparing.
 * @param {Element} place */
function drawFrame(place) {
  const onclick = () => {
    location.hash = address(selected);
  };
  const compare = element("button", { type: "button", id: "compare", onclick }, say("compare"));
  const heads = titles().map((title) => element(title ? "th" : "td", { scope: title ? "col" : null }, title));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody"));
  place.replaceChildren(element("div", { class: "tools" }, compare), scrolling(say("runs"), "scroll wide list", table));
}

/** Draws the list into `into`, or updates it there.
 * @param {List} list
 * @param {Element} into */
export function drawList(list, into) {
  const place = part(section(into, "runs", say("runs")), "table");
  if (!list.runs.length) {
    place.replaceChildren(element("p", {}, say("waiting", list.directory)));
    return;
  }
  if (!place.querySelector("table")) drawFrame(place);
  const changed = () => {
    /** @type {HTMLButtonElement} */ (find(place, "#compare")).disabled = selected.size < 2;
  };
  const body = /** @type {HTMLTableSectionElement} */ (find(place, "tbody"));
  const gone = new Map([...body.rows].map((row) => [row.dataset.run, row]));
  list.runs.forEach((run, at) => {
    const row = gone.get(run.name) ?? newRow(run, changed);
    gone.delete(run.name);
    cells(run).forEach((text, i) => {
      const cell = row.cells[i + 2];
      if (cell.textContent !== text) cell.textContent = text;
    });
    if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] ?? null);
  });
  gone.forEach((row, name) => {
    row.remove();
    selected.delete(name ?? "");
  });
  changed();
}
