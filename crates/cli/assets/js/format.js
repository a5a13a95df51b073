// Formatting of numbers.
import { say } from "./words.js";

/** @import { Num } from "./document.js" */

const RAISED = /** @type {Record<string, string>} */ ({
  "-": "⁻",
  "0": "⁰",
  "1": "¹",
  "2": "²",
  "3": "³",
  "4": "⁴",
  "5": "⁵",
  "6": "⁶",
  "7": "⁷",
  "8": "⁸",
  "9": "⁹",
});

/** A whole number as an exponent.
 * @param {number} x */
const raised = (x) => [...String(x)].map((c) => RAISED[c]).join("");

/** Scientific notation: 5·10⁻²².
 * @param {number} x
 * @param {number} digits */
export function scientific(x, digits) {
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  return `${Number(mantissa)}·10${raised(Number(exponent))}`;
}

/** Rewrites numbers such as 5e-22 in a text as 5·10⁻²².
 * @param {string} text */
export const typeset = (text) =>
  text.replace(/(\d)e(-?\d+)/g, (_, digit, exponent) => `${digit}·10${raised(Number(exponent))}`);

/** A number with four digits; anything else as it is.
 * @param {unknown} x */
export function number(x) {
  if (x === null || x === undefined) return say("none");
  if (typeof x !== "number") return String(x);
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e10) return x.toLocaleString("en");
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? scientific(x, 3) : String(Number(x.toPrecision(4)));
}

/** A share in percent; null if there is none.
 * @param {unknown} share */
export const percent = (share) => (typeof share === "number" ? `${number(100 * share)}\u00a0%` : null);

/** "1 step", "2 steps".
 * @param {number} count */
export const steps = (count) => say(count === 1 ? "step_one" : "step_many", number(count));

/** The number if it is finite; null for a string such as "inf".
 * @param {Num | undefined} x */
export const finite = (x) => (typeof x === "number" ? x : null);

/** Natural logarithms as decimal ones.
 * @param {Num[]} list */
export const log10 = (list) => list.map((x) => (typeof x === "number" ? x / Math.LN10 : null));

/** 10 to the power of each entry.
 * @param {Num[]} logarithms */
export const powers = (logarithms) => logarithms.map((log) => (typeof log === "number" ? 10 ** log : null));

/** The power of ten nearest to 10^`log`: 10⁻³.
 * @param {number} log */
export const tenTo = (log) => (Math.round(log) === 0 ? "1" : `10${raised(Math.round(log))}`);

/** 10^`log` in at most two digits.
 * @param {number} log */
export function magnitude(log) {
  if (Math.abs(log) < 0.005) return "1";
  return log > -3 ? String(Number((10 ** log).toPrecision(2))) : scientific(10 ** log, 1);
}

/** The unit of a loss; nothing for the loss of a watched program, whose unit is not known.
 * @param {string} unit */
export const unitOf = (unit) => (unit === "own unit" ? "" : unit);

/** "Loss (nats)", or "Loss" without a known unit.
 * @param {string} unit */
export const lossName = (unit) => (unitOf(unit) ? say("loss", unit) : say("loss_plain"));
