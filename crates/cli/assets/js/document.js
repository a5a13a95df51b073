// Types of the documents that pages show, as `longspan report --format json` writes them.

/** A number; null if it is not finite or missing. The object that has it may name it in `not_finite`.
 * @typedef {number | null} Num */

/** A measurement, or the reason why there is none.
 * @template T
 * @typedef {{ known?: T, unknown?: unknown }} Measured */

/** @typedef {"finished" | "stopped_early" | "out_of_time" | "interrupted" | "diverged"} Ended */
/** @typedef {Ended | "training" | "unfinished" | "unreadable"} Outcome */

/** A run.
 * @typedef {object} Run
 * @property {string} name
 * @property {string} path
 * @property {string} version
 * @property {Outcome} outcome
 * @property {string[]} problems
 * @property {string | null} command Repeats the run; null if another program trains.
 * @property {string} probe_command Measures the weights.
 * @property {Setting[]} settings
 * @property {Change[]} [changes]
 * @property {string} model
 * @property {number | null} parameters
 * @property {Data} data
 * @property {Summary} summary
 * @property {Curve} curve
 * @property {{ step: number[], loss: Num[], accuracy: (number | null)[] }} valid
 * @property {Groups | null} groups
 * @property {{ rule: string, limit: number | null, rate: number }} clip
 * @property {Flow | null} flow
 * @property {Snapshots | null} looks
 * @property {Probe | null} probe
 * @property {{ truncation: number | null, used: number | null, needed: number | null }} lags
 * @property {Verdict} verdict
 * @property {Verdict} verdict_zh
 * @property {Fault | null} fault
 * @property {Told | null} fault_told
 * @property {Recovery[]} [recoveries] */

/** Texts about the first bad value.
 * @typedef {Record<"en" | "zh", { place: string, reason: string }>} Told */

/** A failed step after which training continued with the weights of step `to_step`.
 * @typedef {object} Recovery
 * @property {number} step
 * @property {number} epoch
 * @property {number} window
 * @property {"skip" | "rewind"} action
 * @property {number} to_step
 * @property {Told} told */

/** A setting that was changed when the run was resumed, from training step `step` on.
 * @typedef {{ step: number, setting: string, old: string, new: string }} Change */
/** @typedef {{ section: string, key: string, value: string, given: boolean }} Setting */
/** @typedef {object} Data
 * @property {string} description
 * @property {string[]} [notices]
 * @property {string} unit
 * @property {number | null} baseline_loss
 * @property {string | null} baseline */

/** @typedef {object} Summary
 * @property {number} step
 * @property {number | null} steps
 * @property {number | null} train_loss
 * @property {Num} best_loss
 * @property {Num} test_loss
 * @property {Num} [valid_accuracy]
 * @property {Num} [test_accuracy]
 * @property {Num} [seconds] */

/** Curves of training; each point is one step or the mean of neighbouring steps. Norms are log10.
 * @typedef {object} Curve
 * @property {number[]} step
 * @property {Num[]} loss
 * @property {Num[]} norm
 * @property {Num[]} norm_high
 * @property {Num[]} after
 * @property {number[]} clipped */

/** The groups of a series, the worst first; `more` are not listed.
 * @typedef {{ worst: GroupRow[], all: number, not_below: number, more: number }} Groups */
/**
 * @typedef {object} GroupRow
 * @property {string} group
 * @property {Num} loss
 * @property {Num} baseline_loss
 * @property {string} baseline
 * @property {Num} ratio
 * @property {boolean} below */

/** Norms of the gradient through time: bin i has the steps back from `edges[i]` to below `edges[i + 1]`.
 * @typedef {object} Flow
 * @property {number[]} steps
 * @property {number[]} edges
 * @property {FlowLayer[]} layers
 * @property {{ steps: number[], log10: Picture }} [lag] log10 of the median of G at the first lag of each bin */

/** log10 of a norm, [training step][bin].
 * @typedef {Num[][]} Picture */
/** @typedef {{ layer: number, reverse?: boolean }} LayerName */
/** @typedef {LayerName & { hidden: Picture, cell?: Picture, gamma?: Picture }} FlowLayer */
/** @typedef {"hidden" | "cell" | "gamma"} NormKind */

/** Gates, activations and tensors during training.
 * @typedef {object} Snapshots
 * @property {number[]} step
 * @property {Num[]} update
 * @property {Series[]} series */
/** @typedef {"share" | "update" | "mean" | "closed" | "open" | "saturated"} SeriesKind */
/** @typedef {{ kind: SeriesKind, layer: number | null, name: string, values: Num[] }} Series */

/** @typedef {{ reach: Measured<Reach>, spectrum: Measured<Spectrum> }} Probe */
/** @typedef {{ lag: Measured<Lag>, gates: GateLayer[] }} Reach */
/** @typedef {{ lags?: number[] | null, sequences: number, total: LagTotal, layers: Measured<LagLayer>[] }} Lag */
/** @typedef {{ ratio: Percentiles, horizon: Horizon, decay: Measured<{ factor_per_step: number }> }} LagTotal */
/** @typedef {{ keep_path: Measured<Percentiles>, rest: Measured<Percentiles> }} LagLayer */
/** @typedef {Record<"ln_p05" | "ln_p25" | "ln_median" | "ln_p75" | "ln_p95", Num[]>} Percentiles */

/** @typedef {object} Horizon
 * @property {number} epsilon
 * @property {number} steps
 * @property {boolean} at_least
 * @property {number} low_steps
 * @property {number} high_steps */

/** @typedef {{ exponents_nats_per_step: Num[], layers: SpectrumLayer[] }} Spectrum */
/** @typedef {LayerName & Record<"exponents_nats_per_step" | "standard_errors_nats_per_step", Num[]>} SpectrumLayer */
/** @typedef {LayerName & { gates: Measured<Gate[]>, forgetting: Measured<{ unit_steps: Num[] }> }} GateLayer */
/** @typedef {{ gate: string, closed_share: number, open_share: number }} Gate */

/** Findings begin with the cause. `command` trains again with its first remedy.
 * @typedef {object} Verdict
 * @property {Finding[]} findings
 * @property {Finding[]} further_notes
 * @property {string | null} command
 * @property {{ code: string, missing: string, command: string | null }[]} unjudged */

/** @typedef {object} Finding
 * @property {string} code
 * @property {"severe" | "warning" | "note"} severity
 * @property {"cause" | "effect" | "other" | "note"} place
 * @property {string | null} effect_of
 * @property {string} title
 * @property {string} sentence
 * @property {{ name: string, value: Num, threshold?: Num, source?: string | null }[]} evidence
 * @property {{ level: "high" | "medium" | "low", because: string }} confidence
 * @property {string} false_alarm
 * @property {{ flags: string, toml: string, pytorch: string, why: string }[]} remedies */

/** The failed training step and its first bad value.
 * @typedef {object} Fault
 * @property {number} step
 * @property {string} phase
 * @property {number | null} layer
 * @property {number | null} t
 * @property {string} tensor
 * @property {number | null} row
 * @property {number | null} unit
 * @property {Num} value
 * @property {{ value?: string }} [not_finite]
 * @property {string} cause
 * @property {{ step: number, loss: Num, log10_global_norm: Num, log10_global_norm_after: Num }[]} before */

export {};
