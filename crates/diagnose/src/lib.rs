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

mod evidence;
pub mod fault;
mod finding;
mod language;
mod norms;
mod number;
pub mod observation;
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
mod exploding_gradient;
mod horizon_below_need;
mod non_finite;
mod padding_dominated;
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

pub use evidence::{Evidence, Facts, Probed};
pub use finding::{Finding, Unjudged, Verdict};
pub use language::{Language, Text};
pub use non_finite::{CODE as NON_FINITE, ways_out};
pub use norms::Harm;
pub use number::{Limit, Number};
pub use observation::Observation;
pub use page::{IGNORE_IF, Page};
pub use remedy::{Remedy, Setting};
pub use rule::{Found, Judgement, Needs, Rule};
pub use severity::{Confidence, Severity};
pub use threshold::Threshold;
pub use wording::short;

/// All rules, the most severe first.
pub static RULES: [&Rule; 30] = [
    &non_finite::RULE,
    &exploding_gradient::RULE,
    &vanishing_gradient::RULE,
    &step_too_large::RULE,
    &horizon_below_need::RULE,
    &truncation_too_short::RULE,
    &clip_missing::RULE,
    &clip_always::RULE,
    &clip_never::RULE,
    &chaotic_dynamics::RULE,
    &sensitivity_explosion::RULE,
    &saturated_units::RULE,
    &dead_units::RULE,
    &stuck_gates::RULE,
    &vanishing_across_layers::RULE,
    &unscaled_input::RULE,
    &padding_dominated::RULE,
    &step_too_small::RULE,
    &distribution_shift::RULE,
    &uninformative_labels::RULE,
    &constant_target::RULE,
    &outliers::RULE,
    &weight_decay_dominates::RULE,
    &schedule_ended::RULE,
    &overfitting::RULE,
    &underfitting::RULE,
    &possible_leak::RULE,
    &majority_class::RULE,
    &no_better_than_baseline::RULE,
    &still_improving::RULE,
];

/// Judges a run: findings, the most severe first, and rules that could not be checked.
pub fn diagnose(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in RULES {
        match (rule.judge)(evidence) {
            Judgement::Silent => {}
            Judgement::Found(found) => verdict.findings.push(Finding::new(rule, found)),
            Judgement::Unknown(needs) => verdict.unjudged.push(Unjudged::new(rule, needs, &evidence.facts)),
        }
    }
    verdict.findings.sort_by_key(|finding| finding.severity);
    verdict
}

/// Codes of earlier versions, each with the code that replaced it.
pub const ALIASES: [(&str, &str); 1] = [(no_better_than_baseline::ALIAS, no_better_than_baseline::RULE.code)];

/// Finds the rule with this code, or with this code of an earlier version.
pub fn rule(code: &str) -> Option<&'static Rule> {
    let code = ALIASES.iter().find(|(old, _)| *old == code).map_or(code, |(_, new)| new);
    RULES.into_iter().find(|rule| rule.code == code)
}
