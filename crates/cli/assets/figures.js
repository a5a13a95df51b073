// The figures of a run, from its document. Each is {key, title, text, traces, layout, table}: `draw` shows it with its words, its
// numbers as a table, and buttons that save it. Colours are viridis and three that differ in lightness.
"use strict";

const LN10 = Math.log(10);
const DECADES = 12;

// An element with attributes, and children that are elements or plain text: nothing of a run is ever read as HTML.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.startsWith("aria-")) made.setAttribute(key, value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A colour of the page.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// Four digits, as people write them.
function number(x) {
  if (x === null || x === undefined) return say("none");
  if (typeof x !== "number") return String(x);
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e10) return x.toLocaleString("en");
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? x.toExponential(2) : String(Number(x.toPrecision(4)));
}

// What JSON holds as a string where it is no finite number.
const plain = (x) => (typeof x === "number" ? x : null);

const layerName = (layer) => say(layer.reverse ? "layer_back" : "layer", layer.layer);

const SERIES = ["accent", "second", "third", "fourth"];

// Under the figure there is room for the names of many curves.
const BELOW = { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0, bgcolor: "rgba(0,0,0,0)" };

// Pixels below which names above a figure would stand in it.
const NARROW = 560;

// The look of every figure, in the page's colours.
function look(layout) {
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("soft"), automargin: true };
  const legend = layout.legend ?? (innerWidth < NARROW ? BELOW : { orientation: "h", y: 1.12, x: 0, bgcolor: "rgba(0,0,0,0)" });
  // The width of names below decides how many lines they take, and so how high the axis is: a margin that followed its labels could
  // go back and forth for ever.
  const upright = legend === BELOW ? { ...axis, automargin: false } : axis;
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("ink"), family: "system-ui, Noto Sans, Noto Sans CJK SC, sans-serif", size: 13 },
    margin: { l: legend === BELOW ? 66 : 56, r: 16, t: 12, b: 44 }, hovermode: "closest", showlegend: true,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("soft"), activecolor: colour("accent") },
    ...layout, legend,
    xaxis: { ...axis, ...layout.xaxis }, yaxis: { ...upright, ...layout.yaxis },
  };
}

const line = (name, x, y, which, more = {}) => ({
  type: "scatter", mode: "lines", name, x, y, line: { color: colour(SERIES[which % SERIES.length]), width: 2, ...more.line }, ...more.trace,
});

// The axis of losses, which begins at 0; where some are a thousand times others, one of powers of ten.
function lossAxis(values) {
  const above = values.filter((x) => plain(x) > 0).sort((a, b) => a - b);
  return above[above.length - 1] > 1000 * above[Math.floor(above.length / 2)] ? { type: "log", exponentformat: "power" } : { rangemode: "tozero" };
}

function lossFigure(run) {
  const { curve, valid } = run, c = SERIES;
  const traces = [line(say("train_loss"), curve.step, curve.loss, 0)];
  if (valid.step.length) {
    traces.push({ ...line(say("valid_loss"), valid.step, valid.loss, 1), mode: "lines+markers", marker: { color: colour(c[1]), symbol: "diamond", size: 7 } });
  }
  if (run.data.chance_loss !== null && curve.step.length) {
    const ends = [curve.step[0], curve.step[curve.step.length - 1]];
    traces.push(line(say("chance", number(run.data.chance_loss)), ends, [run.data.chance_loss, run.data.chance_loss], 2, { line: { dash: "dot", width: 1.5 } }));
  }
  return {
    key: "loss", title: say("loss_figure"), text: say("loss_text"), traces,
    layout: { xaxis: { title: { text: say("step") } }, yaxis: { title: { text: say("loss", run.data.unit) }, ...lossAxis(curve.loss) } },
    table: { head: [say("step"), say("train_loss")], rows: curve.step.map((step, i) => [step, curve.loss[i]]) },
  };
}

function normFigure(run) {
  const { curve, clip } = run;
  // Where points are means of several steps the largest of them is a curve of its own.
  const joined = curve.step.length < run.summary.step;
  const traces = [
    ...(joined ? [line(say("largest"), curve.step, curve.norm_high, 1, { line: { width: 1, dash: "dot" } })] : []),
    line(say("before"), curve.step, curve.norm, 1),
    line(say("after"), curve.step, curve.after, 0),
  ];
  if (clip.limit && curve.step.length) {
    const ends = [curve.step[0], curve.step[curve.step.length - 1]];
    traces.push(line(say("limit", number(clip.limit)), ends, ends.map(() => Math.log10(clip.limit)), 2, { line: { dash: "dash", width: 1.5 } }));
  }
  return {
    key: "norm", title: say("norm_figure"), text: say("norm_text", number(100 * clip.rate)), traces,
    layout: { xaxis: { title: { text: say("step") } }, yaxis: { title: { text: say("norm") } } },
    table: { head: [say("step"), say("before"), say("after")], rows: curve.step.map((step, i) => [step, curve.norm[i], curve.after[i]]) },
  };
}

