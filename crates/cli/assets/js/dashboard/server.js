// Requests of the dashboard to its server.
import { libraryLoaded } from "../chart.js";
import { element } from "../dom.js";

/** @import { Outcome } from "../document.js" */

/** The runs of a directory.
 * @typedef {{ directory: string, runs: Brief[] }} List */

/** An entry of the list.
 * @typedef {object} Brief
 * @property {string} name
 * @property {Outcome} outcome
 * @property {boolean} training
 * @property {string} verdict
 * @property {number | null} step
 * @property {number | null} steps
 * @property {number | null} loss
 * @property {string | null} model
 * @property {string | null} data
 * @property {number | null} updated seconds since 1970
 * @property {Timeline} [story] */

/** Findings of a run in training, as they appeared and cleared.
 * @typedef {{ since: number | null, events: { step: number, code: string, gone: boolean }[] }} Timeline */

/** @param {string} path @returns {Promise<any>} */
export async function fetched(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** The runs that the address names; none for the list. */
export const named = () => new URLSearchParams(location.hash.slice(1)).getAll("run");

/** The address of these runs.
 * @param {Iterable<string>} names */
export const address = (names) => `#${new URLSearchParams([...names].map((name) => ["run", name]))}`;

/** @type {Promise<void> | null} */
let library = null;

/** Loads the chart library, once. */
export function loadCharts() {
  library ??= new Promise((done, fail) => {
    const script = element("script", { src: "assets/plotly.js" });
    script.addEventListener("load", () => {
      libraryLoaded();
      done();
    });
    script.addEventListener("error", () => {
      library = null;
      fail(new Error("assets/plotly.js"));
    });
    document.head.append(script);
  });
  return library;
}
