// Types of the document of the demo.

/** @import { Horizon, Num } from "../document.js" */

/** Everything that one run of the demo has measured.
 * @typedef {object} Tour
 * @property {string} version
 * @property {{ limit: number, steps: number, hidden: number, seed: number }} options
 * @property {Sentence} sentence
 * @property {string[]} examples
 * @property {{ reading: Reading }} unrolled
 * @property {Course} explosion training without clipping
 * @property {Course} clipped the same with clipping
 * @property {Network[]} networks rnn without clipping, rnn, residual, gru, lstm
 * @property {Row[]} table
 * @property {{ title: Texts, text: Texts }[]} acts */

/** @typedef {Record<"en" | "zh", string>} Texts */
/** @typedef {{ text: string, words: string[], verb: string, distractors: number[] }} Sentence */
/** @typedef {{ losses_nats: Num[], log10_norms: Num[], log10_norms_after: Num[], fault: object | null }} Course */
/** @typedef {{ gate: string, openness: number[] }} GateReading */
/** @typedef {Record<"subject" | "distractor" | "other", number | null>} ByRole */

/** @typedef {object} Reading
 * @property {Num[]} log10_strength
 * @property {ByRole} effects
 * @property {GateReading[]} gates
 * @property {[number, number][]} verbs p(was), p(were) of each sentence */

/** @typedef {object} Network
 * @property {string} name
 * @property {string} clip
 * @property {Num[]} log10_strength
 * @property {Reading} reading
 * @property {Reading} readings */

/** @typedef {object} Reach
 * @property {Horizon | null} horizon
 * @property {number | null} factor_per_step
 * @property {number | null} lambda_nats_per_step */

/** @typedef {object} Row
 * @property {string} name
 * @property {number} parameters
 * @property {number} step_ms
 * @property {Reach} before
 * @property {Reach} after
 * @property {[number, number][]} right distance, accuracy */

export {};
