//! The training loop's steps: batch, forward, backward, clip, update.

mod evaluation;
mod fault;
mod spec;
mod update;

pub use evaluation::{evaluate, evaluate_each};
pub use spec::TrainerSpec;
use update::Updater;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::balance::balanced;
use crate::batch::{Batch, Source};
use crate::bptt::dropout::Dropout;
use crate::bptt::{Both, Observer, Pass, State};
use crate::cell::Real;
use crate::model::head::{Score, TargetScores};
use crate::model::init::{InitSpec, initialise};
use crate::model::{Model, OutputSpec};
use crate::optim::Optimizer;
use crate::optim::clip::{Clip, ClipReport};
use crate::params::Params;
use crate::telemetry::{GradientProfile, Observe, StepObserver};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::StepRecord;

/// The position of training in its data: the next window, and the number of steps taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Number of completed epochs.
    pub epoch: u64,
    /// Next window of this epoch.
    pub window: u64,
    /// Number of steps taken.
    pub step: u64,
}

/// A loss or gradient that is not finite, or an update that would not be. The step was not taken: weights,
/// moments and position are those before it.
///
/// # Examples
/// ```
/// use longspan::prelude::*;
///
/// let values = OutputSpec::Values { width: 1, loss: ValueLoss::Squared };
/// let model = ModelSpec::new(CellKind::Rnn, InputSpec::Numbers { width: 1 }, 4, 1, values);
/// let (x, y) = (Inputs::Numbers(vec![vec![1.0]]), Targets::Values(vec![vec![1.0]]));
/// let data = Sequences::new(&model, x, y, 1, Order::Once).expect("arrays that fit");
/// let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model, 1));
/// let Err(divergence) = trainer.step(&data, 1e39) else { panic!("no f32 is that large") };
/// let fault = trainer.first_fault(&divergence, Vec::new());
/// println!("{divergence}: {} in {}", fault.value, fault.tensor);
/// assert_eq!((divergence.step, trainer.position().step), (1, 0));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "step {step} (epoch {epoch}) was not taken: loss {loss}, gradient norm {global_norm}, learning rate {lr}. Try a \
     lower learning rate; Trainer::first_fault names the first bad value"
)]
pub struct Divergence {
    /// The step that failed, from 1.
    pub step: u64,
    /// Its epoch, from 1.
    pub epoch: u64,
    /// Its mean loss.
    pub loss: f64,
    /// The global norm of its gradient.
    pub global_norm: f64,
    /// Its learning rate.
    pub lr: f64,
}

/// A model in training: it takes steps, and the loop is yours.
///
/// # Examples
/// ```
#[doc = include_str!("../examples/train.rs")]
/// ```
pub struct Trainer<R> {
    ctx: Context<R>,
    model: Model<R>,
    params: Params<R>,
    /// Zero between steps.
    grads: Params<R>,
    updater: Updater<R>,
    spec: TrainerSpec,
    clip_report: ClipReport,
    position: Position,
    state: State<R>,
    before: State<R>,
    batch: Batch,
    /// The score of the last step's batch, and its record.
    score: Score,
    record: StepRecord,
    observer: StepObserver<R>,
}

impl<R: Real> Trainer<R> {
    /// Builds a model with initial weights at the beginning of its data.
    pub fn new(ctx: Context<R>, spec: &TrainerSpec) -> Self {
        let mut model = Model::new(ctx.instruction_set(), &spec.model);
        model.limit_memory(spec.memory_limit);
        let mut params = Params::zeros(Arc::clone(model.layout()));
        let init = InitSpec {
            init: spec.init,
            parts: spec.init_parts,
            forget_bias: spec.forget_bias,
            cell: spec.model.cell,
            seed: spec.seed,
        };
        initialise(&ctx, &mut params, &init);
        Self {
            grads: Params::zeros(Arc::clone(model.layout())),
            updater: Updater::new(Optimizer::new(spec.optimizer, Arc::clone(model.layout()))),
            spec: spec.clone(),
            clip_report: ClipReport::default(),
            position: Position::default(),
            state: model.zero_state(spec.batch),
            before: model.zero_state(spec.batch),
            batch: Batch::default(),
            score: Score::default(),
            record: StepRecord::default(),
            observer: StepObserver::new(
                model.spec().clone(),
                model.states(),
                spec.observe,
                spec.observe_every,
                spec.seed,
            ),
            ctx,
            model,
            params,
        }
    }

