//! The cause of a step that could not be taken. Its batch is run again from the weights before it, to find
//! the first bad value.
//!
//! [`crate::model::Scan`] defines what is bad and what comes first in a pass over the batch. The weights are
//! checked before it, in the order of the layout; after it the moments before the update, and then the
//! updated moments and weights, tensor by tensor.
//!
//! The cause follows from the phase and a few numbers; the first line that applies gives it:
//!
//! ```text
//! bad weights        the weights before the step are bad
//! bad input          x or a target is bad
//! padding only       nothing is scored, or the scored targets have weight 0
//! optimizer state    a moment was bad before the update
//! step too large     steps were taken before, and the loss of the last one is 10 times the smallest loss of the steps before
//!                    it, which was below 1e6, or the last one changed the weights by 0.3 of their norm
//! forward overflow   a state, output or the loss is bad; or a later value is, and a state is above 1e10
//! gradient growth    another value of the backward pass is bad; or the update makes one, and the gradient has grown through time
//!                    by a factor of 1e10
//! step too large     the update turns other good numbers into bad ones
//! ```
//!
//! ‖Δw‖ / ‖w‖ of the last step is η ‖g‖ / ‖w‖ for plain gradient descent, divided by 1 − μ with momentum.
//! Other rules move each weight by about η, and the ratio is η √N / ‖w‖.

use super::update::first_bad;
use super::{Divergence, Trainer};
use crate::bptt::Pass;
use crate::cell::Real;
use crate::model::{Location, Scan, first_in_tensors, is_bad};
use crate::optim::{LIMIT, Rule, limit};
use longspan_kernel::norms::sum_of_squares;
use longspan_record::{Cause, FaultEvidence as Evidence, FaultRecord, Phase, StepRecord};

/// A loss that is this many times the smallest previous loss counts as a rise caused by the updates.
const RISE: f64 = 10.0;
/// A step that changes the weights by this share of their norm is too large.
const MOVED: f64 = 0.3;
/// States above this value are the fault themselves: their products with each other and with a gradient of
/// order one overflow.
const LARGE_STATE: f64 = 1e10;
/// A loss above this in every step was not caused by the steps.
const HUGE_LOSS: f64 = 1e6;
/// log10 of the growth of a gradient through time from which on it is the cause of a bad update.
const LARGE_GROWTH: f64 = 10.0;

/// A bad value, with what is known of the pass that found it.
struct Found {
    location: Location,
    scan: Option<Scan>,
    scored: u64,
    /// The total weight of the scored positions.
    weight: f64,
    /// Whether a moment was bad before the update.
    moments: bool,
}

