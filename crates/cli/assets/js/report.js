// Entry: the report of a run, or of several.
import { element } from "./dom.js";
import { drawComparison } from "./page/comparison.js";
import { stop } from "./page/gradient.js";
import { drawRun } from "./page/run.js";
import { beginPage, carried, pageTop, skipLink } from "./page/top.js";
import { say } from "./words.js";

/** @import { Run } from "./document.js" */

/** Draws the whole page.
 * @param {Run[]} runs */
function drawReport(runs) {
  stop();
  const one = runs.length === 1 ? runs[0] : null;
  const title = one ? say("report", one.name) : say("comparison", runs.length);
  const about = one ? [say(one.outcome), one.data.description, one.model].filter(Boolean) : runs.map((run) => run.name);
  const main = element("main", { id: "main" });
  document.title = `${title} – Longspan`;
  document.body.replaceChildren(
    skipLink(one ? "#findings" : "#main", say("skip")),
    pageTop(title, about.join(one ? " · " : ", "), () => drawReport(runs)),
    main,
    element("footer", { class: "soft" }, say("made", runs[0]?.version ?? "")),
  );
  if (one) drawRun(one, main);
  else drawComparison(runs, main);
}

beginPage();
drawReport(carried());
