// A run's page: the verdict first, then the figures, then how to do it again. `show` draws a document anew, at each change.
"use strict";

// What is on the screen: the documents, and which training step the slider shows.
const screen_ = { documents: [], at: null, playing: null };

const plotSettings = { responsive: true, displaylogo: false, displayModeBar: "hover", modeBarButtonsToRemove: ["lasso2d", "select2d", "toImage"] };

// A figure with its words, its numbers behind it, and buttons that save it.
function draw(figure, into) {
  if (!figure) return;
  const plot = element("div", { class: figure.tall ? "plot tall" : "plot", id: `figure-${figure.key}`, role: "img", "aria-label": `${figure.title}. ${figure.text}` });
  const save = (format) => element("button", { type: "button", onclick: () => Plotly.downloadImage(plot, { format, width: 1200, height: 700, filename: `longspan-${figure.key}` }) }, say(format));
  const details = element("details", {}, element("summary", {}, say("table")));
  // Long tables are made when someone opens them.
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(table(figure.table));
  });
  into.append(element("figure", {}, element("figcaption", {}, element("strong", {}, figure.title), figure.text), plot, element("div", { class: "figure-tools" }, save("png"), save("svg")), details));
  Plotly.newPlot(plot, figure.traces, look(figure.layout), plotSettings);
}

function table({ head, rows }) {
  const cell = (name, x) => element(name, { class: typeof x === "number" ? "number" : null, scope: name === "th" ? "col" : null }, number(x));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("table") },
    element("table", {}, element("thead", {}, element("tr", {}, ...head.map((x) => cell("th", x)))), element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((x) => cell("td", x)))))));
}

const tile = (name, value, more) => element("li", {}, element("span", { class: "name" }, name), element("span", { class: "value" }, value), more ? element("span", { class: "more" }, more) : null);

