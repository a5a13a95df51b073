//! `non-finite`: a value that is no number.

use super::rule::{Found, Judgement, Page, Rule, Threshold};
use super::signals::setting;
use super::{Evidence, Level, Severity};
use crate::telemetry::{Cause, FaultRecord};

pub(super) static RULE: Rule = Rule {
    code: "non-finite",
    severity: Severity::Severe,
    title: "A value is not finite",
    page: Page {
        meaning: "The loss or the gradient of a step is NaN or infinite: the step was not taken, and training cannot go on. The first \
                  bad value says more than the last: where it was, and what it came from.",
        measured: "The loss and the gradient's norm at every step. The batch of the failed step is then run again, from the weights \
                   before it, and everything is looked at in the order in which it is computed.",
        thresholds: &[Threshold {
            of: "values that are not finite",
            value: 0.0,
            source: "none can be learned from",
        }],
        false_alarm: "the batch is one that nothing should be learned from: it can be left out",
        remedy: "It depends on the cause. Bad input: repair the data. A gradient that grew on its way back: --clip norm:1. States that \
                 overflow: a smaller --init, a bounded cell. Steps that were too large: a smaller --lr.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let Some(fault) = &evidence.fault else { return Judgement::Silent };
    let sentence =
        format!("The first bad value of step {}: {}; {}.", fault.step, fault.place(), fault.reason());
    let found = Found::new(sentence, Level::High, "the value was found by running the batch again");
    remedies(
        found.number("loss", fault.loss).number("log10 of the gradient's norm", fault.log10_global_norm),
        fault,
        evidence,
    )
    .into()
}

fn remedies(found: Found, fault: &FaultRecord, evidence: &Evidence) -> Found {
    let facts = &evidence.facts;
    let slower = [("lr", setting(facts.lr / 10.0))];
    let clip = [("clip", "norm:1".to_owned())];
    match fault.cause {
        Cause::BadInput => {
            found.advice("repair the data: `longspan inspect` shows ranges and what is missing")
        }
        Cause::PaddingOnly => found.advice("leave out rows in which nothing is scored"),
        Cause::ForwardOverflow => found
            .remedy(facts, &[("init", "orthogonal:0.9".into())], "recurrent weights that shrink a state")
            .remedy(facts, &slower, "weights that grow more slowly"),
        Cause::GradientGrowth => found
            .remedy(facts, &clip, "bounds the length of a step, and keeps its direction")
            .remedy(facts, &slower, "stays where the gradient does not grow"),
        Cause::StepTooLarge => {
            found.remedy(facts, &slower, "smaller steps").remedy(facts, &clip, "bounds each step")
        }
        Cause::OptimizerState | Cause::BadWeights => {
            found.advice("begin with other weights: these cannot be trained")
        }
    }
}
