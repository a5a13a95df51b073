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
