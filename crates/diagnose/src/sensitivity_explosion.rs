//! `sensitivity-explosion`: a long memory makes the state follow its weights too closely.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{setting, short};
use super::{Evidence, Level, Severity};
use longspan_record::credit::{Measured, Reason};

const SENSITIVITY: Threshold = Threshold {
    of: "root mean square of ‖∂h_t/∂W_hh‖",
    value: 3e3,
    source: "runs with planted faults, first half; t³/3 at an eigenvalue of 1 (Zucchet, Orvieto 2024)",
};

pub(super) static RULE: Rule = Rule {
    code: "sensitivity-explosion",
    severity: Severity::Warning,
    title: "The state depends too strongly on the weights",
    page: Page {
        meaning: "The longer a network remembers, the more a small change of its recurrent weights moves its state, even where no \
                  gradient explodes: the curse of memory. Steps then have to be tiny.",
        measured: "√E‖∂h_t/∂W_hh‖² after t steps, t up to the longest sequence, by random signs (Hutchinson 1989).",
        thresholds: &[SENSITIVITY],
        false_alarm: "the learning rate is small enough already: the loss falls smoothly",
        remedy: "A smaller --lr, gates (they scale what they take in by what they forget), a radius a little below 1.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(reach) = evidence.reach() else { return Judgement::Unknown(Needs::Probe) };
    let last = match &reach.sensitivity {
        Measured::Known(points) => points.last(),
        // A small probe leaves it out.
        Measured::Unknown(Reason::NotAsked) => return Judgement::Unknown(Needs::Probe),
        Measured::Unknown(_) => None,
    };
    let Some(last) = last else { return Judgement::Silent };
    if last.recurrent_rms.is_nan() || last.recurrent_rms <= SENSITIVITY.value {
        return Judgement::Silent;
    }
    let sentence = format!(
        "After {} steps a change of the recurrent weights moves the state by {} times its length.",
        last.steps,
        short(last.recurrent_rms)
    );
    Found::new(sentence, Level::Medium, "it is an estimate over a few sequences")
        .held("sensitivity", last.recurrent_rms, SENSITIVITY)
        .remedy(facts, &[("lr", setting(facts.lr / 10.0))], "steps that such a state can bear")
        .remedy(facts, &[("init", "orthogonal:0.95".into())], "a memory that ends")
        .into()
}
