// A run's page: the verdict first, then the figures, then how to do it again. `show` draws a document anew, at each change.
"use strict";

// What is on the screen: the documents, and which training step the slider shows (null for the last).
const shown = { documents: [], at: null, playing: null, kind: "hidden" };

const plotSettings = { responsive: true, displaylogo: false, displayModeBar: "hover", modeBarButtonsToRemove: ["lasso2d", "select2d", "toImage"] };

// The part of that name inside `into`, made where it is not there yet: a page that is drawn again keeps its places, its scroll
// position and what has been opened.
function part(into, name, kind = "div") {
  return into.querySelector(`:scope > [data-part="${CSS.escape(name)}"]`) ?? into.appendChild(element(kind, { "data-part": name }));
}

// A part with a heading.
function section(into, name, title) {
  const made = part(into, name, "section");
  if (!made.firstChild) made.append(element("h2", { id: name, tabindex: "-1" }, title));
  return made;
}

// A figure with its words, its numbers behind it, and buttons that save it; drawn again where it is there already.
function draw(figure, into) {
  if (!figure) return;
  const box = part(into, figure.key, "figure");
  box.numbers = figure.table;
  if (!box.firstChild) {
    const plot = element("div", { class: `plot${figure.tall ? " tall" : ""}${figure.many ? " many" : ""}`, id: `figure-${figure.key}`, role: "img", "aria-label": `${figure.title}. ${figure.text}` });
    const save = (format) => element("button", { type: "button", onclick: () => Plotly.downloadImage(plot, { format, width: 1200, height: 700, filename: `longspan-${figure.key}` }) }, say(format));
    const details = element("details", {}, element("summary", {}, say("table")));
    // Long tables are made when someone opens them.
    details.addEventListener("toggle", () => {
      details.querySelector(".scroll")?.remove();
      if (details.open) details.append(table(box.numbers));
    });
    box.append(element("figcaption", {}, element("strong", {}, figure.title), element("span", {}, figure.text)), plot, element("div", { class: "figure-tools" }, save("png"), save("svg")), details);
  }
  box.querySelector("figcaption span").textContent = figure.text;
  const first = !box.figure;
  box.figure = figure;
  if (first) near.observe(box);
  if (first || box.near) repaint(box);
  else box.stale = true;
}

// Draws what a figure's box holds by then. What is out of sight is drawn anew when it comes near, or goes to paper: a run that trains
// has its figures drawn every second.
function repaint(box) {
  box.stale = false;
  if (box.queued) return;
  box.queued = true;
  later(() => {
    box.queued = false;
    paintNow(box);
  });
}
function paintNow(box) {
  const plot = box.querySelector(".plot");
  if (plot.isConnected) Plotly.react(plot, box.figure.traces, look(box.figure.layout), plotSettings);
}
const near = new IntersectionObserver((seen) => seen.forEach(({ target, isIntersecting }) => {
  target.near = isIntersecting;
  if (isIntersecting && target.stale) repaint(target);
}), { rootMargin: "400px" });
addEventListener("beforeprint", () => document.querySelectorAll("figure").forEach((box) => {
  if (box.stale) paintNow(box);
}));

// What is drawn waits for the chart library, which is read behind the words; then one figure after another is drawn, so that a page
// answers in between.
const waiting = [];
function later(work) {
  if (!waiting.length && window.Plotly) setTimeout(drawNext);
  waiting.push(work);
}
function drawNext() {
  waiting.shift()?.();
  if (waiting.length) setTimeout(drawNext);
}

function table({ head, rows }) {
  const cell = (name, x) => element(name, { class: typeof x === "number" ? "number" : null, scope: name === "th" ? "col" : null }, number(x));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("table") },
    element("table", {}, element("thead", {}, element("tr", {}, ...head.map((x) => cell("th", x)))), element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((x) => cell("td", x)))))));
}

// A share that is right, in words.
const right = (share) => (typeof share === "number" ? say("right", number(100 * share)) : null);

const percent = (share) => (typeof share === "number" ? `${number(100 * share)} %` : null);

const tile = (name, value, more) => element("li", {}, element("span", { class: "name" }, name), element("span", { class: "value" }, value), more ? element("span", { class: "more" }, more) : null);