    /// Weights the classes of the training loss by their inverse frequency in one epoch of `source`, the
    /// training part: see [`balanced`]. A resumed run has to call it again.
    ///
    /// # Panics
    /// If the model predicts numbers.
    pub fn balance_classes(&mut self, source: &dyn Source) {
        let OutputSpec::Classes { count, .. } = self.model.spec().output else {
            panic!("class weights need a model that predicts classes, not {:?}", self.model.spec())
        };
        self.model.weigh_classes(&balanced(&source.class_counts(count)));
    }

    /// Sets what is observed from the next step on, with a snapshot every `every` steps. Until then the
    /// configuration applies.
    pub fn observe(&mut self, tier: Observe, every: u64) {
        self.observer.set(tier, every);
    }

    /// Sets how gradients are clipped from the next step on.
    pub fn set_clip(&mut self, clip: Clip) {
        self.spec.clip = clip;
    }

    /// Takes one step on the next window of `source` with learning rate `lr`.
    ///
    /// # Errors
    /// [`Divergence`] if the loss or the gradient is not finite, or weights or moments would not be. Then
    /// nothing has changed, and [`Trainer::first_fault`] finds the cause. A window that could not be read has
    /// no scored targets, hence no loss: [`Source::failure`] gives the reason.
    ///
    /// # Panics
    /// If a window carries on the state of a window with another number of rows.
    pub fn step(&mut self, source: &dyn Source, lr: f64) -> Result<(), Divergence> {
        self.step_observed_by(source, lr, &mut ())
    }

    /// Takes one step as [`Trainer::step`] does, with the same bits, while `observer` sees its pass: for example the
    /// gradient at every time step ([`Observer::backward_step`]).
    ///
    /// # Errors
    /// As [`Trainer::step`].
    ///
    /// # Panics
    /// As [`Trainer::step`].
    pub fn step_observed_by(
        &mut self,
        source: &dyn Source,
        lr: f64,
        observer: &mut dyn Observer<R>,
    ) -> Result<(), Divergence> {
        let Position { epoch, window, step } = self.position;
        source.fill(epoch, window, &mut self.batch);
        self.fit_state();
        self.before.copy_from(&self.state);
        if !self.batch.carry {
            self.state.clear();
        }
        let dropout = self.masks();
        self.observer.begin_step(step + 1);
        self.model.pack(&self.ctx, &self.params);
        let both = &mut Both(&mut self.observer, observer);
        let pass = &mut Pass::new(&self.ctx, &self.params).with_dropout(dropout).observed_by(both);
        self.score = self.model.train(pass, &self.batch, &mut self.state, &mut self.grads);
        self.spec.clip.apply(&self.ctx, &mut self.grads, &mut self.clip_report);
        let (loss, global_norm) = (self.score.mean_loss(), self.clip_report.global_norm_before);
        let finite = loss.is_finite() && global_norm.is_finite();
        if finite {
            self.observer.follow_back(&self.batch, |observer, anchors| {
                let pass = Pass::new(&self.ctx, &self.params).with_dropout(dropout);
                self.model.follow_back(&mut pass.observed_by(observer), &self.batch, anchors);
            });
        }
        if !finite || !self.take_step(lr) {
            self.state.copy_from(&self.before);
            self.grads.clear();
            return Err(Divergence { step: step + 1, epoch: epoch + 1, loss, global_norm, lr });
        }
        self.write_record(lr);
        self.position.step += 1;
        self.position.window += 1;
        if self.position.window == source.windows() {
            (self.position.epoch, self.position.window) = (epoch + 1, 0);
        }
        Ok(())
    }

    /// Gives the state as many rows as the batch has.
    fn fit_state(&mut self) {
        let (found, rows) = (self.state.rows(self.spec.model.hidden), self.batch.rows());
        if found != rows {
            assert!(!self.batch.carry, "a window of {rows} rows carries on the state of {found} rows");
            (self.state, self.before) = (self.model.zero_state(rows), self.model.zero_state(rows));
        }
    }

    /// Updates the weights unless one would be bad; returns whether it did.
    fn take_step(&mut self, lr: f64) -> bool {
        let by = (lr, self.clip_report.global_norm_after);
        self.updater.update(&self.ctx, by, &mut self.params, &mut self.grads, &mut self.observer)
    }

