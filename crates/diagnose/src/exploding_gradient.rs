//! `exploding-gradient`: the gradient grows on its way back.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{LEAST_STEPS, quantile, setting, short};
use super::{Evidence, Level, Severity};
use longspan_record::Cause;

/// Beyond the most that the losses of T steps can add up to, T-fold.
const GROWTH: Threshold = Threshold {
    of: "log10 of ‖∂L/∂h‖ at the first step over that at the last, less log10 T",
    value: 1.0,
    source: "a sum of T losses is at most T times one of them; AutoTrainer (Zhang et al. 2021) calls 70 exploding",
};
/// Losses add up along a window, and layers below get little at its end: where a single loss was followed back, it has to agree.
const SINGLE: Threshold = Threshold {
    of: "growth of a single loss's gradient, the largest over all lags",
    value: 10.0,
    source: "runs with planted faults, first half",
};
/// Share of the steps in which it does so.
const SHARE: Threshold = Threshold {
    of: "share of the steps in which it does",
    value: 0.05,
    source: "runs with planted faults, first half",
};

pub(super) static RULE: Rule = Rule {
    code: "exploding-gradient",
    severity: Severity::Severe,
    title: "The gradient explodes through time",
    page: Page {
        meaning: "A gradient on its way back is multiplied by the same Jacobian at every step. Where that stretches it, it grows \
                  exponentially: the early steps of a window get a gradient that is thousands of times that of the last, which \
                  says little but drowns the rest. Losses jump, then are NaN.",
        measured: "‖∂L/∂h_t‖ at the first step of each window over that at its last, in the layer where it is largest; and whether \
                   a step failed because of it.",
        thresholds: &[GROWTH, SINGLE, SHARE],
        false_alarm: "the last step of a window has next to no loss of its own, so that what is divided by is small",
        remedy: "Clip by the global norm: it bounds a step and keeps its direction. Recurrent weights with a smaller radius \
                 (--init orthogonal:0.9), gates (--cell gru or lstm), or a smaller --lr take the cause away.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let by_fault = evidence.fault.as_ref().is_some_and(|fault| fault.cause == Cause::GradientGrowth);
    let recorded = evidence.steps.iter().any(|step| !step.log10_survival.is_empty());
    if !recorded && !by_fault {
        return Judgement::Unknown(if evidence.steps.len() < LEAST_STEPS {
            Needs::Steps
        } else {
            Needs::Norms
        });
    }
    let largest = |survival: &[f64]| survival.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum = (facts.window_steps.max(1) as f64).log10();
    let growths: Vec<f64> = evidence.steps.iter().map(|step| largest(&step.log10_survival) - sum).collect();
    let share =
        growths.iter().filter(|&&growth| growth > GROWTH.value).count() as f64 / growths.len().max(1) as f64;
    if !by_fault && (share < SHARE.value || growths.len() < LEAST_STEPS) {
        return Judgement::Silent;
    }
    let single =
        evidence.lag().map(|lag| lag.total.ratio.ln_median.iter().copied().fold(0.0, f64::max).exp());
    if !by_fault && single.is_some_and(|single| single <= SINGLE.value) {
        return Judgement::Silent;
    }
    let most = quantile(growths.iter().copied(), 0.98).unwrap_or(f64::NAN);
    let sentence = match by_fault && share < SHARE.value {
        true => "The gradient grew on its way back until it was no number.".to_owned(),
        false => format!(
            "In {:.0} % of the steps the gradient grows on its way back: at the first of {} steps it is 10^{:.1} times that at the last.",
            100.0 * share,
            facts.window_steps,
            most + sum
        ),
    };
    let mut found = Found::new(sentence, Level::High, "it was measured at every step of every window")
        .held("growth of the gradient in powers of ten, beyond T-fold; 98th percentile", most, GROWTH)
        .held("share of the steps", share, SHARE);
    if let Some(single) = single {
        found = found.held("growth of a single loss's gradient", single, SINGLE);
    }
    if let Some(norm) = evidence.log10_norm() {
        found = found.number("median global norm", 10f64.powf(norm));
    }
    if !facts.clips {
        found = found.remedy(facts, &[("clip", "norm:1".into())], "bounds each step and keeps its direction");
    }
    if facts.cell != "lstm" && facts.cell != "gru" {
        found =
            found.remedy(facts, &[("cell", "gru".into())], "gates keep the gradient without stretching it");
        found = found.remedy(
            facts,
            &[("init", "orthogonal:0.9".into())],
            "recurrent weights that do not stretch",
        );
    }
    let why = format!("from {}: stays where the Jacobian does not stretch", short(facts.lr));
    found.remedy(facts, &[("lr", setting(facts.lr / 4.0))], &why).into()
}