function tiles(run) {
  const { summary: s } = run, lag = known(reachOf(run)?.lag), decay = known(lag?.total.decay), spectrum = known(run.probe?.spectrum);
  const unit = run.data.unit;
  const list = [
    tile(say("steps"), number(s.step), s.steps === null ? null : say("of", number(s.steps))),
    tile(say("last_loss"), number(s.train_loss), unit),
    s.best_loss !== null ? tile(say("best_loss"), number(s.best_loss), right(s.valid_accuracy) ?? unit) : null,
    s.test_loss !== null ? tile(say("test_loss"), number(s.test_loss), right(s.test_accuracy) ?? unit) : null,
    tile(say("clip_rate"), `${number(100 * run.clip.rate)} %`, say("clip_rule", run.clip.rule)),
    lag ? tile(say("horizon"), lag.total.horizon.at_least ? say("at_least", number(lag.total.horizon.steps)) : number(lag.total.horizon.steps), say("horizon_more", number(lag.total.horizon.low_steps), number(lag.total.horizon.high_steps))) : null,
    decay ? tile(say("decay"), `× ${number(decay.factor_per_step)}`, say("decay_more")) : null,
    spectrum ? tile(say("lambda"), number(spectrum.exponents_nats_per_step[0]), say("lambda_more")) : null,
    tile(say("parameters"), number(run.parameters), run.model),
  ];
  return element("ul", { class: "tiles" }, ...list);
}

// What was found, in the language of the page.
const verdictOf = (run) => (language === "zh" && run.verdict_zh) || run.verdict;

function finding(f) {
  return element("article", { class: `finding ${f.severity}` },
    element("div", { class: "severity" }, `${say(f.severity)} · ${f.code}`),
    element("h3", {}, f.title), element("p", {}, f.sentence),
    ...f.remedies.map((remedy) => element("p", {}, `${say("try")}${say("colon")}`, remedy.flags ? element("code", {}, remedy.flags) : "", remedy.flags ? ` – ${remedy.why}` : remedy.why)),
    element("details", {}, element("summary", {}, say("why")),
      table({ head: [say("why"), say("value"), say("threshold"), say("source")], rows: f.evidence.map((e) => [e.name, e.value, e.threshold, e.source]) }),
      element("p", { class: "soft" }, `${say("confidence")}${say("colon")}${say(f.confidence.level)} – ${f.confidence.because}`),
      f.false_alarm ? element("p", { class: "soft" }, `${say("false_alarm")}${language === "zh" ? "：" : " "}${f.false_alarm}`) : null));
}

function findings(run, into) {
  const box = section(into, "findings", say("findings")), list = part(box, "list");
  // Only what has changed is drawn again: who reads the numbers of a finding keeps them open.
  const state = JSON.stringify([run.problems, run.verdict, language]);
  if (list.dataset.state === state) return;
  list.dataset.state = state;
  const damaged = run.problems.length ? [element("article", { class: "finding warning damaged" }, element("h3", {}, say("damaged")), ...run.problems.map((problem) => element("p", {}, problem)))] : [];
  const { findings: found, unjudged } = verdictOf(run);
  const calm = found.length ? [] : [element("article", { class: "finding calm" }, element("p", {}, say("no_findings")))];
  const rest = unjudged.length ? [element("details", {}, element("summary", {}, say("unjudged")), ...unjudged.map((u) => element("p", {}, `${u.code}: `, element("code", {}, u.command))))] : [];
  list.replaceChildren(...damaged, ...found.map(finding), ...calm, ...rest);
}

// The training step that is shown, as an index.
const shownAt = (run) => Math.min(shown.at ?? Infinity, run.flow.steps.length - 1);

// Norms through time that were recorded of a run, and the one that is shown.
const quantities = (run) => ["hidden", "cell", "gamma"].filter((kind) => run.flow.layers.some((layer) => layer[kind]));
const quantity = (run) => (quantities(run).includes(shown.kind) ? shown.kind : "hidden");

// The choice among them, where there is one.
function chooseQuantity(run, into) {
  const box = part(into, "quantity"), kinds = quantities(run);
  box.run = run;
  if (kinds.length < 2 || box.dataset.kinds === String(kinds)) return;
  box.dataset.kinds = String(kinds);
  const choice = element("select", { id: "quantity", onchange: (event) => {
    shown.kind = event.target.value;
    const { run } = box;
    run.flow.layers.forEach((layer) => {
      const figure = spectrogramFigure(run, layer, quantity(run));
      if (figure) draw(figure, into);
    });
    draw(profileFigure(run, shownAt(run), quantity(run)), into);
  } }, ...kinds.map((kind) => element("option", { value: kind, selected: kind === quantity(run) }, say(kind))));
  box.replaceChildren(element("label", { for: "quantity", class: "soft" }, `${say("quantity")} `), choice);
}

