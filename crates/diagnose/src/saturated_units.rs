//! `saturated-units`: units at their limits, through which no gradient passes.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::setting;
use super::{Evidence, Level, Severity};

const SATURATED: Threshold = Threshold {
    of: "share of places and units beyond 0.95",
    value: 0.75,
    source: "beyond 0.95 the derivative is under 0.1; the share: runs with planted faults, first half",
};

/// What is learned well with saturated units holds bits, unless next to nothing else is left.
const ALL: Threshold = Threshold {
    of: "the share where the loss is low all the same",
    value: 0.95,
    source: "runs with planted faults, first half",
};

pub(super) static RULE: Rule = Rule {
    code: "saturated-units",
    severity: Severity::Warning,
    title: "Most units are saturated",
    page: Page {
        meaning: "A tanh near its limits is flat: it says little more than a sign, and lets next to no gradient through, neither to \
                  its weights nor to the steps before.",
        measured: "The share of (place, unit) pairs at which a tanh is beyond 0.95: of the states of rnn, of the candidates of gru, lstm, residual.",
        thresholds: &[SATURATED, ALL],
        false_alarm: "the network is meant to hold bits, and has learned what it should",
        remedy: "Smaller weights to begin with (--init orthogonal:1, uniform), a smaller --lr, inputs scaled to about 1.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(all) = evidence.activations() else {
        return if facts.cell == "identity" { Judgement::Silent } else { Judgement::Unknown(Needs::Probe) };
    };
    let tanh = all.iter().filter(|_| facts.cell != "relu");
    let Some(worst) = tanh.max_by(|a, b| a.share.total_cmp(&b.share)) else { return Judgement::Silent };
    let learned = evidence.learned_ratio().is_some_and(|ratio| ratio < 0.3);
    if worst.share <= if learned { ALL } else { SATURATED }.value {
        return Judgement::Silent;
    }
    let sentence = format!(
        "In layer {} {:.0} % of the values of {} are saturated.",
        worst.layer,
        100.0 * worst.share,
        worst.name
    );
    Found::new(sentence, Level::High, "the places of a batch were counted, at up to 16 of its steps")
        .held("share beyond 0.95", worst.share, if learned { ALL } else { SATURATED })
        .number("units saturated at every place", worst.units as f64)
        .remedy(
            facts,
            &[("init", "orthogonal:1".into())],
            "recurrent weights that do not drive units to their limits",
        )
        .remedy(facts, &[("lr", setting(facts.lr / 4.0))], "weights that grow more slowly")
        .advice("scale inputs to a size of about 1")
        .into()
}
