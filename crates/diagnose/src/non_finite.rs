//! `non-finite`: a value that is no number.

use super::rule::{Found, Judgement, Page, Remedies, Rule, Threshold};
use super::signals::setting;
use super::{Evidence, Facts, Level, Remedy, Severity};
use longspan_record::{Cause, FaultRecord};

/// A rate as small as this is not what to make smaller.
const SMALL_RATE: f64 = 1e-5;
/// What training takes unless told otherwise.
const USUAL_RATE: f64 = 2e-3;

/// The code of a run that met a value that is no number.
pub const CODE: &str = "non-finite";

pub(super) static RULE: Rule = Rule {
    code: CODE,
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
    let found = Found::new(sentence, Level::High, "the value was found by running the batch again")
        .number("loss", fault.loss)
        .number("log10 of the gradient's norm", fault.log10_global_norm);
    found.remedies(ways_out(&evidence.facts, fault)).into()
}

/// What to try after a fault, the likeliest first; nothing that the run does already.
pub fn ways_out(facts: &Facts, fault: &FaultRecord) -> Vec<Remedy> {
    let mut ways = Remedies::new(facts);
    let slower = |ways: &mut Remedies<'_>| {
        if facts.lr >= SMALL_RATE {
            // From above all rates that work, straight to the usual one.
            let lower = if facts.lr > 1.0 { USUAL_RATE } else { facts.lr / 10.0 };
            ways.set("lr", &setting(lower), "smaller steps");
        }
    };
    let clip = |ways: &mut Remedies<'_>| {
        if !facts.clips {
            ways.set("clip", "norm:1", "bounds the length of a step, and keeps its direction");
        }
    };
    let gain = |ways: &mut Remedies<'_>| {
        if facts.init_gain.is_some_and(|gain| gain > 1.0) {
            ways.set("init", "orthogonal:1", "recurrent weights that neither stretch nor shrink");
        }
    };
    let of = |cells: &[&str]| cells.contains(&facts.cell.as_str());
    match fault.cause {
        Cause::BadInput => ways.advise("correct the value in the data, or leave its row out"),
        Cause::PaddingOnly => {
            if facts.setting("class_weights") == "balanced" {
                ways.set("class_weights", "none", "no class is left without a weight");
            }
            ways.advise("leave out the rows that ask for nothing");
        }
        Cause::StepTooLarge => {
            slower(&mut ways);
            clip(&mut ways);
        }
        Cause::ForwardOverflow => {
            gain(&mut ways);
            if of(&["relu", "identity", "residual"]) {
                ways.set("cell", "gru", "states that stay bounded");
            }
            clip(&mut ways);
            slower(&mut ways);
        }
        Cause::GradientGrowth => {
            clip(&mut ways);
            gain(&mut ways);
            if facts.carried && facts.window_steps > 16 {
                let half = (facts.window_steps / 2).to_string();
                ways.set("unroll", &half, "a shorter way back");
            }
            if of(&["rnn", "relu", "identity"]) {
                ways.set("cell", "gru", "gates that keep a gradient in bounds");
            }
            if fault.step > 1 {
                slower(&mut ways);
            }
        }
        Cause::OptimizerState => ways.advise("begin with the weights alone: --from the run"),
        Cause::BadWeights => ways.advise("begin with other weights: another checkpoint for --from, or none"),
    }
    ways.list
}
