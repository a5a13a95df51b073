// Parts that figures share: curves, axes, legends.
import { colour, SERIES, seriesColour } from "./colours.js";
import { finite } from "./format.js";
import { say } from "./words.js";

/** @import { Num } from "./document.js" */

/** Decades of a colour scale of gradients. */
export const DECADES = 12;

const LEGEND = { orientation: "h", x: 0, traceorder: "normal", bgcolor: "rgba(0,0,0,0)" };

/** The legend below a figure, for many curves. */
export const BELOW = { ...LEGEND, yref: "container", y: 0, yanchor: "bottom" };

const ABOVE = { ...LEGEND, y: 1.12 };

/** On a narrower page, in pixels, a legend above a figure would cover it. */
const NARROW = 560;

/** The layout of a figure in the colours of the page.
 * @param {Record<string, any>} layout */
export function themed(layout) {
  const axis = {
    gridcolor: colour("line"),
    zerolinecolor: colour("line"),
    linecolor: colour("soft"),
    automargin: true,
  };
  const legend = layout.legend ?? (innerWidth < NARROW ? BELOW : ABOVE);
  // Devices that cannot hover always show the buttons of a chart.
  const top = matchMedia("(hover: none)").matches ? 32 : 12;
  // The margin is fixed if the legend is below: its width decides how many lines it needs, and so how high the axis is.
  // A margin that followed the labels of that axis could alternate forever.
  const upright = legend === BELOW ? { ...axis, automargin: false } : axis;
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("ink"), family: "system-ui, Noto Sans, Noto Sans CJK SC, sans-serif", size: 13 },
    margin: { l: legend === BELOW ? 66 : 56, r: 16, t: top, b: 44 },
    hovermode: "closest",
    showlegend: true,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("soft"), activecolor: colour("accent") },
    ...layout,
    legend,
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...upright, ...layout.yaxis },
  };
}

/** Curves with fewer points show each of them: a short line is easily overlooked. */
const FEW = 20;

/** A curve; `which` chooses its colour.
 * @param {string} name
 * @param {unknown[]} x
 * @param {unknown[]} y
 * @param {number} which
 * @param {{ line?: object, trace?: object }} more
 * @returns {Record<string, unknown>} */
export const line = (name, x, y, which, more = {}) => ({
  type: "scatter",
  mode: x.length < FEW ? "lines+markers" : "lines",
  name,
  x,
  y,
  line: { color: seriesColour(which), width: 2, ...more.line },
  ...more.trace,
});

/** An axis with a title.
 * @param {string} text
 * @param {object} more */
export const axis = (text, more = {}) => ({ title: { text }, ...more });

/** The axis of training steps, with whole numbers.
 * @param {number[]} steps */
export function stepAxis(steps) {
  const span = (steps.at(-1) ?? 0) - (steps[0] ?? 0);
  return axis(say("step"), span <= 10 ? { dtick: 1 } : {});
}

/** An axis of powers of ten. */
export const LOGARITHMIC = { type: "log", exponentformat: "power" };

/** The axis of losses: from 0, or logarithmic if some are a thousand times the median.
 * @param {Num[]} values */
export function lossAxis(values) {
  const above = values
    .map(finite)
    .filter((x) => x !== null && x > 0)
    .sort((a, b) => Number(a) - Number(b));
  const [median, largest] = [Number(above[Math.floor(above.length / 2)]), Number(above[above.length - 1])];
  return largest > 1000 * median ? LOGARITHMIC : { rangemode: "tozero" };
}

const DASHES = ["solid", "dash", "dot", "dashdot"];

/** The dash pattern of the curve with this number: curves of the same colour have different ones.
 * @param {number} which */
export const dash = (which) => DASHES[Math.floor(which / SERIES.length) % DASHES.length];

/** Shapes of markers. */
export const SYMBOLS = ["circle", "diamond", "square", "triangle-up"];

/** A horizontal line across the figure at `y`.
 * @param {string} name
 * @param {number[]} x
 * @param {number} y
 * @param {number} which
 * @param {object} shape */
export function level(name, x, y, which, shape) {
  const ends = [x[0], x[x.length - 1]];
  return { ...line(name, ends, [y, y], which, { line: { width: 1.5, ...shape } }), mode: "lines" };
}