function tiles(run) {
  const { summary: s } = run, lag = known(run.probe?.reach?.lag), decay = known(lag?.total.decay), spectrum = known(run.probe?.spectrum);
  const right = (share) => (typeof share === "number" ? say("right", number(100 * share)) : null);
  const unit = run.data.unit;
  const list = [
    tile(say("steps"), number(s.step), say("of", number(s.steps))),
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

function finding(f) {
  return element("article", { class: `finding ${f.severity}` },
    element("div", { class: "severity" }, `${say(f.severity)} · ${f.code}`),
    element("h3", {}, f.sentence),
    f.prescription ? element("p", {}, `${say("try")}: `, element("code", {}, f.prescription), f.reason ? ` – ${f.reason}` : "") : null,
    element("details", {}, element("summary", {}, say("why")),
      table({ head: ["", say("value"), ""], rows: f.evidence }),
      element("p", { class: "soft" }, `${say("confidence")}: ${f.confidence}`),
      f.false_alarm ? element("p", { class: "soft" }, `${say("false_alarm")}: ${f.false_alarm}`) : null));
}

function findings(run, into) {
  into.append(element("h2", { id: "findings", tabindex: "-1" }, say("findings")));
  if (run.problems.length) {
    into.append(element("article", { class: "finding warning damaged" }, element("h3", {}, say("damaged")), ...run.problems.map((problem) => element("p", {}, problem))));
  }
  const { findings: list, unjudged } = run.verdict;
  list.forEach((f) => into.append(finding(f)));
  if (!list.length) into.append(element("article", { class: "finding calm" }, element("p", {}, say("no_findings"))));
  if (unjudged.length) {
    into.append(element("details", {}, element("summary", {}, say("unjudged")), ...unjudged.map((u) => element("p", {}, `${u.code}: `, element("code", {}, u.command)))));
  }
}

// The slider, and what follows it.
function replay(run, into) {
  const { flow } = run, last = flow.steps.length - 1;
  const at = () => Math.min(screen_.at ?? last, last);
  const picture = element("div", {}, strip(run, at()));
  const output = element("output", { class: "number" }, number(flow.steps[at()]));
  const slider = element("input", { type: "range", min: 0, max: last, value: at(), "aria-label": say("replay"), id: "replay" });
  const follow = () => {
    screen_.at = Number(slider.value);
    output.textContent = number(flow.steps[at()]);
    slider.setAttribute("aria-valuetext", number(flow.steps[at()]));
    picture.replaceChildren(strip(run, at()));
    const figure = profileFigure(run, at());
    Plotly.react("figure-profile", figure.traces, look(figure.layout), plotSettings);
  };
  slider.addEventListener("input", follow);
  const play = element("button", { type: "button", onclick: () => {
    clearInterval(screen_.playing);
    screen_.playing = screen_.playing ? null : setInterval(() => {
      slider.value = at() >= last ? 0 : at() + 1;
      follow();
    }, 120);
    play.textContent = say(screen_.playing ? "pause" : "play");
  } }, say("play"));
  into.append(element("figure", {}, element("figcaption", {}, element("strong", {}, say("strip_figure")), say("strip_text", number(flow.edges[flow.edges.length - 1]))), picture,
    element("div", { class: "figure-tools" }, play, element("label", { for: "replay", class: "soft" }, say("replay")), slider, output)));
  draw(profileFigure(run, at()), into);
}

function faultCard(run, into) {
  const { fault } = run;
  if (!fault) return;
  const place = [fault.phase, fault.layer === null ? null : layerName({ layer: fault.layer }), fault.t === null ? null : `t = ${fault.t}`, fault.tensor, fault.row === null ? null : `row ${fault.row}`, fault.unit === null ? null : `unit ${fault.unit}`];
  into.append(element("h2", {}, say("fault")), element("article", { class: "finding severe" },
    element("h3", {}, say("fault_text", number(fault.step), fault.value, fault.tensor)),
    table({ head: ["", ""], rows: [[say("fault_place"), place.filter((part) => part !== null).join(" · ")], [say("fault_value"), String(fault.value)], [say("fault_cause"), fault.cause]] }),
    element("details", {}, element("summary", {}, say("fault_before")), table({ head: [say("step"), say("train_loss"), say("norm"), say("after")], rows: fault.before.map((s) => [s.step, s.loss, s.log10_global_norm, s.log10_global_norm_after]) }))));
}

function settings(run, into) {
  into.append(element("h2", {}, say("settings")), element("h3", {}, say("reproduce")), element("pre", { tabindex: "0" }, run.command),
    element("details", {}, element("summary", {}, say("setting")), element("p", { class: "soft" }, say("given")),
      element("div", { class: "scroll", tabindex: "0" }, element("table", {}, element("tbody", {}, ...run.settings.map((s) => element("tr", { class: s.given ? "changed" : null }, element("td", {}, s.key), element("td", {}, s.value))))))));
}

// One run.
function page(run, into) {
  into.append(tiles(run));
  findings(run, into);
  faultCard(run, into);
  into.append(element("h2", {}, say("quality")));
  draw(lossFigure(run), into);
  draw(normFigure(run), into);
  if (run.flow) {
    into.append(element("h2", {}, say("flow")));
    replay(run, into);
    run.flow.layers.forEach((layer) => draw(spectrogramFigure(run, layer), into));
  }
  into.append(element("h2", {}, say("reach")));
  const measured = [lagFigure(run), pathFigure(run), spectrumFigure(run), gatesFigure(run), forgettingFigure(run)].filter(Boolean);
  if (!measured.length) into.append(element("p", {}, say("not_measured"), " ", element("code", {}, `longspan probe ${run.path}`)));
  measured.forEach((figure) => draw(figure, into));
  settings(run, into);
}

// Several runs side by side.
function comparison(runs, into) {
  const rows = runs.map((run) => {
    const lag = known(run.probe?.reach?.lag), spectrum = known(run.probe?.spectrum);
    return [run.name, say(run.state), run.summary.best_loss ?? run.summary.train_loss, run.summary.test_accuracy ?? run.summary.valid_accuracy, lag?.total.horizon.steps, known(lag?.total.decay)?.factor_per_step, spectrum?.exponents_nats_per_step[0], run.parameters, run.summary.seconds, verdictName(run)];
  });
  into.append(element("h2", {}, say("runs")), table({ head: [say("run"), say("state"), say("best_loss"), say("accuracy"), say("horizon"), say("decay"), "λ₁", say("parameters"), "s", say("verdict")], rows }));
  const overlay = (key, title, y, of) => draw({
    key, title, text: "", traces: runs.map((run, which) => line(run.name, ...of(run), which, { line: { dash: ["solid", "dash", "dot", "dashdot"][Math.floor(which / SERIES.length) % 4] } })),
    layout: { xaxis: { title: { text: key === "compare-lag" ? say("lag") : say("step") } }, yaxis: { title: { text: y } } },
    table: { head: [say("run"), "x", "y"], rows: runs.flatMap((run) => of(run)[0].map((x, i) => [run.name, x, of(run)[1][i]])) },
  }, into);
  overlay("compare-loss", say("loss_figure"), say("loss", runs[0].data.unit), (run) => (run.valid.step.length ? [run.valid.step, run.valid.loss] : [run.curve.step, run.curve.loss]));
  overlay("compare-norm", say("norm_figure"), say("norm"), (run) => [run.curve.step, run.curve.norm]);
  if (runs.some((run) => known(run.probe?.reach?.lag))) {
    overlay("compare-lag", say("lag_figure"), say("log10_G"), (run) => {
      const lag = known(run.probe?.reach?.lag);
      return lag ? [lag.lags ?? lag.total.ratio.ln_median.map((_, i) => i), log10(lag.total.ratio.ln_median)] : [[], []];
    });
  }
}

const verdictName = (run) => run.verdict.findings.filter((f) => f.severity !== "note").map((f) => f.code).join(", ") || say("quiet");

// The head of a page, with the switches of language and theme; `again` draws the page anew.
function head(title, more, again) {
  const theme = element("button", { type: "button", "aria-pressed": document.documentElement.dataset.theme === "dark", onclick: () => {
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

// Draws the documents of a report.
function show() {
  clearInterval(screen_.playing);
  screen_.playing = null;
  const runs = screen_.documents, main = element("main", { id: "main" }), one = runs.length === 1 ? runs[0] : null;
  const title = one ? say("report", one.name) : say("comparison", runs.length);
  document.title = `${title} – Longspan`;
  const more = one ? `${say(one.state)} · ${one.data.description} · ${one.model}` : runs.map((run) => run.name).join(", ");
  document.body.replaceChildren(element("a", { class: "skip", href: "#findings" }, say("skip")), head(title, more, show), main, element("footer", { class: "soft" }, say("made", runs[0]?.version ?? "")));
  if (one) page(one, main);
  else {
    comparison(runs, main);
    runs.forEach((run) => {
      main.append(element("h2", {}, run.name));
      main.append(tiles(run));
      run.verdict.findings.forEach((f) => main.append(finding(f)));
    });
  }
}

// The theme that the system has, unless one was chosen.
function begin(lang) {
  language = TEXTS[lang] ? lang : "en";
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}
