//! One training step after another: batch, forward, backward, clip, update.

mod fault;
mod spec;
mod update;

pub use spec::TrainerSpec;
use update::Updater;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::balance::balanced;
use crate::batch::{Batch, Source};
use crate::bptt::dropout::{Dropout, Mask};
use crate::bptt::{Pass, State};
use crate::cell::Real;
use crate::model::head::Score;
use crate::model::init::{InitSpec, initialise};
use crate::model::{Model, OutputSpec};
use crate::optim::Optimizer;
use crate::optim::clip::{Clip, ClipReport};
use crate::params::Params;
use crate::telemetry::{GradientProfile, Observe, StepObserver};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::StepRecord;

/// Where training is in its data: the next window, and how many steps were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Passes completed.
    pub epoch: u64,
    /// Next window of this pass.
    pub window: u64,
    /// Steps taken.
    pub step: u64,
}

/// A loss or gradient that is not finite, or an update that was not. The step was not taken: weights, moments and position are those before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The step that failed, from 1.
    pub step: u64,
    /// Its pass, from 1.
    pub epoch: u64,
    /// Its mean loss.
    pub loss: f64,
    /// Its gradient's global norm.
    pub global_norm: f64,
    /// Its learning rate.
    pub lr: f64,
}

/// A model in training.
pub struct Trainer<R> {
    ctx: Context<R>,
    model: Model<R>,
    params: Params<R>,
    /// Zero between steps.
    grads: Params<R>,
    updater: Updater<R>,
    clip: Clip,
    clip_report: ClipReport,
    dropout: f64,
    mask: Mask,
    seed: u64,
    position: Position,
    state: State<R>,
    before: State<R>,
    batch: Batch,
    /// What the last step made of its batch, and its record.
    score: Score,
    record: StepRecord,
    observer: StepObserver<R>,
}

impl<R: Real> Trainer<R> {
    /// A model with fresh weights at the beginning of its data.
    pub fn new(ctx: Context<R>, spec: &TrainerSpec) -> Self {
        let mut model = Model::new(ctx.instruction_set(), &spec.model);
        model.limit_memory(spec.memory_limit);
        let mut params = Params::zeros(Arc::clone(model.layout()));
        let init = InitSpec {
            init: spec.init,
            forget_bias: spec.forget_bias,
            cell: spec.model.cell,
            seed: spec.seed,
        };
        initialise(&ctx, &mut params, &init);
        Self {
            grads: Params::zeros(Arc::clone(model.layout())),
            updater: Updater::new(Optimizer::new(spec.optimizer, Arc::clone(model.layout()))),
            clip: spec.clip,
            clip_report: ClipReport::default(),
            dropout: spec.dropout,
            mask: spec.dropout_mask,
            seed: spec.seed,
            position: Position::default(),
            state: model.zero_state(spec.batch),
            before: model.zero_state(spec.batch),
            batch: Batch::default(),
            score: Score::default(),
            record: StepRecord::default(),
            observer: StepObserver::new(&model, spec.observe, spec.observe_every),
            ctx,
            model,
            params,
        }
    }

    /// Weighs the classes of what is trained on against their frequency in one pass of `source`, which is the training part: see
    /// [`balanced`]. A run that is resumed has to be told again.
    ///
    /// # Panics
    /// If the model predicts numbers.
    pub fn balance_classes(&mut self, source: &dyn Source) {
        let OutputSpec::Classes { count, .. } = self.model.spec().output else {
            panic!("class weights for {:?}", self.model.spec())
        };
        self.model.weigh_classes(&balanced(&source.class_counts(count)));
    }

    /// From the next step on observes as `tier` says, closely every `every` steps; the configuration's until then.
    pub fn observe(&mut self, tier: Observe, every: u64) {
        self.observer.set(tier, every);
    }

