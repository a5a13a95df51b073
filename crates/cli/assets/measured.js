// The figures of what a probe has measured.
"use strict";

// What was measured, or null.
const known = (measured) => (measured && measured.known !== undefined ? measured.known : null);
// How far the gradient reaches, where that was measured.
const reachOf = (run) => known(run.probe?.reach);
const log10 = (list) => list.map((x) => (typeof x === "number" ? x / LN10 : null));

// A vertical line with its name.
function mark(x, name, which, layout) {
  layout.shapes.push({ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: colour(SERIES[which]), width: 1.5, dash: "dash" } });
  layout.annotations.push({ x, yref: "paper", y: 1 - 0.08 * layout.annotations.length, text: `${name} ${number(x)}`, showarrow: false, xanchor: "left", font: { color: colour(SERIES[which]) } });
}

function lagFigure(run) {
  const lag = known(reachOf(run)?.lag);
  if (!lag) return null;
  const { ratio, horizon } = lag.total, x = lag.lags ?? ratio.ln_median.map((_, i) => i);
  const band = (low, high, name, opacity) => [
    { ...line(name, x, log10(high), 0, { line: { width: 0 } }), showlegend: false, hoverinfo: "skip" },
    { ...line(name, x, log10(low), 0, { line: { width: 0 } }), fill: "tonexty", fillcolor: colour("accent") + opacity, hoverinfo: "skip" },
  ];
  const layout = {
    xaxis: { title: { text: say("lag") } }, yaxis: { title: { text: say("log10_G") } }, legend: BELOW, shapes: [], annotations: [],
  };
  layout.shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: Math.log10(horizon.epsilon), y1: Math.log10(horizon.epsilon), line: { color: colour("soft"), dash: "dot", width: 1 } });
  layout.shapes.push({ type: "rect", yref: "paper", y0: 0, y1: 1, x0: horizon.low_steps, x1: horizon.high_steps, fillcolor: colour("accent") + "22", line: { width: 0 } });
  mark(horizon.steps, say("horizon_line"), 0, layout);
  if (run.lags.truncation) mark(run.lags.truncation, say("truncation_line"), 1, layout);
  if (run.lags.used !== null) mark(run.lags.used, say("used_line"), 3, layout);
  if (run.lags.needed) mark(run.lags.needed, say("needed_line"), 2, layout);
  return {
    key: "lag", title: say("lag_figure"), text: say("lag_text", number(lag.sequences), number(horizon.epsilon)),
    traces: [...band(ratio.ln_p05, ratio.ln_p95, say("most"), "22"), ...band(ratio.ln_p25, ratio.ln_p75, say("half"), "44"), line(say("median"), x, log10(ratio.ln_median), 0)],
    layout, table: { head: [say("lag"), say("median"), "5 %", "95 %"], rows: x.map((tau, i) => [tau, log10(ratio.ln_median)[i], log10(ratio.ln_p05)[i], log10(ratio.ln_p95)[i]]) },
  };
}

function pathFigure(run) {
  const lag = known(reachOf(run)?.lag), layers = (lag?.layers ?? []).map(known).filter((layer) => layer && known(layer.keep_path));
  if (!layers.length) return null;
  const layer = layers[layers.length - 1], keep = known(layer.keep_path), rest = known(layer.rest), x = lag.lags ?? keep.ln_median.map((_, i) => i);
  return {
    key: "path", title: say("path_figure"), text: say("path_text"),
    traces: [line(say("keep"), x, log10(keep.ln_median), 0), line(say("rest"), x, log10(rest.ln_median), 1, { line: { dash: "dash" } })],
    layout: { xaxis: { title: { text: say("lag") } }, yaxis: { title: { text: "log10" } } },
    table: { head: [say("lag"), say("keep"), say("rest")], rows: x.map((tau, i) => [tau, log10(keep.ln_median)[i], log10(rest.ln_median)[i]]) },
  };
}

function spectrumFigure(run) {
  const spectrum = known(run.probe?.spectrum);
  if (!spectrum) return null;
  const traces = spectrum.layers.map((layer, which) => ({
    type: "scatter", mode: "markers", name: layerName(layer), x: layer.exponents_nats_per_step.map((_, i) => i + 1), y: layer.exponents_nats_per_step.map(plain),
    error_y: { type: "data", array: layer.standard_errors_nats_per_step.map((e) => e ?? 0), visible: true, thickness: 1 },
    marker: { color: colour(SERIES[which % SERIES.length]), symbol: ["circle", "diamond", "square", "triangle-up"][which % 4], size: 6 },
  }));
  return {
    key: "spectrum", title: say("spectrum_figure"), text: say("spectrum_text"), traces,
    layout: { xaxis: { title: { text: say("index") } }, yaxis: { title: { text: say("exponent") } } },
    table: { head: [say("layer", ""), say("index"), say("exponent"), "±"], rows: spectrum.layers.flatMap((layer) => layer.exponents_nats_per_step.map((x, i) => [layer.layer, i + 1, x, layer.standard_errors_nats_per_step[i]])) },
  };
}

function gatesFigure(run) {
  const all = (reachOf(run)?.gates ?? []).flatMap((layer) => (known(layer.gates) ?? []).map((gate) => ({ name: `${layerName(layer)}: ${gate.gate}`, ...gate })));
  if (!all.length) return null;
  const y = all.map((gate) => gate.name);
  const bar = (name, x, shade) => ({ type: "bar", orientation: "h", name, y, x, marker: { color: shade, line: { color: colour("soft"), width: 1 } } });
  return {
    key: "gates", title: say("gates_figure"), text: say("gates_text"),
    traces: [bar(say("closed"), all.map((g) => g.closed_share), viridis(0.1)), bar(say("between"), all.map((g) => 1 - g.closed_share - g.open_share), viridis(0.55)), bar(say("open"), all.map((g) => g.open_share), viridis(1))],
    layout: { barmode: "stack", xaxis: { title: { text: say("share") }, range: [0, 1] }, yaxis: { automargin: true } },
    table: { head: [say("gates"), say("closed"), say("between"), say("open")], rows: all.map((g) => [g.name, g.closed_share, 1 - g.closed_share - g.open_share, g.open_share]) },
  };
}

function forgettingFigure(run) {
  const layers = (reachOf(run)?.gates ?? []).filter((layer) => known(layer.forgetting));
  if (!layers.length) return null;
  const times = layers.map((layer) => known(layer.forgetting).unit_steps.map(plain).filter((x) => x !== null).sort((a, b) => a - b));
  return {
    key: "forgetting", title: say("forgetting_figure"), text: say("forgetting_text"),
    traces: layers.map((layer, which) => line(layerName(layer), times[which].map((_, i) => i + 1), times[which], which)),
    layout: { xaxis: { title: { text: say("unit_index") } }, yaxis: { title: { text: say("forget_steps") }, type: "log", exponentformat: "power" } },
    table: { head: [say("layer", ""), say("unit_index"), say("forget_steps")], rows: layers.flatMap((layer, l) => times[l].map((t, i) => [layer.layer, i + 1, t])) },
  };
}
