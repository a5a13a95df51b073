//! `vanishing-gradient`: next to nothing of the gradient comes to where it is needed.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{LEAST_STEPS, of_chance};
use super::{Evidence, Level, Severity};

const LEFT: Threshold = Threshold {
    of: "share of the gradient that is left at the lag that is needed",
    value: 1e-3,
    source: "AutoTrainer (Zhang et al. 2021): first over last below 1e-3",
};
const LEARNED: Threshold = Threshold {
    of: "best loss over that of chance",
    value: 0.9,
    source: "who has learned what lies back there has a gradient that was enough",
};

pub(super) static RULE: Rule = Rule {
    code: "vanishing-gradient",
    severity: Severity::Severe,
    title: "The gradient vanishes before it comes to where it is needed",
    page: Page {
        meaning: "A gradient on its way back shrinks by some factor at every step. What lies so far back that next to nothing \
                  arrives is not learned, however long it is trained: no clipping helps, which only makes gradients smaller.",
        measured: "The share of one loss's gradient that is left at the lag that the data need: from the lag profile of a probe, \
                   else from ‖∂L/∂h_t‖ at the first step of a window over that at its last.",
        thresholds: &[LEFT, LEARNED],
        false_alarm: "what is asked for lies nearer than the data say. Where the need is not known, and something is learned, \
                      this rule is silent: a gradient may well vanish behind what is of use",
        remedy: "Gates (--cell gru or lstm) with a bias that keeps (--forget-bias 3, --init chrono:LAG), or residual connections \
                 through time; recurrent weights near an orthogonal matrix. Shorter sequences first.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if evidence.steps.len() < LEAST_STEPS {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some(learned) = evidence.learned_ratio() else { return Judgement::Silent };
    if learned < LEARNED.value {
        return Judgement::Silent;
    }
    let window = facts.window_steps.saturating_sub(1).max(1);
    let need = facts.needed_lag_steps.unwrap_or(window);
    if need < 5 {
        return Judgement::Silent;
    }
    let Some((log10_left, measured)) = log10_left(evidence, need, window) else {
        return Judgement::Unknown(Needs::Norms);
    };
    let left = 10f64.powf(log10_left);
    if left >= LEFT.value {
        return Judgement::Silent;
    }
    let share = if left > 0.0 { format!("10^{log10_left:.1}") } else { "nothing".into() };
    let sentence = match facts.needed_lag_steps {
        Some(_) => format!(
            "Of the gradient {share} is left {need} steps back, where it is needed; the loss is {}.",
            of_chance(learned)
        ),
        None => format!(
            "Of the gradient {share} is left at the first of {} steps, and nothing was learned: the loss is {}.",
            facts.window_steps,
            of_chance(learned)
        ),
    };
    let (level, because) = match (facts.needed_lag_steps, measured) {
        (Some(_), true) => {
            (Level::High, "the lag that is needed is known, and the gradient there was measured")
        }
        (Some(_), false) => (Level::Medium, "the gradient of all losses together stands for that of one"),
        (None, _) => (Level::Low, "the lag that is needed is not known"),
    };
    let mut found = Found::new(sentence, level, because)
        .held("share that is left", left, LEFT)
        .held("best loss over chance", learned, LEARNED)
        .number("steps back that are needed", need as f64);
    if level == Level::Low {
        found = found.as_severe_as(Severity::Warning);
    }
    if let Some(decay) = evidence.lag().and_then(|lag| lag.total.decay.known()) {
        found = found.number("factor per step", decay.factor_per_step);
    }
    let chrono = || ("init", format!("chrono:{}", need + 1));
    match facts.cell.as_str() {
        "lstm" => found
            .remedy(
                facts,
                &[("forget_bias", "3".into())],
                "a forget gate that begins by keeping: 0.95 a step instead of 0.73",
            )
            .remedy(facts, &[chrono()], "forgetting times up to what is needed (Tallec, Ollivier 2018)"),
        "gru" => found.remedy(
            facts,
            &[chrono()],
            "update gates that keep as long as is needed (Tallec, Ollivier 2018)",
        ),
        _ => found
            .remedy(
                facts,
                &[("cell", "lstm".into()), ("forget_bias", "3".into())],
                "a gate that keeps what it has",
            )
            .remedy(facts, &[("cell", "residual".into())], "a direct path through time"),
    }
    .into()
}

/// log10 of what is left at `need`, and whether it was measured there.
fn log10_left(evidence: &Evidence, need: usize, window: usize) -> Option<(f64, bool)> {
    if let Some(lag) = evidence.lag() {
        // Beyond the window a line has to do.
        if let Some(ln) = lag.ln_median_at(need) {
            return Some((ln / std::f64::consts::LN_10, true));
        }
        if let Some(decay) = lag.total.decay.known() {
            return Some((decay.ln_slope_per_step * need as f64 / std::f64::consts::LN_10, false));
        }
    }
    let survival = evidence.survival()?;
    Some((survival * need as f64 / window as f64, false))
}
