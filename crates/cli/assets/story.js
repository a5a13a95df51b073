// The page of `longspan demo`: seven acts, each with its words and its figures.
"use strict";

Object.assign(TEXTS.en, {
  story: "Gradients through time, a story in seven acts", story_made: "Everything here was measured in one run: seed {0}, {1} units, {2} training steps each.",
  chain_figure: "One layer, unrolled: “{0}”",
  chain_text: "Each box is the same layer at one word. Its colour, and the number above it, is the gradient of the answer that arrives there, of that at the last word.",
  of_answer: "share of the gradient", word: "word", subject_word: "subject", other_noun: "another noun",
  course_figure: "The loss", course_text: "With clipping and without. A cross is where a step could not be taken.",
  norms_figure: "The length of the gradient", norms_text: "Before clipping and after it: what is longer than the limit comes down to it, what is shorter stays.",
  no_clipping: "no clipping", clipped_at: "clipped at {0}", before_of: "before clipping", after_of: "after clipping", log_loss: "loss in nats", log_norm: "‖g‖",
  strength_figure: "The gradient that arrives at each word", strength_text: "Mean over the first training steps: what each network had to learn from.",
  sentences: "Sentences, and what the networks say at the verb", sentence: "Sentence", probability: "p(was), p(were)",
  gate_figure: "Gates while the sentence is read: {0}", gate_text: "How far each gate is open at each word, the mean of its units, after training. ", gate_i: "i: what is let in. ", gate_f: "f: what is kept. ", gate_o: "o: what is let out. ", gate_z: "z: what is kept. ", gate_r: "r: what of the state the candidate sees. ",
  distraction_figure: "How much another noun moves the answer", distraction_text: "As a share of what the subject does: a network that selects has a short bar.", distraction_axis: "of what the subject does",
  distance_figure: "Right answers by distance", distance_text: "Each point is a network that was trained at this distance. A coin is right about half.",
  distance: "steps between subject and verb", right_share: "right", chance_line: "a coin",
  side: "Side by side", horizon_before: "Horizon before", horizon_after: "after training", factor_before: "Left a step before", factor_after: "after",
  lambda_before: "λ₁ before", lambda_after: "after", ms: "ms a step", again: "The same of your own data", network: "Network", skip_story: "Skip to the story",
});
Object.assign(TEXTS.zh, {
  story: "穿过时间的梯度：七幕故事", story_made: "这里的一切都在一次运行中测得：种子 {0}，{1} 个单元，每个网络训练 {2} 步。",
  chain_figure: "沿时间展开的一层：“{0}”",
  chain_text: "每个方块是同一层在一个词处。颜色和上方的数字是答案的梯度到达那里的部分，与最后一个词处相比。",
  of_answer: "梯度的份额", word: "词", subject_word: "主语", other_noun: "其他名词",
  course_figure: "损失", course_text: "裁剪与不裁剪。叉号处这一步已无法进行。",
  norms_figure: "梯度的长度", norms_text: "裁剪前和裁剪后：超过阈值的被缩短到阈值，不超过的保持原样。",
  no_clipping: "不裁剪", clipped_at: "裁剪阈值 {0}", before_of: "裁剪前", after_of: "裁剪后", log_loss: "损失（nats）", log_norm: "‖g‖",
  strength_figure: "到达每个词的梯度", strength_text: "训练最初若干步的平均：每个网络能从中学习的东西。",
  sentences: "句子，以及网络在动词处的判断", sentence: "句子", probability: "p(was)，p(were)",
  gate_figure: "读句子时的门：{0}", gate_text: "训练后每个门在每个词处的开度，取各单元的平均。", gate_i: "i：放进多少。", gate_f: "f：保留多少。", gate_o: "o：放出多少。", gate_z: "z：保留多少。", gate_r: "r：候选状态看到多少旧状态。",
  distraction_figure: "其他名词对答案的影响", distraction_text: "与主语的影响相比：会选择的网络，条形很短。", distraction_axis: "与主语的影响之比",
  distance_figure: "各距离的正确率", distance_text: "每个点是在这个距离上训练的一个网络。抛硬币是一半。",
  distance: "主语与动词之间的步数", right_share: "正确率", chance_line: "抛硬币",
  side: "并排比较", horizon_before: "视界：训练前", horizon_after: "训练后", factor_before: "每步剩余：训练前", factor_after: "训练后",
  lambda_before: "λ₁：训练前", lambda_after: "训练后", ms: "每步毫秒", again: "换成自己的数据", network: "网络", skip_story: "跳到故事",
});

