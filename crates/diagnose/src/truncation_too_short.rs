//! `truncation-too-short`: the gradient is cut off before it comes to where it is needed.

use super::rule::{Found, Judgement, Page, Rule, Threshold};
use super::{Evidence, Level, Severity};
use longspan_record::credit::Measured;

const USED: Threshold = Threshold {
    of: "steps that are used over steps that the gradient goes back",
    value: 0.9,
    source: "a model uses what it was given a gradient for, and the state that is carried brings more",
};

pub(super) static RULE: Rule = Rule {
    code: "truncation-too-short",
    severity: Severity::Warning,
    title: "The gradient is cut off before it comes to where it is needed",
    page: Page {
        meaning: "Truncated backpropagation goes back K steps and no further: the state is carried over, the gradient is not. What \
                  lies further back than K is learned by luck alone.",
        measured: "K beside the lag that the task needs; else, for a model that a probe has measured, beside the lag that it uses, \
                   where a hundredth of the gradient and more is alive at the cut.",
        thresholds: &[
            Threshold { of: "K, in steps", value: f64::NAN, source: "the lag that the task needs" },
            USED,
        ],
        false_alarm: "what lies far back says nothing new: train with twice the --unroll and compare",
        remedy: "A larger --unroll; --bptt-memory bounds what it takes.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if !facts.carried {
        return Judgement::Silent;
    }
    let window = facts.window_steps;
    let longer = |found: Found, steps: usize| {
        found.remedy(
            facts,
            &[("unroll", steps.next_power_of_two().to_string())],
            "the gradient reaches as far as it has to",
        )
    };
    if let Some(need) = facts.needed_lag_steps {
        if window > need {
            return Judgement::Silent;
        }
        let sentence = format!("The gradient goes {window} steps back, and the task needs {need}.");
        let limit = Threshold { of: "", value: need as f64, source: "the lag that the task needs" };
        let found = Found::new(sentence, Level::High, "both are known exactly").held(
            "steps that it goes back",
            window as f64,
            limit,
        );
        return longer(found, need + 1).into();
    }
    // Without a known need: alive at the cut, and used up to there.
    let Some(reach) = evidence.reach() else { return Judgement::Silent };
    let (Some(lag), Measured::Known(used)) = (reach.lag.known(), &reach.used_lag) else {
        return Judgement::Silent;
    };
    let Some(&used) = used.used_lag_steps.known() else { return Judgement::Silent };
    if !lag.total.horizon.at_least
        || (used as f64) < USED.value * window as f64
        || lag.total.horizon.steps < window / 2
    {
        return Judgement::Silent;
    }
    let sentence = format!(
        "The gradient is cut off after {window} steps, where it is alive, and the model uses {used} steps."
    );
    let found =
        Found::new(sentence, Level::Medium, "more may lie beyond: only a run with a larger K can show")
            .as_severe_as(Severity::Note)
            .held("used lag over truncation", used as f64 / window as f64, USED)
            .number("horizon at least, steps", lag.total.horizon.steps as f64);
    longer(found, 2 * window).into()
}
