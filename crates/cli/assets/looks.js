// The figures of closer looks over the training: gates, activations, and what each tensor had of the gradient.
"use strict";

// A curve for each series of these kinds; `name` says how one is called.
function course(run, kinds, name) {
  const { looks } = run;
  return looks.series.filter((s) => kinds.includes(s.kind)).map((s) => ({ ...s, title: name(s), step: looks.step }));
}

const LEAST_SHARE = 0.02;

const DASH = ["solid", "dash", "dot", "dashdot"];

// A figure of curves over the training, told apart by colour and then by dashes; null where there is no course. What stays below
// `least` is in the table alone.
function courseFigure(key, curves, axis, more = {}, least = -Infinity) {
  if (!curves.length || curves[0].step.length < 2) return null;
  const drawn = curves.filter((curve) => curve.values.some((x) => x >= least)), many = drawn.length > 4;
  return {
    key, title: say(`${key}_figure`), text: say(`${key}_text`), many,
    traces: drawn.map((curve, which) => line(curve.title, curve.step, curve.values.map(plain), which, { line: { dash: DASH[Math.floor(which / SERIES.length) % DASH.length] } })),
    layout: { xaxis: { title: { text: say("step") } }, yaxis: { title: { text: axis }, ...more }, ...(many ? { legend: BELOW } : {}) },
    table: { head: [say("step"), ...curves.map((curve) => curve.title)], rows: curves[0].step.map((step, i) => [step, ...curves.map((curve) => curve.values[i])]) },
  };
}

const ofLayer = (series) => `${layerName(series)}: ${series.name}`;

// How open each gate is on the average, while it learns.
const openness = (run) => courseFigure("openness", course(run, ["mean"], ofLayer), say("mean_openness"), { range: [0, 1] });

// Gates that are shut or open, and activations at their limits.
const saturation = (run) => courseFigure("saturation", course(run, ["closed", "open", "saturated"], (s) => `${ofLayer(s)} ${say(s.kind === "saturated" ? "saturated" : s.kind)}`), say("share"), { range: [0, 1] }, LEAST_SHARE);

const tensorShares = (run) => courseFigure("shares", course(run, ["share"], (s) => s.name), say("share"), { range: [0, 1] }, LEAST_SHARE);

// Update over weights, of all and of each tensor.
function updates(run) {
  const all = { title: say("all_weights"), step: run.looks.step, values: run.looks.update };
  return courseFigure("updates", [all, ...course(run, ["update"], (s) => s.name)], "log10 ‖Δw‖ / ‖w‖");
}

// What was recorded before a fault: it can be seen coming, or not.
function beforeFigure(run) {
  const before = run.fault?.before ?? [];
  if (before.length < 2) return null;
  const step = before.map((s) => s.step);
  return {
    key: "before-fault", title: say("fault_before"), text: say("fault_before_text"),
    traces: [line(say("train_loss"), step, before.map((s) => plain(s.loss)), 0), { ...line(say("norm"), step, before.map((s) => plain(s.log10_global_norm)), 1, { line: { dash: "dash" } }), yaxis: "y2" }],
    layout: { xaxis: { title: { text: say("step") } }, yaxis: { title: { text: say("loss", run.data.unit) } }, yaxis2: { title: { text: say("norm") }, overlaying: "y", side: "right", automargin: true, showgrid: false, color: colour("second") } },
    table: { head: [say("step"), say("train_loss"), say("norm"), say("after")], rows: before.map((s) => [s.step, s.loss, s.log10_global_norm, s.log10_global_norm_after]) },
  };
}
