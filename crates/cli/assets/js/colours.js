// Colours of the page and of figures. They also differ in lightness.

/** A colour of the page by its name in page.css.
 * @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Names of the colours of curves. */
export const SERIES = ["accent", "second", "third", "fourth"];

/** The colour of the curve with this number.
 * @param {number} which */
export const seriesColour = (which) => colour(SERIES[which % SERIES.length]);

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

/** Colours of the share of a gradient that is left: blue where it fades, white at 1, red where it grows.
 * @type {[number, string][]} */
export const DIVERGING = [
  [0, "rgb(8,48,107)"],
  [0.15, "rgb(33,102,172)"],
  [0.3, "rgb(103,169,207)"],
  [0.45, "rgb(209,229,240)"],
  [0.5, "rgb(255,255,255)"],
  [0.55, "rgb(253,219,199)"],
  [0.7, "rgb(239,138,98)"],
  [0.85, "rgb(178,24,43)"],
  [1, "rgb(103,0,31)"],
];

/** The diverging colour of a position between 0 and 1.
 * @param {number} share */
export function diverging(share) {
  const at = Math.min(Math.max(share, 0), 1);
  const i = Math.max(
    1,
    DIVERGING.findIndex(([to]) => at <= to),
  );
  const [[from, low], [to, high]] = [DIVERGING[i - 1], DIVERGING[i]];
  const [a, b] = [low, high].map((text) => (text.match(/\d+/g) ?? []).map(Number));
  return `rgb(${a.map((c, k) => Math.round(c + ((at - from) / (to - from)) * (b[k] - c))).join(",")})`;
}
