// The texts of the pages in both languages, except those that come from a run.
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

/** Sets the language of the page: Chinese if `code` says so, otherwise English.
 * @param {string} code */
export function setLanguage(code) {
  current = code.startsWith("zh") ? "zh" : "en";
  document.documentElement.lang = current === "zh" ? "zh-Hans" : "en";
}

/** The text of `key`, with `parts` for {0}, {1} …
 * @param {Key} key
 * @param {...(string | number)} parts */
export function say(key, ...parts) {
  const entry = /** @type {Record<string, Entry | undefined>} */ (TABLES)[key];
  // Some keys come from the files of a run, which may contain anything.
  if (!entry) return String(key);
  const text = entry[current];
  const whole = typeof text === "string" ? text : text.join(current === "zh" ? "" : " ");
  const filled = whole.replace(/\{(\d+)\}/g, (_, at) => String(parts[Number(at)] ?? ""));
  // A no-break space keeps a number and its percent sign on one line.
  return filled.replaceAll(" %", "\u00a0%");
}

/** A label with its colon.
 * @param {Key} key */
export const label = (key) => `${say(key)}${say("colon")}`;

/** Joins sentences.
 * @param {string[]} sentences */
export const sentences = (sentences) => sentences.join(current === "zh" ? "" : " ");