// The middle of each bin of lags, and its bounds in words.
const lagAt = (flow) => flow.edges.slice(0, -1).map((edge, i) => (edge + flow.edges[i + 1] - 1) / 2);
const lagName = (flow, i) => (flow.edges[i + 1] - flow.edges[i] === 1 ? String(flow.edges[i]) : `${flow.edges[i]}–${flow.edges[i + 1] - 1}`);

// The quantity through time that is shown, of a layer that may not have it.
function spectrogramFigure(run, layer, kind = "hidden") {
  if (!layer[kind]) return null;
  const { flow } = run, names = lagAt(flow).map((_, i) => lagName(flow, i));
  const z = names.map((_, i) => layer[kind].map((profile) => plain(profile[i]))), name = say(`log10_${kind}`);
  const top = Math.max(...z.flat().filter((x) => x !== null));
  return {
    key: `spectrogram-${layer.layer}${layer.reverse ? "r" : ""}`, tall: true,
    title: say("spectrogram_figure", layerName(layer)), text: kind === "gamma" ? say("gamma_text") : say("spectrogram_text").replace("∂h", kind === "cell" ? "∂c" : "∂h"),
    traces: [{
      type: "heatmap", x: flow.steps, y: names, z, colorscale: "Viridis", zmin: top - DECADES, zmax: top, hoverongaps: false,
      colorbar: { title: { text: name, side: "right" }, thickness: 12 },
      hovertemplate: `${say("step")} %{x}<br>${say("steps_back")} %{y}<br>${name} %{z:.2f}<extra></extra>`,
    }],
    layout: { showlegend: false, xaxis: { title: { text: say("step") } }, yaxis: { title: { text: say("steps_back") }, type: "category", nticks: 14 } },
    table: {
      head: [say("step"), ...names], rows: flow.steps.map((step, s) => [step, ...layer[kind][s]]),
    },
  };
}

function profileFigure(run, at, kind = "hidden") {
  const { flow } = run, layers = flow.layers.filter((layer) => layer[kind]), x = lagAt(flow), i = Math.min(at, flow.steps.length - 1);
  return {
    key: "profile", title: say("profile_figure"), text: say("profile_text", say(kind)),
    traces: layers.map((layer, which) => line(layerName(layer), x, layer[kind][i].map(plain), which)),
    layout: {
      xaxis: { title: { text: say("steps_back") }, autorange: "reversed" }, yaxis: { title: { text: say(`log10_${kind}`) } },
      annotations: [{ text: say("at_step", number(flow.steps[i])), xref: "paper", yref: "paper", x: 1, y: 1, xanchor: "right", yanchor: "top", showarrow: false }],
    },
    table: { head: [say("steps_back"), ...layers.map(layerName)], rows: x.map((_, b) => [lagName(flow, b), ...layers.map((layer) => layer[kind][i][b])]) },
  };
}

// Viridis at a share between 0 and 1.
const VIRIDIS = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37]];
function viridis(share) {
  const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1), i = Math.min(Math.floor(at), VIRIDIS.length - 2), part = at - i;
  return `rgb(${VIRIDIS[i].map((c, k) => Math.round(c + part * (VIRIDIS[i + 1][k] - c))).join(",")})`;
}

// A power of ten, by its logarithm.
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const tenTo = (log) => (Math.round(log) === 0 ? "1" : `10${[...String(Math.round(log))].map((c) => RAISED[c]).join("")}`);

// The unrolled network: steps from left to right, each coloured by the gradient that arrives at it.
function strip(run, at) {
  const { flow } = run, i = Math.min(at, flow.steps.length - 1), layer = flow.layers[flow.layers.length - 1];
  const profile = layer.hidden[i].map(plain), last = profile[0] ?? 0, steps = flow.edges[flow.edges.length - 1];
  // At most 24 of the steps, spread evenly over the bins.
  const count = Math.min(24, profile.length), shown = Array.from({ length: count }, (_, k) => Math.round((k * (profile.length - 1)) / Math.max(count - 1, 1))).reverse();
  const width = 44, svg = (name, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const parts = shown.flatMap((bin, k) => {
    const left = profile[bin] === null ? -DECADES : profile[bin] - last, x = 20 + k * width;
    const box = svg("rect", { x, y: 26, width: 30, height: 30, rx: 6, fill: viridis(1 + left / DECADES), stroke: colour("soft") });
    box.append(svg("title", {}, `${say("strip_step", steps - flow.edges[bin])}: ${tenTo(left)}`));
    const arrow = k ? [svg("path", { d: `M ${x - 2} 41 h -10`, stroke: colour("soft"), "stroke-width": Math.max(0.5, 5 + left / 2), fill: "none" })] : [];
    const label = k % 4 === 0 || k === count - 1 ? [svg("text", { x: x + 15, y: 76, "text-anchor": "middle" }, String(steps - flow.edges[bin]))] : [];
    const power = k % 4 === 0 || k === count - 1 ? [svg("text", { x: x + 15, y: 18, "text-anchor": "middle", class: "soft" }, tenTo(left))] : [];
    return [box, ...arrow, ...label, ...power];
  });
  return svg("svg", { class: "strip", viewBox: `0 0 ${count * width + 30} 84`, role: "img", "aria-label": say("strip_text", number(steps)) }, ...parts);
}