// The slider, and what follows it.
function replay(run, into) {
  const box = part(into, "replay", "figure");
  box.run = run;
  const follow = () => {
    const { run } = box, at = shownAt(run), slider = box.querySelector("input");
    slider.max = run.flow.steps.length - 1;
    slider.value = at;
    slider.setAttribute("aria-valuetext", number(run.flow.steps[at]));
    box.querySelector("output").textContent = number(run.flow.steps[at]);
    part(box, "strip").replaceChildren(strip(run, at));
    draw(profileFigure(run, at, quantity(run)), into);
  };
  if (!box.firstChild) {
    const move = (to) => {
      shown.at = to;
      follow();
    };
    const slider = element("input", { type: "range", min: 0, "aria-label": say("replay"), id: "replay", oninput: () => move(Number(slider.value) === Number(slider.max) ? null : Number(slider.value)) });
    const play = element("button", { type: "button", "aria-pressed": false, onclick: () => {
      clearInterval(shown.playing);
      shown.playing = shown.playing ? null : setInterval(() => move(shownAt(box.run) >= box.run.flow.steps.length - 1 ? 0 : shownAt(box.run) + 1), 120);
      play.textContent = say(shown.playing ? "pause" : "play");
      play.setAttribute("aria-pressed", Boolean(shown.playing));
    } }, say("play"));
    box.append(element("figcaption", {}, element("strong", {}, say("strip_figure")), element("span", {}, say("strip_text", number(run.flow.edges[run.flow.edges.length - 1])))));
    const place = part(box, "strip");
    place.className = "wide";
    for (const [key, value] of Object.entries({ tabindex: "0", role: "region", "aria-label": say("strip_figure") })) place.setAttribute(key, value);
    box.append(element("div", { class: "figure-tools" }, play, element("label", { for: "replay", class: "soft" }, say("replay")), slider, element("output", { class: "number", for: "replay" })));
  }
  follow();
}

function faultCard(run, into) {
  const { fault } = run;
  if (!fault) return;
  const told = run.fault_told[language];
  const box = section(into, "fault", say("fault"));
  const place = [fault.phase, fault.layer === null ? null : layerName({ layer: fault.layer }), fault.t === null ? null : `t = ${fault.t}`, fault.tensor, fault.row === null ? null : `row ${fault.row}`, fault.unit === null ? null : `unit ${fault.unit}`];
  part(box, "card").replaceChildren(element("article", { class: "finding severe" },
    element("h3", {}, say("fault_text", number(fault.step), fault.value, fault.tensor)),
    element("p", {}, told.place), element("p", {}, `${say("fault_reason")}${say("colon")}${told.reason}`),
    table({ head: [say("setting"), say("value")], rows: [[say("fault_place"), place.filter((part) => part !== null).join(" · ")], [say("fault_value"), String(fault.value)], [say("fault_cause"), fault.cause]] }),
    element("p", {}, `${say("fault_again")} `, element("code", {}, `longspan replay ${run.path} --fault`))));
  draw(beforeFigure(run), box);
}

function settings(run, into) {
  const box = section(into, "settings", say("settings"));
  if (box.childElementCount > 1) return;
  box.append(element("h3", {}, say("reproduce")), element("pre", { tabindex: "0" }, run.command),
    element("details", {}, element("summary", {}, say("setting")), element("p", { class: "soft" }, say("given")),
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("settings") }, element("table", {}, element("tbody", {}, ...run.settings.map((s) => element("tr", { class: s.given ? "changed" : null }, element("td", {}, s.key), element("td", {}, s.value))))))));
}

// One run; the same again where it is there already.
function page(run, into) {
  part(into, "tiles").replaceChildren(tiles(run));
  findings(run, into);
  part(into, "fault-place");
  faultCard(run, part(into, "fault-place"));
  const quality = section(into, "quality", say("quality"));
  draw(lossFigure(run), quality);
  draw(normFigure(run), quality);
  const flow = part(into, "flow-place");
  if (run.flow) {
    const box = section(flow, "flow", say("flow"));
    chooseQuantity(run, box);
    replay(run, box);
    run.flow.layers.forEach((layer) => draw(spectrogramFigure(run, layer, quantity(run)), box));
  }
  const course = part(into, "course-place");
  const looked = run.looks ? [openness(run), saturation(run), tensorShares(run), updates(run)].filter(Boolean) : [];
  if (looked.length) {
    const box = section(course, "course", say("training_course"));
    looked.forEach((figure) => draw(figure, box));
  }
  const reach = section(into, "reach", say("reach"));
  const measured = [lagFigure(run), pathFigure(run), spectrumFigure(run), gatesFigure(run), forgettingFigure(run)].filter(Boolean);
  part(reach, "none").replaceChildren(...(measured.length ? [] : [element("p", {}, say("not_measured"), " ", element("code", {}, `longspan probe ${run.path}`))]));
  measured.forEach((figure) => draw(figure, reach));
  settings(run, into);
}

