// Access to what a run has measured.
import { say } from "./words.js";

/** @import { LayerName, Measured, Run, Verdict } from "./document.js" */

/** What was measured; null if it was not.
 * @template T
 * @param {Measured<T> | null | undefined} measured
 * @returns {T | null} */
export const known = (measured) => measured?.known ?? null;

/** Measurements of the gradient's reach.
 * @param {Run} run */
export const reachOf = (run) => known(run.probe?.reach);

/** The gradient by lag.
 * @param {Run} run */
export const lagOf = (run) => known(reachOf(run)?.lag);

/** The Lyapunov exponents.
 * @param {Run} run */
export const spectrumOf = (run) => known(run.probe?.spectrum);

/** The findings in the language of the page.
 * @param {Run} run
 * @param {import("./words.js").Language} language
 * @returns {Verdict} */
export const verdictOf = (run, language) => (language === "zh" && run.verdict_zh) || run.verdict;

/** @param {LayerName} layer */
export const layerName = (layer) => say(layer.reverse ? "layer_back" : "layer", layer.layer);