const DASHES = ["dot", "solid", "dash", "dashdot", "longdash"];

// A network's name with its clipping.
const titled = (network) => (network.clip === "none" ? `${network.name}, ${say("no_clipping")}` : network.name === "rnn" ? `${network.name}, ${say("clipped_at", network.clip.slice(5))}` : network.name);

// The axis of the words of the sentence: each is read once, so that its place is its name.
const wordAxis = (sentence) => ({ title: { text: say("word") }, tickvals: sentence.words.map((_, t) => t), ticktext: sentence.words, tickangle: -50, tickfont: { size: 11 } });

// The unrolled layer as a chain of boxes, the sentence below it.
function chain(story) {
  const { sentence, unrolled } = story, powers = unrolled.reading.log10_strength, step = 56;
  const svg = (name, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const boxes = sentence.words.flatMap((word, t) => {
    const power = plain(powers[t]) ?? -DECADES, x = 8 + t * step, kind = t === 1 ? "subject" : sentence.distractors.includes(t) ? "noun" : "";
    return [
      ...(t ? [svg("path", { d: `M ${x - 3} 47 h ${34 - step + 6} m 5 -4 l -5 4 l 5 4`, stroke: colour("soft"), "stroke-width": 1.5, fill: "none" })] : []),
      svg("rect", { x, y: 30, width: 34, height: 34, rx: 7, fill: viridis(1 + power / 5), stroke: colour(kind === "subject" ? "second" : "soft"), "stroke-width": kind === "subject" ? 3 : 1 }),
      svg("text", { x: x + 17, y: 20, "text-anchor": "middle", class: "soft" }, magnitude(power)),
      svg("text", { x: x + 17, y: 84, "text-anchor": "end", transform: `rotate(-40 ${x + 17} 84)`, "font-weight": kind ? 700 : 400 }, word),
    ];
  });
  const width = sentence.words.length * step + 70;
  boxes.push(svg("text", { x: width - 72, y: 52, "font-weight": 700 }, `→ ${sentence.verb}`));
  const picture = svg("svg", { viewBox: `-34 0 ${width + 34} 150`, class: "strip chain", role: "img", "aria-label": `${say("chain_figure", sentence.text)}. ${say("chain_text")}` }, ...boxes);
  const rows = sentence.words.map((word, t) => [t, word, 10 ** (plain(powers[t]) ?? -Infinity)]);
  return element("figure", { id: "figure-chain" },
    element("figcaption", {}, element("strong", {}, say("chain_figure", sentence.text)), say("chain_text")),
    element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": say("chain_figure", sentence.text) }, picture),
    element("details", {}, element("summary", {}, say("table")), table({ head: ["t", say("word"), say("of_answer")], rows })));
}

// A power of ten as people write it.
function magnitude(log10) {
  const x = 10 ** log10;
  return log10 > -0.005 && log10 < 0.005 ? "1" : log10 > -3 ? String(Number(x.toPrecision(2))) : x.toExponential(0).replace("e-", "e−");
}

function courseFigures(story) {
  const { explosion, clipped, options } = story;
  const steps = (course) => course.losses_nats.map((_, i) => i + 1);
  const cross = (course, values) => (course.fault ? [{ type: "scatter", mode: "markers", name: "nan", x: [course.losses_nats.length], y: [values[values.length - 1]], marker: { symbol: "x", size: 12, color: colour("severe") } }] : []);
  const logs = (list) => list.map((power) => (plain(power) === null ? null : 10 ** power));
  const axis = (text) => ({ title: { text }, type: "log", exponentformat: "power" });
  return [{
    key: "course", title: say("course_figure"), text: say("course_text"),
    traces: [
      { ...line(say("no_clipping"), steps(explosion), explosion.losses_nats.map(plain), 1), mode: "lines+markers" },
      line(say("clipped_at", options.limit), steps(clipped), clipped.losses_nats.map(plain), 0),
      ...cross(explosion, explosion.losses_nats.map(plain)), ...cross(clipped, clipped.losses_nats.map(plain)),
    ],
    layout: { xaxis: { title: { text: say("step") } }, yaxis: axis(say("log_loss")) },
    table: { head: [say("step"), say("no_clipping"), say("clipped_at", options.limit)], rows: steps(clipped).map((step, i) => [step, explosion.losses_nats[i] ?? null, clipped.losses_nats[i]]) },
  }, {
    key: "norms", title: say("norms_figure"), text: say("norms_text"),
    traces: [
      { ...line(`${say("no_clipping")}`, steps(explosion), logs(explosion.log10_norms), 2), mode: "lines+markers" },
      line(say("before_of"), steps(clipped), logs(clipped.log10_norms), 1),
      line(say("after_of"), steps(clipped), logs(clipped.log10_norms_after), 0),
    ],
    layout: { xaxis: { title: { text: say("step") } }, yaxis: axis(say("log_norm")) },
    table: { head: [say("step"), say("before_of"), say("after_of")], rows: steps(clipped).map((step, i) => [step, logs(clipped.log10_norms)[i], logs(clipped.log10_norms_after)[i]]) },
  }];
}

// The gradient that arrived at each word in some of the networks.
function strengthFigure(story, key, which) {
  const { sentence, networks } = story, x = sentence.words.map((_, t) => t), shown = which.map((at) => networks[at]);
  return {
    key: `strength-${key}`, title: say("strength_figure"), text: say("strength_text"),
    traces: which.map((at) => line(titled(networks[at]), x, networks[at].log10_strength.map((power) => (plain(power) === null ? null : 10 ** power)), at, { line: { dash: DASHES[at] }, trace: { hovertemplate: "%{x}: %{y:.2e}" } })),
    layout: { xaxis: wordAxis(sentence), yaxis: { type: "log", exponentformat: "power", title: { text: say("of_answer") } } },
    table: { head: ["t", say("word"), ...shown.map(titled)], rows: x.map((t) => [t, sentence.words[t], ...shown.map((network) => 10 ** (plain(network.log10_strength[t]) ?? -Infinity))]) },
  };
}

// The sentences with what some networks say.
function verbs(story, which) {
  const shown = which.map((at) => story.networks[at]), percent = (p) => `${(100 * p).toFixed(1)} %`;
  const rows = story.examples.map((sentence, i) => [sentence, ...shown.map((network) => network.readings.verbs[i].map(percent).join(", "))]);
  return element("div", {}, element("h3", {}, say("sentences")), table({ head: [say("sentence"), ...shown.map((network) => `${titled(network)}: ${say("probability")}`)], rows }));
}

function gateFigure(story, at) {
  const { sentence } = story, network = story.networks[at], x = sentence.words.map((_, t) => t);
  return {
    key: `gate-${network.name}`, title: say("gate_figure", network.name), text: say("gate_text") + network.reading.gates.map((gate) => say(`gate_${gate.gate}`)).join(""),
    traces: network.reading.gates.map((gate, which) => ({ ...line(gate.gate, x, gate.openness, which, { line: { dash: DASHES[which + 1] } }), mode: "lines+markers" })),
    layout: { xaxis: wordAxis(sentence), yaxis: { range: [0, 1] } },
    table: { head: ["t", say("word"), ...network.reading.gates.map((gate) => gate.gate)], rows: x.map((t) => [t, sentence.words[t], ...network.reading.gates.map((gate) => gate.openness[t])]) },
  };
}

function distractionFigure(story) {
  const rows = story.networks.slice(2).map((network) => [network.name, network.readings.effects.distractor / network.readings.effects.subject]);
  return {
    key: "distraction", title: say("distraction_figure"), text: say("distraction_text"),
    traces: [{ type: "bar", orientation: "h", y: rows.map((row) => row[0]), x: rows.map((row) => row[1]), marker: { color: colour("accent") }, text: rows.map((row) => String(Number(row[1].toPrecision(2)))), textposition: "outside", cliponaxis: false }],
    layout: { showlegend: false, xaxis: { title: { text: say("distraction_axis") }, rangemode: "tozero" }, yaxis: { autorange: "reversed" } },
    table: { head: [say("network"), say("distraction_figure")], rows },
  };
}

function distanceFigure(story) {
  const traces = story.table.map((row, i) => ({ ...line(row.name, row.right.map((p) => p[0]), row.right.map((p) => p[1]), i + 1, { line: { dash: DASHES[i + 1] } }), mode: "lines+markers", marker: { symbol: ["circle", "diamond", "square", "triangle-up"][i], size: 9 } }));
  const ends = story.table[0].right.map((p) => p[0]);
  traces.push(line(say("chance_line"), ends, ends.map(() => 0.5), 2, { line: { color: colour("soft"), dash: "dot", width: 1 } }));
  return {
    key: "distance", title: say("distance_figure"), text: say("distance_text"), traces,
    layout: { xaxis: { title: { text: say("distance") }, type: "log", tickvals: ends, ticktext: ends.map(String) }, yaxis: { title: { text: say("right_share") }, range: [0.4, 1.04], tickformat: ".0%" } },
    table: { head: [say("network"), ...ends.map(String)], rows: story.table.map((row) => [row.name, ...row.right.map((p) => p[1])]) },
  };
}

function sideBySide(story) {
  const horizon = ({ horizon: h }) => (h ? (h.at_least ? `≥ ${h.steps}` : h.steps) : null);
  const rows = story.table.map((row) => [row.name, horizon(row.before), horizon(row.after), row.before.factor_per_step, row.after.factor_per_step, row.before.lambda_nats_per_step, row.after.lambda_nats_per_step, row.step_ms, row.parameters]);
  const head = [say("network"), say("horizon_before"), say("horizon_after"), say("factor_before"), say("factor_after"), say("lambda_before"), say("lambda_after"), say("ms"), say("parameters")];
  return table({ head, rows });
}

// What stands below the words of each act.
const ACTS = [
  (story, box) => box.append(chain(story)),
  (story, box) => draw(courseFigures(story)[0], box),
  (story, box) => draw(courseFigures(story)[1], box),
  (story, box) => { draw(strengthFigure(story, "rnn", [0, 1]), box); box.append(verbs(story, [0, 1])); },
  (story, box) => draw(strengthFigure(story, "residual", [1, 2]), box),
  (story, box) => {
    draw(strengthFigure(story, "all", [1, 2, 3, 4]), box);
    draw(distractionFigure(story), box);
    draw(gateFigure(story, 4), box);
    draw(gateFigure(story, 3), box);
    box.append(verbs(story, [3, 4]));
  },
  (story, box) => { draw(distanceFigure(story), box); box.append(sideBySide(story)); },
];

// Draws the whole story from nothing.
function tell(story) {
  const main = element("main", { id: "main", class: "story" });
  document.title = `${say("story")} – Longspan`;
  const { options } = story, more = say("story_made", options.seed, options.hidden, options.steps);
  document.body.replaceChildren(element("a", { class: "skip", href: "#act-1" }, say("skip_story")), head(say("story"), more, () => tell(story)), main, element("footer", { class: "soft" }, say("made", story.version)));
  story.acts.forEach((act, i) => {
    const box = section(main, `act-${i + 1}`, `${i + 1} · ${act.title[language]}`);
    box.append(element("p", { class: "act" }, act.text[language]));
    ACTS[i](story, box);
  });
  const last = section(main, "again", say("again"));
  last.append(element("pre", { tabindex: "0" }, "longspan train --text FILE\nlongspan probe runs/FILE-lstm-1\nlongspan report runs/FILE-lstm-1"));
}
