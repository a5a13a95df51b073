//! `loss-at-chance`: nothing was learned.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::{of_chance, short};
use super::{Evidence, Level, Severity};
use longspan_record::StepRecord;

const CHANCE: Threshold = Threshold {
    of: "best loss over that of chance",
    value: 0.92,
    source: "runs with planted faults, first half",
};
/// Before that a run has hardly begun.
const SOME: f64 = 0.5;
const LEAST: usize = 100;
/// A fall between two parts of a run that is no noise, in standard errors of their difference.
const FALL: f64 = 3.0;

pub(super) static RULE: Rule = Rule {
    code: "loss-at-chance",
    severity: Severity::Warning,
    title: "The loss is stuck at chance",
    page: Page {
        meaning: "The model is no better than a guess that looks at nothing. A flat curve has many causes: a gradient that does not \
                  reach back, steps that are too small or too large, dead units, inputs of a size that saturates.",
        measured: "The best validation, or median of twenty training steps, over the loss of the best guess that looks at nothing.",
        thresholds: &[
            CHANCE,
            Threshold {
                of: "share of the planned steps",
                value: SOME,
                source: "before that nothing is said",
            },
            Threshold {
                of: "steps",
                value: LEAST as f64,
                source: "of fewer a flat stretch is no sign: many a run that learns begins with one",
            },
            Threshold {
                of: "fall of the last quarter below the one before it, in standard errors",
                value: FALL,
                source: "a loss that falls so clearly, and by its pace were below the first threshold after as many steps again, is \
                         of a run that is short, and nothing is said",
            },
        ],
        false_alarm: "the data hold nothing that can be learned, or a plateau is about to end: copying and adding stay at chance for \
                      thousands of steps before they fall",
        remedy: "Look at the other findings first. Without any: a larger --lr, more steps, or gates that keep (--forget-bias 3).",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if evidence.steps.len() < LEAST {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some(learned) = evidence.learned_ratio() else { return Judgement::Silent };
    let taken = evidence.steps.last().map_or(0, |step| step.step);
    if learned < CHANCE.value || (taken as f64) < SOME * facts.planned_steps as f64 {
        return Judgement::Silent;
    }
    if learned - fall(evidence) < CHANCE.value {
        return Judgement::Silent;
    }
    let sentence = format!("After {taken} steps the best loss is {}.", of_chance(learned));
    let found = Found::new(sentence, Level::High, "both losses are measured")
        .held("best loss over chance", learned, CHANCE)
        .number("chance", facts.chance_loss);
    let found = match facts.cell.as_str() {
        "lstm" => found.remedy(facts, &[("forget_bias", "3".into())], "a forget gate that begins by keeping"),
        "gru" => found,
        _ => found.remedy(facts, &[("cell", "gru".into())], "gates that keep what lies far back"),
    };
    let more = format!("from {} steps: a plateau may be long", short(facts.planned_steps as f64));
    found
        .remedy(
            facts,
            &[("epochs", "0".into()), ("steps", facts.planned_steps.saturating_mul(4).to_string())][1..],
            &more,
        )
        .into()
}

/// What the loss would fall by in as many steps again, over chance, at the pace between the last two quarters; 0 where these do not
/// differ by more than their steps do among themselves.
fn fall(evidence: &Evidence) -> f64 {
    let (steps, count) = (&evidence.steps, evidence.late().len());
    let (earlier, last) = steps[steps.len().saturating_sub(2 * count)..].split_at(count);
    let [(before, error_before), (after, error_after)] = [earlier, last].map(mean);
    let fall = before - after;
    match fall > FALL * error_before.hypot(error_after) {
        true => fall * steps.len() as f64 / count as f64 / evidence.facts.chance_loss,
        false => 0.0,
    }
}

/// The mean loss of some steps and its standard error.
fn mean(steps: &[StepRecord]) -> (f64, f64) {
    let count = steps.len() as f64;
    let mean = steps.iter().map(|step| step.loss).sum::<f64>() / count;
    let squares: f64 = steps.iter().map(|step| (step.loss - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}
