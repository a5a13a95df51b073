//! Why a step could not be taken: its batch once more, from the weights before it, looking for the first bad value.
//!
//! What is bad and what comes first in a pass over the batch is said in [`crate::model::Scan`]. Before it come the weights, in the
//! order of the layout; behind it the moments before the update, and what the update makes of moments and weights, tensor by tensor.
//!
//! The cause is told from the phase and a few numbers, the first line that fits:
//!
//! ```text
//! bad weights        the weights before the step are bad
//! bad input          x or a target is bad
//! padding only       nothing is scored, or all that is weighs nothing
//! optimizer state    a moment was bad before the update
//! step too large     the update makes bad numbers of good ones; or steps were taken before, and the loss of the last one is 10 times
//!                    the least of the steps before it, or the last one moved the weights by 0.3 of their norm
//! forward overflow   a state, output or the loss is bad; or something in backward is, and a state beyond 1e10 was met there
//! gradient growth    something else in backward is bad
//! ```
//!
//! ‖Δw‖ / ‖w‖ of the last step is η ‖g‖ / ‖w‖ of plain gradient descent, over 1 − μ with momentum; other rules move each weight by about
//! η, and the ratio is η √N / ‖w‖.

use super::update::first_bad;
use super::{Divergence, Trainer};
use crate::bptt::Pass;
use crate::cell::Real;
use crate::model::{Place, Scan, first_in_tensors, is_bad};
use crate::optim::Rule;
use longspan_kernel::norms::sum_of_squares;
use longspan_record::{Cause, FaultEvidence as Evidence, FaultRecord, Phase, StepRecord};

/// A loss that is so many times the least of the steps before has been driven up by them.
const RISE: f64 = 10.0;
/// A step that moves the weights by this share of their norm makes other weights of them.
const MOVED: f64 = 0.3;
/// States so large that their products with a gradient of order one and with each other are the fault, not the gradient.
const LARGE_STATE: f64 = 1e10;

/// A bad value with what is known of the pass that met it.
struct Found {
    position: Place,
    scan: Option<Scan>,
    scored: u64,
    /// The sum of what the scored places weigh.
    weight: f64,
    /// Whether a moment was bad before the update.
    moments: bool,
}

impl<R: Real> Trainer<R> {
    /// The first bad value of the step that has just failed, and its cause; `before` are the steps before, oldest first. Nothing
    /// changes.
    ///
    /// # Panics
    /// If the batch of the last step has none: it was taken.
    pub fn first_fault(&mut self, divergence: &Divergence, before: Vec<StepRecord>) -> FaultRecord {
        let found = self.find(divergence.lr).expect("what is not finite has a first value");
        let mut evidence = self.evidence(&found, &before);
        let cause = cause(&found, &evidence);
        if cause != Cause::StepTooLarge {
            (evidence.loss_rise, evidence.relative_step) = (None, None);
        }
        let Place { phase, layer, direction, encoder, t, tensor, row, unit, value } = found.position;
        let &Divergence { step, epoch, loss, global_norm, lr } = divergence;
        let log10_global_norm = global_norm.log10();
        FaultRecord {
            step,
            epoch,
            loss,
            log10_global_norm,
            lr,
            phase,
            layer,
            direction,
            encoder,
            t,
            tensor,
            row,
            unit,
            value,
            cause,
            evidence,
            before,
        }
    }

    /// The batch of the last step once more, in the order of computation; None if nothing is bad.
    fn find(&mut self, lr: f64) -> Option<Found> {
        let of_weights = |phase, (tensor, unit, value): (String, usize, f64)| Place {
            unit: Some(unit),
            ..Place::of(phase, tensor, value)
        };
        if let Some((tensor, unit, value)) = first_in_tensors(&self.params, is_bad) {
            let position = of_weights(Phase::Weights, (tensor.to_owned(), unit, value));
            return Some(Found { position, scan: None, scored: 0, weight: 0.0, moments: false });
        }
        let mut state = self.state.clone();
        if !self.batch.carry {
            state.clear();
        }
        let dropout = self.masks();
        self.model.pack(&self.ctx, &self.params);
        let (ctx, mut scan) = (&self.ctx, Scan::new(self.model.spec()));
        let pass = &mut Pass::new(ctx, &self.params).with_dropout(dropout).observed_by(&mut scan);
        let score = self.model.train(pass, &self.batch, &mut state, &mut self.grads);
        let (scored, weight) = (score.scored, score.weight);
        let mut moments = false;
        let position = scan.position().cloned().or_else(|| {
            let found = first_bad(&self.params, self.updater.optimizer());
            moments = found.is_some();
            let found = found.or_else(|| {
                self.clip.apply(ctx, &mut self.grads, &mut self.clip_report);
                let (mut params, mut optimizer) = (self.params.clone(), self.updater.optimizer().clone());
                optimizer.step(ctx, lr, &mut params, &mut self.grads);
                first_bad(&params, &optimizer)
            })?;
            Some(of_weights(Phase::Update, found))
        });
        self.grads.clear();
        Some(Found { position: position?, scan: Some(scan), scored, weight, moments })
    }

    fn evidence(&self, found: &Found, before: &[StepRecord]) -> Evidence {
        let (last, earlier) = match before.split_last() {
            Some((last, earlier)) => (Some(last), earlier),
            None => (None, &[][..]),
        };
        let least = earlier.iter().map(|step| step.loss).fold(f64::INFINITY, f64::min);
        let rise = last.map(|last| last.loss / least);
        let settings = self.updater.optimizer().settings();
        let norm = sum_of_squares(self.ctx.instruction_set(), self.params.flat()).sqrt();
        let relative = last.map(|last| match settings.rule {
            Rule::Sgd => {
                last.lr * 10f64.powf(last.log10_global_norm_after) / (1.0 - settings.momentum) / norm
            }
            _ => last.lr * (self.params.layout().parameters() as f64).sqrt() / norm,
        });
        let row = found.position.row.filter(|_| !found.position.encoder);
        Evidence {
            scored: found.scored,
            largest_state: found.scan.as_ref().map_or(0.0, Scan::largest_state),
            log10_growth_a_step: found
                .scan
                .as_ref()
                .filter(|_| found.position.phase == Phase::Backward)
                .and_then(Scan::growth),
            loss_rise: rise.filter(|rise| rise.is_finite() && *rise >= RISE),
            relative_step: relative.filter(|moved| moved.is_finite() && *moved >= MOVED),
            item: row.and_then(|row| self.batch.items.get(row).copied()),
        }
    }
}

/// See above.
fn cause(found: &Found, evidence: &Evidence) -> Cause {
    let Place { phase, tensor, .. } = &found.position;
    let too_large = evidence.loss_rise.is_some() || evidence.relative_step.is_some();
    match phase {
        Phase::Weights => Cause::BadWeights,
        Phase::Input if matches!(&tensor[..], "x" | "target") => Cause::BadInput,
        Phase::Loss if tensor == "loss" && found.weight == 0.0 => Cause::PaddingOnly,
        Phase::Update if found.moments => Cause::OptimizerState,
        Phase::Update => Cause::StepTooLarge,
        Phase::Input | Phase::Forward | Phase::Loss | Phase::Backward if too_large => Cause::StepTooLarge,
        Phase::Backward if evidence.largest_state < LARGE_STATE => Cause::GradientGrowth,
        Phase::Input | Phase::Forward | Phase::Loss | Phase::Backward => Cause::ForwardOverflow,
    }
}
