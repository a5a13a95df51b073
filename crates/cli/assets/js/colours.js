// Colours of the page and of figures. They also differ in lightness.

/** A colour of the page by its name in page.css.
 * @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Names of the colours of curves. */
export const SERIES = ["accent", "second", "third", "fourth"];

/** The colour of the curve with this number.
 * @param {number} which */
export const seriesColour = (which) => colour(SERIES[which % SERIES.length]);

/** Colours around 1: what faded is blue, what grew is red (ColorBrewer's RdBu, reversed).
 * @type {[number, string][]} */
export const AROUND_ONE = [
  [0, "#2166ac"],
  [0.25, "#67a9cf"],
  [0.45, "#d1e5f0"],
  [0.5, "#ffffff"],
  [0.55, "#fddbc7"],
  [0.75, "#ef8a62"],
  [1, "#b2182b"],
];

/** The colour of a power of ten around 1, on a scale of `span` decades to each side.
 * @param {number} decades
 * @param {number} span */
export function aroundOne(decades, span) {
  const at = Math.min(Math.max(0.5 + decades / (2 * span), 0), 1);
  const upper = AROUND_ONE.findIndex(([stop]) => stop >= at);
  const [[from, low], [to, high]] = [AROUND_ONE[Math.max(upper - 1, 0)], AROUND_ONE[upper]];
  const share = to > from ? (at - from) / (to - from) : 0;
  const channel = (/** @type {string} */ hex, /** @type {number} */ i) => parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
  const mixed = [0, 1, 2].map((i) => Math.round(channel(low, i) + share * (channel(high, i) - channel(low, i))));
  return `rgb(${mixed.join(",")})`;
}

const VIRIDIS = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];

/** The Viridis colour of a share between 0 and 1.
 * @param {number} share */
export function viridis(share) {
  const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
  const i = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const mixed = VIRIDIS[i].map((c, k) => Math.round(c + (at - i) * (VIRIDIS[i + 1][k] - c)));
  return `rgb(${mixed.join(",")})`;
}
