//! `stuck-gates`: gates that are always shut, or never let anything in.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::{Evidence, Level, Severity};

const STUCK: Threshold = Threshold {
    of: "share of places and units at which a gate is below 0.05 (above 0.95)",
    value: 0.9,
    source: "the edges: Karpathy, Johnson, Fei-Fei 2015; the share: runs with planted faults, first half",
};

pub(super) static RULE: Rule = Rule {
    code: "stuck-gates",
    severity: Severity::Warning,
    title: "A gate is stuck",
    page: Page {
        meaning: "A gate that is shut everywhere does not choose: a forget gate that is shut keeps nothing, an input or output gate \
                  that is shut lets nothing in or out, an update gate that always keeps takes nothing in. Its own gradient is next \
                  to nothing, so that it stays as it is.",
        measured: "The share of (place, unit) pairs at which a gate is below 0.05 or above 0.95. A forget gate that is open is no \
                   fault: it keeps, as it should.",
        thresholds: &[STUCK],
        false_alarm: "what is read last is all that counts, so that nothing has to be kept",
        remedy: "A bias that begins in between: --forget-bias 1 (lstm), another --init; a smaller --lr.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if facts.cell != "lstm" && facts.cell != "gru" {
        return Judgement::Silent;
    }
    let Some(gates) = evidence.gates() else { return Judgement::Unknown(Needs::Probe) };
    // z of the gru keeps: open, it takes nothing in; shut, it keeps nothing. An open f never forgets, which chrono means.
    let chrono = facts.setting("init").starts_with("chrono");
    let harmful = |gate: &super::signals::GateShare| match gate.name.as_str() {
        "z" => gate.closed.max(gate.open),
        "f" if !chrono => gate.closed.max(gate.open),
        _ => gate.closed,
    };
    let Some(worst) = gates.iter().max_by(|a, b| harmful(a).total_cmp(&harmful(b))) else {
        return Judgement::Silent;
    };
    let share = harmful(worst);
    if share <= STUCK.value {
        return Judgement::Silent;
    }
    let how = if worst.closed >= worst.open { "shut" } else { "open" };
    let sentence = format!(
        "In layer {} gate {} is {how} at {:.0} % of places and units.",
        worst.layer,
        worst.name,
        100.0 * share
    );
    let found =
        Found::new(sentence, Level::High, "the places of a batch were counted, at up to 16 of its steps")
            .held("share", share, STUCK);
    match (facts.cell.as_str(), worst.name.as_str()) {
        ("lstm", "f") => found.remedy(
            facts,
            &[("forget_bias", "1".into())],
            "a forget gate that begins by keeping (Jozefowicz et al. 2015)",
        ),
        _ => found.remedy(facts, &[("init", "orthogonal:1".into())], "gates that begin in between"),
    }
    .remedy(facts, &[("lr", super::signals::setting(facts.lr / 4.0))], "biases that grow more slowly")
    .into()
}