    /// Takes one step on the next window of `source` with learning rate `lr`.
    ///
    /// # Errors
    /// [`Divergence`] if the loss or the gradient is not finite, or weights or moments would not be; nothing has changed then, and
    /// [`Trainer::first_fault`] finds out why. A window that could not be read has
    /// nothing to score, and hence no loss: [`Source::failure`] says so.
    ///
    /// # Panics
    /// If a window of the source has other than [`TrainerSpec::batch`] rows.
    pub fn step(&mut self, source: &dyn Source, lr: f64) -> Result<(), Divergence> {
        let Position { epoch, window, step } = self.position;
        source.fill(epoch, window, &mut self.batch);
        self.before.copy_from(&self.state);
        if !self.batch.carry {
            self.state.clear();
        }
        let dropout = self.masks();
        self.observer.begin_step(step + 1);
        self.model.pack(&self.ctx, &self.params);
        let pass =
            &mut Pass::new(&self.ctx, &self.params).with_dropout(dropout).observed_by(&mut self.observer);
        self.score = self.model.train(pass, &self.batch, &mut self.state, &mut self.grads);
        self.clip.apply(&self.ctx, &mut self.grads, &mut self.clip_report);
        let (loss, global_norm) = (self.score.mean_loss(), self.clip_report.global_norm_before);
        if !loss.is_finite() || !global_norm.is_finite() || !self.take_step(lr) {
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

    /// Updates the weights, unless one would be bad: says whether it did.
    fn take_step(&mut self, lr: f64) -> bool {
        let by = (lr, self.clip_report.global_norm_after);
        self.updater.update(&self.ctx, by, &mut self.params, &mut self.grads, &mut self.observer)
    }

    /// Writes the record of the step that was just taken, into the memory of the one before.
    fn write_record(&mut self, lr: f64) {
        let (record, clip) = (&mut self.record, &self.clip_report);
        (record.step, record.epoch) = (self.position.step + 1, self.position.epoch + 1);
        (record.loss, record.scored) = (self.score.mean_loss(), self.score.scored);
        record.tokens = (self.batch.encoded.extent.positions() + self.batch.extent.positions()) as u64;
        record.lr = lr;
        record.log10_global_norm = clip.global_norm_before.log10();
        record.log10_global_norm_after = clip.global_norm_after.log10();
        record.clipped = clip.acted;
        self.observer.write(record, self.params.layout(), &clip.shares);
    }

    /// The masks of the step that comes next, or has just failed.
    fn masks(&self) -> Option<Dropout> {
        let dropout = Dropout::new(self.dropout, self.seed, self.position.step, self.batch.first_sample);
        dropout.map(|dropout| dropout.of(self.mask))
    }

    /// The last step that was taken, as a run records it.
    pub fn record(&self) -> &StepRecord {
        &self.record
    }

    /// What the weights before the last step made of its batch.
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// What clipping did to the gradient of the last step.
    pub fn clip_report(&self) -> &ClipReport {
        &self.clip_report
    }

    /// Scores all of `source` from a zero state; training is not disturbed. Stops early, with None, when `cancelled`.
    pub fn evaluate(&mut self, source: &dyn Source, cancelled: &dyn Fn() -> bool) -> Option<Score> {
        self.model.pack(&self.ctx, &self.params);
        evaluate(&self.ctx, &mut self.model, &self.params, source, cancelled)
    }

    /// The gradient's profile along the window of the last step; empty if it was not observed.
    pub fn flow(&self) -> &GradientProfile {
        self.observer.profile()
    }

    /// What it runs on.
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

    /// As [`Model::weigh_classes`], with weights that are known.
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

    /// The weights, to be replaced by those of a checkpoint.
    pub fn params_mut(&mut self) -> &mut Params<R> {
        self.updater.forget();
        &mut self.params
    }

    /// The optimizer with its moments.
    pub fn optimizer(&self) -> &Optimizer<R> {
        self.updater.optimizer()
    }

    /// As [`Trainer::optimizer`], writable.
    pub fn optimizer_mut(&mut self) -> &mut Optimizer<R> {
        self.updater.optimizer_mut()
    }

    /// The recurrent state that the next window begins with.
    pub fn state(&self) -> &State<R> {
        &self.state
    }

    /// As [`Trainer::state`], writable.
    pub fn state_mut(&mut self) -> &mut State<R> {
        &mut self.state
    }

    /// Where training is.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Goes on from `position`.
    pub fn set_position(&mut self, position: Position) {
        self.position = position;
    }
}

#[cfg(feature = "fault-injection")]
impl<R: Real> Trainer<R> {
    /// Plants a bad value into the steps from now on, see [`FaultInjection`](crate::bptt::layer::Plant); None takes it away.
    pub fn inject_fault(&mut self, plant: Option<crate::bptt::layer::FaultInjection>) {
        self.model.inject_fault(plant);
    }
}

/// Scores all of `source` from a zero state on the weights last packed; None when `cancelled` says so between windows.
pub fn evaluate<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    source: &dyn Source,
    cancelled: &dyn Fn() -> bool,
) -> Option<Score> {
    let mut state = model.zero_state(source.shape().1);
    let (mut batch, mut total) = (Batch::default(), Score::default());
    for window in 0..source.windows() {
        if cancelled() {
            return None;
        }
        source.fill(0, window, &mut batch);
        if !batch.carry {
            // The last rows of a set may be fewer.
            if state.rows(model.spec().hidden) == batch.rows() {
                state.clear();
            } else {
                state = model.zero_state(batch.rows());
            }
        }
        total += model.evaluate(ctx, params, &batch, &mut state);
    }
    Some(total)
}