// Several runs side by side.
function comparison(runs, into) {
  const rows = runs.map((run) => {
    const lag = known(reachOf(run)?.lag), spectrum = known(run.probe?.spectrum);
    return [run.name, say(run.state), run.summary.best_loss ?? run.summary.train_loss, percent(run.summary.test_accuracy ?? run.summary.valid_accuracy), lag?.total.horizon.steps, known(lag?.total.decay)?.factor_per_step, spectrum?.exponents_nats_per_step[0], run.parameters, run.summary.seconds, verdictName(run)];
  });
  const box = section(into, "runs", say("runs"));
  part(box, "table").replaceChildren(table({ head: [say("run"), say("state"), say("best_loss"), say("accuracy"), say("horizon"), say("decay"), "λ₁", say("parameters"), say("seconds_taken"), say("verdict")], rows }));
  const overlay = (key, title, y, of) => draw({
    key, title, text: say(`${key}_text`), traces: runs.map((run, which) => line(run.name, ...of(run), which, { trace: of(run)[0].length < 3 ? { mode: "markers" } : {}, line: { dash: ["solid", "dash", "dot", "dashdot"][Math.floor(which / SERIES.length) % 4] } })),
    layout: { xaxis: { title: { text: key === "compare-lag" ? say("lag") : say("step") } }, yaxis: { title: { text: y }, ...(key === "compare-loss" ? lossAxis(runs.flatMap((run) => of(run)[1])) : {}) } },
    table: { head: [say("run"), "x", "y"], rows: runs.flatMap((run) => of(run)[0].map((x, i) => [run.name, x, of(run)[1][i]])) },
  }, box);
  overlay("compare-loss", say("loss_figure"), say("loss", runs[0].data.unit), (run) => (run.valid.step.length ? [run.valid.step, run.valid.loss] : [run.curve.step, run.curve.loss]));
  overlay("compare-norm", say("norm_figure"), say("norm"), (run) => [run.curve.step, run.curve.norm]);
  if (runs.some((run) => known(reachOf(run)?.lag))) {
    overlay("compare-lag", say("lag_figure"), say("log10_G"), (run) => {
      const lag = known(reachOf(run)?.lag);
      return lag ? [lag.lags ?? lag.total.ratio.ln_median.map((_, i) => i), log10(lag.total.ratio.ln_median)] : [[], []];
    });
  }
}

const verdictName = (run) => run.verdict.findings.filter((f) => f.severity !== "note").map((f) => f.code).join(", ") || say("quiet");

// The head of a page, with the switches of language and theme; `again` draws the page anew.
function head(title, more, again) {
  const theme = element("button", { type: "button", id: "theme", "aria-pressed": document.documentElement.dataset.theme === "dark", onclick: () => {
    document.documentElement.dataset.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    again();
  } }, say("theme"));
  const choice = element("select", { "aria-label": say("language"), id: "language", onchange: (event) => {
    language = event.target.value;
    document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
    again();
  } }, ...[["en", "English"], ["zh", "简体中文"]].map(([value, name]) => element("option", { value, lang: value, selected: value === language }, name)));
  return element("header", { class: "top" }, element("div", {}, element("h1", {}, title), element("p", { class: "soft" }, more)), element("div", { class: "tools" }, choice, theme));
}

// Several runs side by side, then what was found of each.
function comparisonPage(runs, into) {
  comparison(runs, into);
  runs.forEach((run) => {
    const box = section(into, `run-${run.path}`, run.name);
    part(box, "tiles").replaceChildren(tiles(run));
    part(box, "findings").replaceChildren(...verdictOf(run).findings.map(finding));
  });
}

// Begins with the documents of a report.
function showReport(documents) {
  shown.documents = documents;
  show();
}

// Draws them from nothing.
function show() {
  clearInterval(shown.playing);
  shown.playing = null;
  const runs = shown.documents, main = element("main", { id: "main" }), one = runs.length === 1 ? runs[0] : null;
  const title = one ? say("report", one.name) : say("comparison", runs.length);
  document.title = `${title} – Longspan`;
  const more = one ? `${say(one.state)} · ${one.data.description} · ${one.model}` : runs.map((run) => run.name).join(", ");
  document.body.replaceChildren(element("a", { class: "skip", href: "#findings" }, say("skip")), head(title, more, show), main, element("footer", { class: "soft" }, say("made", runs[0]?.version ?? "")));
  if (one) page(one, main);
  else comparisonPage(runs, main);
}

// The theme that the system has, unless one was chosen.
function begin(lang) {
  language = TEXTS[lang] ? lang : "en";
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}
