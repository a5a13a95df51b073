//! `dead-units`: relu units that are 0 at every place.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::setting;
use super::{Evidence, Level, Severity};

const DEAD: Threshold = Threshold {
    of: "share of units that are 0 at every place",
    value: 0.5,
    source: "AutoTrainer (Zhang et al. 2021) takes 70 % of zero gradients; runs with planted faults, first half",
};

pub(super) static RULE: Rule = Rule {
    code: "dead-units",
    severity: Severity::Warning,
    title: "Most relu units are dead",
    page: Page {
        meaning: "A relu that is 0 for every input has a gradient of 0 for every weight: it never comes back.",
        measured: "The share of units that are 0 at every place of the batches that were looked at.",
        thresholds: &[DEAD],
        false_alarm: "few places were looked at, and units are rare rather than dead",
        remedy: "A smaller --lr, --init identity (IRNN; Le et al. 2015), or a cell with tanh.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if facts.cell != "relu" {
        return Judgement::Silent;
    }
    let Some(all) = evidence.activations() else { return Judgement::Unknown(Needs::Probe) };
    let Some(worst) = all.iter().max_by_key(|activation| activation.units) else { return Judgement::Silent };
    let share = worst.units as f64 / facts.hidden.max(1) as f64;
    if share <= DEAD.value {
        return Judgement::Silent;
    }
    let sentence =
        format!("In layer {} {} of {} units are 0 at every place.", worst.layer, worst.units, facts.hidden);
    Found::new(sentence, Level::High, "the places of a batch were counted, at up to 16 of its steps")
        .held("share of dead units", share, DEAD)
        .remedy(facts, &[("lr", setting(facts.lr / 10.0))], "steps that do not push units below 0")
        .remedy(facts, &[("init", "identity".into())], "relu units that begin by keeping (Le et al. 2015)")
        .remedy(facts, &[("cell", "gru".into())], "units that cannot die")
        .into()
}
