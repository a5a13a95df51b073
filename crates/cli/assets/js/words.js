// Every text of the pages that does not come from a run, in both languages.
import common from "../words/common.json" with { type: "json" };
import dashboard from "../words/dashboard.json" with { type: "json" };
import demo from "../words/demo.json" with { type: "json" };
import figures from "../words/figures.json" with { type: "json" };

const TABLES = { ...common, ...dashboard, ...demo, ...figures };

/** @typedef {keyof typeof TABLES} Key */
/** @typedef {"en" | "zh"} Language */
/** @typedef {Record<Language, string | string[]>} Entry */

/** @type {Language} */
let current = "en";

/** The language of the page. */
export function language() {
  return current;
}

/** Sets the language of the page, English if `code` names no other.
 * @param {string} code */
export function setLanguage(code) {
  current = code.startsWith("zh") ? "zh" : "en";
  document.documentElement.lang = current === "zh" ? "zh-Hans" : "en";
}

/** The text of `key`, with `parts` in place of {0}, {1} …
 * @param {Key} key
 * @param {...(string | number)} parts */
export function say(key, ...parts) {
  const entry = /** @type {Record<string, Entry | undefined>} */ (TABLES)[key];
  // States and gates are named by files, which may hold anything.
  if (!entry) return String(key);
  const text = entry[current];
  const whole = typeof text === "string" ? text : text.join(current === "zh" ? "" : " ");
  const filled = whole.replace(/\{(\d+)\}/g, (_, at) => String(parts[Number(at)] ?? ""));
  // A number and its percent sign stay on one line.
  return filled.replaceAll(" %", "\u00a0%");
}

/** A label that stands before what it names.
 * @param {Key} key */
export const label = (key) => `${say(key)}${say("colon")}`;

/** Sentences one after another.
 * @param {string[]} sentences */
export const sentences = (sentences) => sentences.join(current === "zh" ? "" : " ");
