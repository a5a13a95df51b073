// Entry: the dashboard. It shows the list of runs, one run, or a comparison. The fragment of the address (after #) says
// which, so that it can be bookmarked and shared. The server sends an event for each change.
import { element, find } from "./dom.js";
import { drawList } from "./dashboard/list.js";
import { fetched, loadCharts, named } from "./dashboard/server.js";
import { drawTimeline } from "./dashboard/timeline.js";
import { drawComparison } from "./page/comparison.js";
import { selectLast, stop } from "./page/gradient.js";
import { drawRun } from "./page/run.js";
import { beginPage, pageTop, skipLink } from "./page/top.js";
import { say } from "./words.js";

/** @import { Run } from "./document.js" */
/** @import { List } from "./dashboard/server.js" */

/** The state of the page.
 * @type {{ list: List | null, runs: Run[], connected: boolean, busy: boolean, again: "fresh" | "same" | null }} */
const board = { list: null, runs: [], connected: true, busy: false, again: null };

/** Fetches and draws what the address names: `fresh` draws a new page, otherwise the page is updated.
 * @param {boolean} fresh */
async function render(fresh) {
  if (board.busy) {
    board.again = fresh || board.again === "fresh" ? "fresh" : "same";
    return;
  }
  board.busy = true;
  try {
    const list = /** @type {List} */ (await fetched("api/runs"));
    const names = named().filter((name) => list.runs.some((run) => run.name === name));
    board.list = list;
    board.runs = await Promise.all(names.map((name) => fetched(`api/run?${new URLSearchParams({ name })}`)));
    if (names.length) await loadCharts();
    board.connected = true;
  } catch {
    board.connected = false;
  }
  try {
    paint(fresh);
  } finally {
    board.busy = false;
  }
  const { again } = board;
  board.again = null;
  if (again) await render(again === "fresh");
}

/** @param {boolean} fresh */
function paint(fresh) {
  const { runs, list } = board;
  const one = runs.length === 1 ? runs[0] : null;
  const several = runs.length ? say("comparison", runs.length) : (list?.directory ?? "Longspan");
  const title = one ? one.name : several;
  document.title = `${title} – Longspan`;
  if (fresh || !document.getElementById("main")) drawFrame(title);
  find(document, "#status").textContent = board.connected ? "" : say("connection");
  const about = one ? [say(one.outcome), one.data.description, one.model].filter(Boolean) : [];
  find(document, "header p").textContent = about.join(" · ");
  if (!list) return;
  const main = find(document, "#main");
  if (one) {
    drawRun(one, main);
    drawTimeline(list.runs.find((run) => run.name === one.name)?.story, main);
  } else if (runs.length) drawComparison(runs, main);
  else {
    drawList(list, main);
    // Loads the chart library early, so that the first run opens without a delay.
    requestIdleCallback(() => loadCharts().catch(() => null), { timeout: 2000 });
  }
}

/** @param {string} title */
function drawFrame(title) {
  stop();
  const back = board.runs.length ? element("a", { href: "#" }, `← ${say("dashboard")}`) : null;
  document.body.replaceChildren(
    skipLink("#main", say("skip")),
    pageTop(title, "", () => paint(true)),
    element("nav", {}, back),
    element("p", { role: "status", id: "status" }),
    element("main", { id: "main" }),
  );
}

beginPage();
addEventListener("hashchange", () => {
  if (location.hash === "#main" || location.hash === "#findings") return;
  selectLast();
  render(true);
});
const changes = new EventSource("api/events");
changes.addEventListener("runs", () => render(false));
changes.addEventListener("open", () => render(false));
changes.addEventListener("error", () => {
  board.connected = false;
  const status = document.getElementById("status");
  if (status) status.textContent = say("connection");
});
render(true);
