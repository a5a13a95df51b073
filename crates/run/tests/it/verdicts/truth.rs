//! The definition of each code with a wide margin, measured on a run. It shows that a run has the injected
//! fault; the rules use other evidence and their own thresholds.

use longspan::cell::CellKind;
use longspan::optim::clip::Clip;

use super::figures::Figures;
use super::plan::{Code, Plan};
use super::trace::Trace;

/// All codes, in the order of the table.
pub(crate) const CODES: [Code; 18] = [
    "exploding-gradient",
    "vanishing-gradient",
    "horizon-below-need",
    "truncation-too-short",
    "no-better-than-baseline",
    "chaotic-dynamics",
    "saturated-units",
    "dead-units",
    "stuck-gates",
    "clip-always",
    "clip-never",
    "clip-missing",
    "step-too-large",
    "unscaled-input",
    "padding-dominated",
    "vanishing-across-layers",
    "sensitivity-explosion",
    "non-finite",
];

/// Codes of which no run has the injected fault: they need real data, or scores that the benchmark does not make. A
/// finding of theirs counts as a false alarm, unless it is permitted.
pub(crate) const UNPLANTED: [Code; 14] = [
    "embedding-too-large",
    "recovered-faults",
    "overfitting",
    "step-too-small",
    "underfitting",
    "majority-class",
    "distribution-shift",
    "uninformative-labels",
    "constant-target",
    "outliers",
    "possible-leak",
    "schedule-ended",
    "weight-decay-dominates",
    "still-improving",
];

/// Whether a run has the fault of a code.
pub(crate) fn holds(code: Code, plan: &Plan, trace: &Trace, f: &Figures) -> bool {
    let bounded = matches!(trace.spec.cell, CellKind::Rnn | CellKind::Gru { .. } | CellKind::Lstm { .. });
    // Norms of very different sizes that did harm: the largest above 30 medians with a bad loss, or large
    // throughout.
    let harmful = (f.tail > 30.0 && f.loss_ratio > 0.9) || f.norm > 100.0;
    let free = plan.config.optimizer.clip == Clip::None;
    match code {
        "exploding-gradient" => f.ln_growth > 100f64.ln(),
        "vanishing-gradient" => f.ln_at_need < 1e-4_f64.ln(),
        "horizon-below-need" => trace.need_steps.is_some_and(|need| f.horizon < need as f64),
        "truncation-too-short" => {
            trace.carried && trace.need_steps.is_some_and(|need| trace.window_steps < need)
        }
        "no-better-than-baseline" => f.loss_ratio > 0.93,
        "chaotic-dynamics" => bounded && f.exponent > 0.15,
        "saturated-units" => f.saturated > 0.9,
        "dead-units" => f.dead > 0.6,
        "stuck-gates" => f.stuck > 0.95,
        "clip-always" => f.clipped > 0.95,
        "clip-never" => !free && f.clipped == 0.0 && harmful,
        "clip-missing" => free && harmful,
        // Updates of a tenth of the weights, with a bad loss.
        "step-too-large" => f.log10_largest_update > -1.0 && f.loss_ratio > 0.5,
        "unscaled-input" => f.input > 30.0,
        "padding-dominated" => f.filled > 0.6 || f.unscored > 0.6,
        "vanishing-across-layers" => f.ln_depth < 1e-3_f64.ln(),
        "sensitivity-explosion" => f.sensitivity > 1e4,
        "non-finite" => trace.fault.is_some(),
        _ => panic!("no code {code}"),
    }
}

/// What a run has besides its fault, by the way it was made.
pub(crate) fn besides(f: &Figures) -> Vec<Code> {
    // A note that asks for nothing. Runs of a second improve to their end.
    let mut codes = vec!["still-improving"];
    // Steps so small that the fault stays as it was planted: no update of a thousandth of the weights.
    if f.log10_largest_update < -3.0 && f.loss_ratio > 0.9 {
        codes.push("step-too-small");
    }
    codes
}
