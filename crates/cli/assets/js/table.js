// Tables of numbers.
import { element, scrolling } from "./dom.js";
import { number } from "./format.js";
import { say } from "./words.js";

/** @typedef {{ head: unknown[], rows: unknown[][] }} Table */

/** @param {Table} numbers */
export function table({ head, rows }) {
  /** @param {"th" | "td"} kind @param {unknown} x */
  const cell = (kind, x) => {
    const shape = { class: typeof x === "number" ? "number" : null, scope: kind === "th" ? "col" : null };
    return element(kind, shape, number(x));
  };
  const row = (/** @type {unknown[]} */ cells) => element("tr", {}, ...cells.map((x) => cell("td", x)));
  const top = element("thead", {}, element("tr", {}, ...head.map((x) => cell("th", x))));
  const body = element("tbody", {}, ...rows.map(row));
  return scrolling(say("table"), "scroll", element("table", {}, top, body));
}
