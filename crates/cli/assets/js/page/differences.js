// The settings in which runs differ: the first thing that a comparison has to say.
import { element, part, section } from "../dom.js";
import { table } from "../table.js";
import { say } from "../words.js";

/** @import { Run } from "../document.js" */

/** @param {Run[]} runs @param {Element} into */
export function drawDifferences(runs, into) {
  const values = runs.map((run) => new Map(run.settings.map(({ key, value }) => [key, value])));
  const keys = [...new Set(values.flatMap((own) => [...own.keys()]))];
  const differ = keys.filter((key) => new Set(values.map((own) => own.get(key))).size > 1);
  const rows = differ.map((key) => [key, ...values.map((own) => own.get(key))]);
  const head = [say("setting_column"), ...runs.map((run) => run.name)];
  const shown = rows.length ? table({ head, rows }) : element("p", {}, say("no_differences"));
  part(section(into, "differences", say("differences")), "table").replaceChildren(shown);
}
