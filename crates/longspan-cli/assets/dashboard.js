// The dashboard: all runs, one run as it trains, or several side by side. The place is in the address behind #, so that it can be
// kept and shared; what has changed comes from the server as it happens.
"use strict";

const board = { list: null, selected: new Set(), connected: true, busy: false, again: false };

async function fetched(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

// Which runs the address names: none for the list.
const named = () => new URLSearchParams(location.hash.slice(1)).getAll("run");
const address = (names) => `#${new URLSearchParams(names.map((name) => ["run", name]))}`;

// The chart library, which the list does without: it is loaded when a run is shown, or when the list is there.
let library = null;
function charts() {
  library ??= new Promise((done, fail) => {
    document.head.append(element("script", { src: "assets/plotly.js", onload: done, onerror: () => {
      library = null;
      fail(new Error("assets/plotly.js"));
    } }));
  });
  return library;
}

const when = (seconds) => (seconds ? new Date(1000 * seconds).toLocaleString(language === "zh" ? "zh-CN" : "en") : say("none"));

function listPage(into) {
  const { list } = board, box = section(into, "runs", say("runs"));
  const choose = (name) => (event) => {
    if (event.target.checked) board.selected.add(name);
    else board.selected.delete(name);
    compare.disabled = board.selected.size < 2;
  };
  const compare = element("button", { type: "button", id: "compare", disabled: board.selected.size < 2, onclick: () => {
    location.hash = address([...board.selected]);
  } }, say("compare"));
  const titles = ["", say("run"), say("state"), say("verdict"), say("steps"), say("last_loss"), say("model"), say("data"), say("updated")];
  // On a narrow screen a row is a card, in which each cell says what it is.
  const row = (run) => {
    const made = cells(run);
    [...made.children].forEach((cell, at) => { cell.dataset.title = titles[at]; });
    return made;
  };
  const cells = (run) => element("tr", {},
    element("td", {}, element("input", { type: "checkbox", "aria-label": say("select", run.name), checked: board.selected.has(run.name), onchange: choose(run.name) })),
    element("td", {}, element("a", { href: address([run.name]) }, run.name)),
    element("td", {}, run.training ? `● ${say("training")}` : say(run.state)),
    element("td", {}, run.verdict || say("none")),
    element("td", { class: "number" }, run.steps ? `${number(run.step)} / ${number(run.steps)}` : number(run.step)),
    element("td", { class: "number" }, number(run.loss)),
    element("td", {}, run.model), element("td", {}, run.data), element("td", {}, when(run.updated)));
  const body = list.runs.length
    ? [element("div", { class: "tools" }, compare), element("div", { class: "scroll wide list", tabindex: "0", role: "region", "aria-label": say("runs") }, element("table", {}, element("thead", {}, element("tr", {}, ...titles.map((title) => element(title ? "th" : "td", { scope: title ? "col" : null }, title)))), element("tbody", {}, ...list.runs.map(row))))]
    : [element("p", {}, say("waiting", list.directory))];
  // Who goes through the list by keyboard stays where they are when it is made anew.
  const name = (of) => of?.getAttribute("aria-label") ?? of?.getAttribute("href") ?? of?.id;
  const focus = box.contains(document.activeElement) ? name(document.activeElement) : null;
  part(box, "table").replaceChildren(...body);
  if (focus) [...box.querySelectorAll("input, a, button, [tabindex]")].find((of) => name(of) === focus)?.focus({ preventScroll: true });
}

// Draws what the address names; `fresh` from nothing, else into what is there.
async function render(fresh) {
  if (board.busy) {
    board.again = board.again || (fresh ? "fresh" : "same");
    return;
  }
  board.busy = true;
  try {
    board.list = await fetched("api/runs");
    const names = named().filter((name) => board.list.runs.some((run) => run.name === name));
    shown.documents = await Promise.all(names.map((name) => fetched(`api/run?${new URLSearchParams({ name })}`)));
    if (names.length) await charts();
    board.connected = true;
    paint(fresh);
  } catch (error) {
    board.connected = false;
    paint(fresh);
  }
  board.busy = false;
  const { again } = board;
  board.again = false;
  if (again) await render(again === "fresh");
}

// The findings of a run that trains, as they came and went while the server watched.
function story(told, into) {
  const place = part(section(into, "findings", say("findings")), "story");
  if (!told || told.since === null) {
    place.replaceChildren();
    return;
  }
  const event = (e) => element("li", {}, say(e.gone ? "gone_at" : "found_at", number(e.step), e.code));
  const list = place.querySelector("ol") ?? element("ol", { class: "story-of-findings" });
  const items = [element("li", { class: "soft" }, say("watched_since", number(told.since))), ...told.events.map(event)];
  if (!list.parentNode) place.append(element("h3", {}, say("story_of_findings")), element("div", { role: "log", "aria-label": say("story_of_findings") }, list));
  // Only what is new is added: a reader is told of nothing else.
  if (list.childElementCount > items.length || list.lang !== language) list.replaceChildren();
  list.lang = language;
  list.append(...items.slice(list.childElementCount));
}

function paint(fresh) {
  const runs = shown.documents, one = runs.length === 1 ? runs[0] : null;
  const title = one ? one.name : runs.length ? say("comparison", runs.length) : board.list?.directory ?? "Longspan";
  document.title = `${title} – Longspan`;
  if (fresh || !document.getElementById("main")) {
    clearInterval(shown.playing);
    shown.playing = null;
    document.body.replaceChildren(
      element("a", { class: "skip", href: "#main" }, say("skip")), head(title, "", () => paint(true)),
      element("nav", {}, runs.length ? element("a", { href: "#" }, `← ${say("dashboard")}`) : null),
      element("p", { role: "status", id: "status" }), element("main", { id: "main" }));
  }
  document.getElementById("status").textContent = board.connected ? "" : say("connection");
  const main = document.getElementById("main");
  document.querySelector("header p").textContent = one ? `${say(one.state)} · ${one.data.description ?? ""} · ${one.model}` : "";
  if (!board.list) return;
  if (one) {
    page(one, main);
    story(board.list.runs.find((run) => run.name === one.name)?.story, main);
  }
  else if (runs.length) comparisonPage(runs, main);
  else {
    listPage(main);
    requestIdleCallback(() => charts().catch(() => null), { timeout: 2000 });
  }
}

begin(document.getElementById("dashboard").dataset.lang);
addEventListener("hashchange", () => {
  if (location.hash === "#main" || location.hash === "#findings") return;
  shown.at = null;
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
