//! `chaotic-dynamics`: small changes of the state grow without end.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{setting, short};
use super::{Evidence, Level, Severity};

const EXPONENT: Threshold = Threshold {
    of: "largest Lyapunov exponent, nats per step, less two standard errors",
    value: 0.1,
    source: "0 is the border; a margin for short trajectories: runs with planted faults, first half",
};

/// In fewer steps growth may be a passing one.
const GROWTH: Threshold = Threshold {
    of: "growth of a small change over a window",
    value: 10.0,
    source: "runs with planted faults, first half",
};

pub(super) static RULE: Rule = Rule {
    code: "chaotic-dynamics",
    severity: Severity::Warning,
    title: "The dynamics are chaotic",
    page: Page {
        meaning: "Two states that differ by next to nothing end up anywhere: what was read long ago decides nothing any more, and a \
                  gradient on its way back grows by the same factor. With inputs the exponent is a conditional one: it holds \
                  along what these inputs drive the network through.",
        measured: "The largest Lyapunov exponent along trajectories of the data (Benettin 1980; Vogt 2020; Engelken 2020). The cell \
                   is bounded, so that growth cannot be mere growth of the state.",
        thresholds: &[EXPONENT, GROWTH],
        false_alarm: "the trajectories are shorter than a hundred steps, in which growth may be a passing one",
        remedy: "A smaller recurrent gain (--init orthogonal:1, gaussian:0.9), a smaller --lr, or gates.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if !["rnn", "gru", "lstm"].contains(&facts.cell.as_str()) {
        return Judgement::Silent;
    }
    let Some(probe) = &evidence.probe else { return Judgement::Unknown(Needs::Probe) };
    let Some(layers) = probe.spectrum.as_ref().map(|spectrum| &spectrum.layers) else {
        return Judgement::Silent;
    };
    let leading = layers.iter().filter_map(|layer| {
        Some((
            *layer.exponents_nats_per_step.first()?,
            layer.standard_errors_nats_per_step.first().copied().flatten(),
        ))
    });
    let Some((exponent, error)) = leading.max_by(|a, b| a.0.total_cmp(&b.0)) else {
        return Judgement::Silent;
    };
    let sure = exponent - 2.0 * error.unwrap_or(0.0);
    let growth = (sure * facts.window_steps as f64).exp();
    if sure.is_nan() || sure <= EXPONENT.value || growth <= GROWTH.value {
        return Judgement::Silent;
    }
    let sentence = format!(
        "The largest Lyapunov exponent is {} nats per step: a small change is ten times as large after {:.0} steps.",
        short(exponent),
        std::f64::consts::LN_10 / exponent
    );
    let level = if error.is_some() { Level::High } else { Level::Medium };
    Found::new(sentence, level, "the exponent was measured along the data's trajectories")
        .held("exponent less two errors", sure, EXPONENT)
        .held("growth over a window", growth, GROWTH)
        .number("standard error", error.unwrap_or(f64::NAN))
        .remedy(
            facts,
            &[("init", "orthogonal:1".into())],
            "recurrent weights that neither stretch nor shrink",
        )
        .remedy(facts, &[("lr", setting(facts.lr / 4.0))], "weights that grow more slowly")
        .into()
}
