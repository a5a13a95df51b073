// Formulas in MathML, which browsers draw without a library.

/** @typedef {Node | string} Child */

/** @param {string} name @param {Record<string, string>} attributes @param {...Child} children */
function node(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A formula on a line of its own; `name` says it in words.
 * @param {string} name @param {...Child} children */
export const formula = (name, ...children) => node("math", { "display": "block", "aria-label": name }, ...children);

/** A variable. @param {string} x */
export const v = (x) => node("mi", {}, x);
/** A number. @param {string} x */
export const n = (x) => node("mn", {}, x);
/** An operator or bracket. @param {string} x */
export const o = (x) => node("mo", {}, x);
/** A name, upright. @param {string} x */
export const word = (x) => node("mi", { mathvariant: "normal" }, x);
/** @param {...Child} children */
export const row = (...children) => node("mrow", {}, ...children);
/** @param {Child} base @param {Child} below */
export const sub = (base, below) => node("msub", {}, base, below);
/** @param {Child} base @param {Child} above */
export const sup = (base, above) => node("msup", {}, base, above);
/** @param {Child} above @param {Child} below */
export const frac = (above, below) => node("mfrac", {}, above, below);
/** The space between two equations on a line. */
export const gap = () => node("mspace", { width: "2em" });

/** ∏ from `from` to `to`. @param {Child} from @param {Child} to */
export const product = (from, to) => node("munderover", {}, o("∏"), from, to);
/** ‖x‖. @param {...Child} x */
export const norm = (...x) => row(o("‖"), ...x, o("‖"));
/** ∂ℒ/∂x. @param {Child} x */
export const gradient = (x) => frac(row(v("∂"), v("ℒ")), row(v("∂"), x));
