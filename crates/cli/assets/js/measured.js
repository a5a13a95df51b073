// Access to the measurements of a run.
import { say } from "./words.js";

/** @import { LayerName, Measured, Run, Verdict } from "./document.js" */

/** The measurement; null if there is none.
 * @template T
 * @param {Measured<T> | null | undefined} measured
 * @returns {T | null} */
export const known = (measured) => measured?.known ?? null;

/** The gradient section of the probe.
 * @param {Run} run */
export const reachOf = (run) => known(run.probe?.reach);

/** The lag profile.
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