impl<R: Real> Trainer<R> {
    /// Finds the first bad value of the step that has just failed, and its cause; `before` are the previous
    /// steps, oldest first. Nothing changes.
    ///
    /// # Panics
    /// If the last step did not fail.
    pub fn first_fault(&mut self, divergence: &Divergence, before: Vec<StepRecord>) -> FaultRecord {
        let found = self.find(divergence.lr).expect("a failed step has a first bad value");
        let mut evidence = self.evidence(&found, &before);
        let smallest = before.iter().map(|step| step.loss).fold(f64::INFINITY, f64::min);
        let cause = cause(&found, &evidence, smallest);
        if cause != Cause::StepTooLarge {
            (evidence.loss_rise, evidence.rise_step, evidence.relative_step) = (None, None, None);
        }
        if cause != Cause::GradientGrowth {
            evidence.log10_growth_a_step = None;
        }
        if cause != Cause::ForwardOverflow {
            evidence.log10_state_growth_a_step = None;
        }
        let Location { phase, layer, direction, encoder, t, tensor, row, unit, value } = found.location;
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

    /// Runs the batch of the last step again and checks all values in the order of computation; None if
    /// nothing is bad.
    fn find(&mut self, lr: f64) -> Option<Found> {
        let of_weights = |phase, (tensor, unit, value): (String, usize, f64)| Location {
            unit: Some(unit),
            ..Location::of(phase, tensor, value)
        };
        if let Some((tensor, unit, value)) = first_in_tensors(&self.params, is_bad) {
            let location = of_weights(Phase::Weights, (tensor.to_owned(), unit, value));
            return Some(Found { location, scan: None, scored: 0, weight: 0.0, moments: false });
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
        let location = scan.location().cloned().or_else(|| {
            let found = first_bad(&self.params, self.updater.optimizer());
            moments = found.is_some();
            let found = found.or_else(|| {
                self.spec.clip.apply(ctx, &mut self.grads, &mut self.clip_report);
                let (mut params, mut optimizer) = (self.params.clone(), self.updater.optimizer().clone());
                optimizer.step(ctx, lr, &mut params, &mut self.grads);
                first_bad(&params, &optimizer)
            })?;
            Some(of_weights(Phase::Update, found))
        });
        self.grads.clear();
        Some(Found { location: location?, scan: Some(scan), scored, weight, moments })
    }

    fn evidence(&self, found: &Found, before: &[StepRecord]) -> Evidence {
        let (last, earlier) = match before.split_last() {
            Some((last, earlier)) => (Some(last), earlier),
            None => (None, &[][..]),
        };
        let least = earlier.iter().map(|step| step.loss).fold(f64::INFINITY, f64::min);
        let rise = last.map(|last| last.loss / least);
        // The first of the last steps whose losses are all that much above the smallest one before them.
        let (mut smallest, mut rise_step) = (f64::INFINITY, None);
        for step in before {
            rise_step = (step.loss >= RISE * smallest).then(|| rise_step.unwrap_or(step.step));
            smallest = smallest.min(step.loss);
        }
        let Location { tensor, value, phase, .. } = &found.location;
        let moment = tensor.strip_prefix("optimizer.").and_then(|name| name.split('.').next());
        let settings = self.updater.optimizer().settings();
        let norm = sum_of_squares(self.ctx.instruction_set(), self.params.flat()).sqrt();
        let relative = last.map(|last| match settings.rule {
            Rule::Sgd => {
                last.lr * 10f64.powf(last.log10_global_norm_after) / (1.0 - settings.momentum) / norm
            }
            _ => last.lr * (self.params.layout().parameters() as f64).sqrt() / norm,
        });
        let row = found.location.row.filter(|_| !found.location.encoder);
        Evidence {
            scored: found.scored,
            largest_state: found.scan.as_ref().map_or(0.0, Scan::largest_state),
            log10_growth_a_step: found
                .scan
                .as_ref()
                .filter(|_| matches!(phase, Phase::Backward | Phase::Update))
                .and_then(Scan::growth),
            log10_state_growth_a_step: found.scan.as_ref().and_then(Scan::state_growth),
            limit: value.is_finite().then(|| moment.map_or(LIMIT, limit)),
            rise_step,
            loss_rise: rise.filter(|rise| rise.is_finite() && *rise >= RISE),
            relative_step: relative.filter(|moved| moved.is_finite() && *moved >= MOVED),
            item: row.and_then(|row| self.batch.items.get(row).copied()),
        }
    }
}

/// Determines the cause, as described in this module's text.
fn cause(found: &Found, evidence: &Evidence, smallest_loss: f64) -> Cause {
    let Location { phase, tensor, .. } = &found.location;
    let grown = evidence.log10_growth_a_step.map_or(0.0, |(log10, steps)| log10 * steps as f64);
    // A loss that was never small has not risen: it says how large the states are.
    let too_large =
        (evidence.loss_rise.is_some() || evidence.relative_step.is_some()) && smallest_loss < HUGE_LOSS;
    match phase {
        Phase::Weights => Cause::BadWeights,
        Phase::Input if matches!(&tensor[..], "x" | "target") => Cause::BadInput,
        Phase::Loss if tensor == "loss" && found.weight == 0.0 => Cause::PaddingOnly,
        Phase::Update if found.moments => Cause::OptimizerState,
        Phase::Update if too_large => Cause::StepTooLarge,
        Phase::Update if evidence.largest_state >= LARGE_STATE => Cause::ForwardOverflow,
        Phase::Update if grown >= LARGE_GROWTH => Cause::GradientGrowth,
        Phase::Update => Cause::StepTooLarge,
        Phase::Input | Phase::Forward | Phase::Loss | Phase::Backward if too_large => Cause::StepTooLarge,
        Phase::Backward if evidence.largest_state < LARGE_STATE => Cause::GradientGrowth,
        Phase::Input | Phase::Forward | Phase::Loss | Phase::Backward => Cause::ForwardOverflow,
    }
}