    /// Writes the record of the step just taken into the memory of the previous one.
    fn write_record(&mut self, lr: f64) {
        let (record, clip) = (&mut self.record, &self.clip_report);
        (record.step, record.epoch) = (self.position.step + 1, self.position.epoch + 1);
        (record.loss, record.scored) = (self.score.mean_loss(), self.score.scored);
        record.tokens = (self.batch.encoded.shape.positions() + self.batch.shape.positions()) as u64;
        record.lr = lr;
        record.log10_global_norm = clip.global_norm_before.log10();
        record.log10_global_norm_after = clip.global_norm_after.log10();
        record.clipped = clip.acted;
        self.observer.write(record, self.params.layout(), &clip.shares);
    }

    /// Returns the dropout masks of the next step, or of the step that has just failed.
    fn masks(&self) -> Option<Dropout> {
        let (spec, step) = (&self.spec, self.position.step);
        let dropout = Dropout::new(spec.dropout, spec.seed, step, self.batch.first_sample);
        dropout.map(|dropout| dropout.of(spec.dropout_mask))
    }

    /// The record of the last step taken.
    pub fn record(&self) -> &StepRecord {
        &self.record
    }

    /// The score of the last step's batch with the weights before the step.
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// The effect of clipping on the gradient of the last step.
    pub fn clip_report(&self) -> &ClipReport {
        &self.clip_report
    }

    /// Scores all of `source` from a zero state, without affecting training.
    pub fn evaluate(&mut self, source: &dyn Source) -> Score {
        self.model.pack(&self.ctx, &self.params);
        let score = evaluate(&self.ctx, &mut self.model, &self.params, source, &|| false);
        score.expect("nothing cancels it")
    }

    /// Scores the first `windows` windows of `source` with the weights `params`, or else with its own, as
    /// [`evaluate_each`] does. Training is not affected.
    pub fn evaluate_each(
        &mut self,
        params: Option<&Params<R>>,
        (source, windows): (&dyn Source, u64),
        names_classes: bool,
        cancelled: &dyn Fn() -> bool,
        each: &mut dyn FnMut(&Batch, &TargetScores),
    ) -> Option<Score> {
        let params = params.unwrap_or(&self.params);
        self.model.pack(&self.ctx, params);
        evaluate_each(&self.ctx, &mut self.model, params, (source, windows), names_classes, cancelled, each)
    }

    /// The gradient profile of the last step's window; empty if it was not observed.
    pub fn flow(&self) -> &GradientProfile {
        self.observer.profile()
    }

    /// The specification that it was built from.
    pub fn spec(&self) -> &TrainerSpec {
        &self.spec
    }

    /// The context that it runs with.
    pub fn context(&self) -> &Context<R> {
        &self.ctx
    }

    /// The instruction set.
    pub fn instruction_set(&self) -> InstructionSet {
        self.ctx.instruction_set()
    }

    /// The model.
    pub fn model(&self) -> &Model<R> {
        &self.model
    }

    /// Sets known class weights, see [`Model::weigh_classes`].
    pub fn weigh_classes(&mut self, weights: &[f64]) {
        self.model.weigh_classes(weights);
    }

    /// The batch of the last step, taken or not.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The weights.
    pub fn params(&self) -> &Params<R> {
        &self.params
    }

    /// The weights for writing, so that a checkpoint can restore them.
    pub fn params_mut(&mut self) -> &mut Params<R> {
        self.updater.invalidate_bounds();
        &mut self.params
    }

    /// The optimizer with its moments.
    pub fn optimizer(&self) -> &Optimizer<R> {
        self.updater.optimizer()
    }

    /// The optimizer for writing, see [`Trainer::optimizer`].
    pub fn optimizer_mut(&mut self) -> &mut Optimizer<R> {
        self.updater.optimizer_mut()
    }

    /// The recurrent state before the next window.
    pub fn state(&self) -> &State<R> {
        &self.state
    }

    /// The state for writing, see [`Trainer::state`].
    pub fn state_mut(&mut self) -> &mut State<R> {
        &mut self.state
    }

    /// The position of training in its data.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Sets the position from which training continues.
    pub fn set_position(&mut self, position: Position) {
        self.position = position;
    }
}

impl<R: Real> Trainer<R> {
    /// Injects a fault into all steps from now on, see
    /// [`FaultInjection`](crate::bptt::layer::FaultInjection); None removes it.
    pub fn inject_fault(&mut self, plant: Option<crate::bptt::layer::FaultInjection>) {
        self.model.inject_fault(plant);
    }
}
