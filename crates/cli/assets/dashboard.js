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

// A run's row, which stays the same element for as long as the list has the run: who is about to click, or goes through the list by
// keyboard, finds it in its place. On a narrow screen it is a card, in which each cell says what it is.
function listRow(run, titles, changed) {
  const choose = (event) => {
    if (event.target.checked) board.selected.add(run.name);
    else board.selected.delete(run.name);
    changed();
  };
  const cells = [
    element("input", { type: "checkbox", "aria-label": say("select", run.name), checked: board.selected.has(run.name), onchange: choose }),
    element("a", { href: address([run.name]) }, run.name),
    ...titles.slice(2).map(() => null),
  ];
  return element("tr", { "data-run": run.name }, ...cells.map((cell, at) => element("td", { "data-title": titles[at], class: [4, 5].includes(at) ? "number" : null }, cell)));
}

// What stands in a row behind the run's name.
const listWords = (run) => [
  run.training ? `● ${say("training")}` : say(run.state), run.verdict || say("none"),
  run.steps ? `${number(run.step)} / ${number(run.steps)}` : number(run.step), number(run.loss),
  run.model ?? "", run.data ?? "", when(run.updated),
];

function listPage(into) {
  const { list } = board, place = part(section(into, "runs", say("runs")), "table");
  if (!list.runs.length) {
    place.replaceChildren(element("p", {}, say("waiting", list.directory)));
    return;
  }
  const titles = ["", say("run"), say("state"), say("verdict"), say("steps"), say("last_loss"), say("model"), say("data"), say("updated")];
  if (!place.querySelector("table")) {
    const compare = element("button", { type: "button", id: "compare", onclick: () => { location.hash = address([...board.selected]); } }, say("compare"));
    const head = element("tr", {}, ...titles.map((title) => element(title ? "th" : "td", { scope: title ? "col" : null }, title)));
    place.replaceChildren(element("div", { class: "tools" }, compare),
      element("div", { class: "scroll wide list", tabindex: "0", role: "region", "aria-label": say("runs") }, element("table", {}, element("thead", {}, head), element("tbody"))));
  }
  const changed = () => { place.querySelector("#compare").disabled = board.selected.size < 2; };
  const body = place.querySelector("tbody"), gone = new Map([...body.rows].map((row) => [row.dataset.run, row]));
  list.runs.forEach((run, at) => {
    const row = gone.get(run.name) ?? listRow(run, titles, changed);
    gone.delete(run.name);
    listWords(run).forEach((words, i) => {
      const cell = row.cells[i + 2];
      if (cell.textContent !== words) cell.textContent = words;
    });
    if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] ?? null);
  });
  gone.forEach((row, name) => {
    row.remove();
    board.selected.delete(name);
  });
  changed();
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
