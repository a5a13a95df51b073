//! Judges a training run by its records: findings with numbers, thresholds and remedies.
//!
//! Each [`Rule`] has a file here with its code, its thresholds and their sources, the page that explains it, and a
//! function of the [`Evidence`]. A rule reads records and no model, so a run can be judged anywhere and at any time. If
//! a measurement is missing, the rule says so and does not guess. A healthy run has no findings, because rules ask for
//! several signs, and for signs that last.
//!
//! A [`Finding`] is a value: an [`Observation`] (a struct for each rule, with its numbers), a [`Confidence`] and
//! [`Remedy`] values (settings). The file of a rule has its texts in both languages side by side, as a [`Text`] or a
//! `match` over [`Language`], so a missing translation does not compile.

#![warn(clippy::disallowed_macros)]

mod chain;
mod evidence;
pub mod fault;
mod finding;
mod language;
mod norms;
mod number;
pub mod observation;
mod one_loss;
mod page;
mod remedy;
mod rule;
mod severity;
mod signals;
mod threshold;
mod wording;

mod chaotic_dynamics;
mod clip_always;
mod clip_missing;
mod clip_never;
mod dead_units;
mod embedding_too_large;
mod exploding_gradient;
mod horizon_below_need;
mod non_finite;
mod padding_dominated;
mod recovered_faults;
mod saturated_units;
mod sensitivity_explosion;
mod step_too_large;
mod stuck_gates;
mod truncation_too_short;
mod unscaled_input;
mod vanishing_across_layers;
mod vanishing_gradient;

mod constant_target;
mod distribution_shift;
mod majority_class;
mod no_better_than_baseline;
mod outliers;
mod overfitting;
mod possible_leak;
mod progress;
mod schedule_ended;
mod step_too_small;
mod still_improving;
mod underfitting;
mod uninformative_labels;
mod weight_decay_dominates;

pub use evidence::{Evidence, Facts, Probed, TrainedBy};
pub use finding::{Finding, Place, Unjudged, Verdict};
pub use language::{Language, Text};
pub use non_finite::{CODE as NON_FINITE, ways_out};
pub use norms::Harm;
pub use number::{Limit, Number};
pub use observation::Observation;
pub use page::{IGNORE_IF, Page};
pub use remedy::{Remedy, Setting};
pub use rule::{Found, Judgement, Needs, Role, Rule};
pub use severity::{Confidence, Severity};
pub use threshold::Threshold;
pub use wording::short;

/// All rules in the order of their rank: the likelier cause first. `chain.rs` says what the rank means.
pub static RULES: [&Rule; 32] = [
    &non_finite::RULE,
    &recovered_faults::RULE,
    &constant_target::RULE,
    &outliers::RULE,
    &unscaled_input::RULE,
    &embedding_too_large::RULE,
    &padding_dominated::RULE,
    &distribution_shift::RULE,
    &uninformative_labels::RULE,
    &weight_decay_dominates::RULE,
    &step_too_small::RULE,
    &step_too_large::RULE,
    &exploding_gradient::RULE,
    &clip_missing::RULE,
    &dead_units::RULE,
    &saturated_units::RULE,
    &stuck_gates::RULE,
    &truncation_too_short::RULE,
    &vanishing_across_layers::RULE,
    &vanishing_gradient::RULE,
    &clip_always::RULE,
    &clip_never::RULE,
    &chaotic_dynamics::RULE,
    &sensitivity_explosion::RULE,
    &schedule_ended::RULE,
    &horizon_below_need::RULE,
    &possible_leak::RULE,
    &overfitting::RULE,
    &underfitting::RULE,
    &majority_class::RULE,
    &no_better_than_baseline::RULE,
    &still_improving::RULE,
];

/// Judges a run: the cause with its effects, other findings, and rules that could not be checked.
pub fn diagnose(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict { run: evidence.facts.run.clone(), ..Verdict::default() };
    for rule in RULES {
        match (rule.judge)(evidence) {
            Judgement::Silent => {}
            Judgement::Found(found) => verdict.findings.push(Finding::new(rule, found)),
            // More steps cannot be taken after a step that failed, which has a finding of its own.
            Judgement::Unknown(Needs::Steps) if evidence.fault.is_some() => {}
            Judgement::Unknown(needs) => verdict.unjudged.push(Unjudged::new(rule, needs, &evidence.facts)),
        }
    }
    verdict.findings = chain::order(verdict.findings);
    verdict
}

/// Codes of earlier versions, each with the code that replaced it.
pub const ALIASES: [(&str, &str); 1] = [(no_better_than_baseline::ALIAS, no_better_than_baseline::RULE.code)];

/// Finds the rule with this code, or with this code of an earlier version.
pub fn rule(code: &str) -> Option<&'static Rule> {
    let code = ALIASES.iter().find(|(old, _)| *old == code).map_or(code, |(_, new)| new);
    RULES.into_iter().find(|rule| rule.code == code)
}
