//! Observes training steps: the gradient at every time step, and a snapshot at regular intervals.

use longspan_record::{LagSnapshot, Snapshot, StepRecord, TensorRecord};
use std::sync::Arc;

use super::batch::BatchStatistics;
use super::gates::GateCounts;
use super::lag::LagObserver;
use super::profile::Scratch;
use super::updates::Updates;
use super::{GradientProfile, Observe};
use crate::batch::Batch;
use crate::bptt::{BackwardStep, Observer, State};
use crate::cell::Real;
use crate::model::ModelSpec;
use crate::model::pooling::Pooling;
use crate::optim::Optimizer;
use crate::params::{Layout, Params};
use longspan_kernel::Context;

/// Number of snapshots from one lag profile to the next in training. The pass that measures it costs less than a
/// training step, so at the default interval of ten steps it adds less than 2 % on average.
const LAG_EVERY: u64 = 5;

/// Observes the training steps of one model. It gets read-only views; it reuses the memory of the first
/// snapshot.
pub struct StepObserver<R> {
    spec: ModelSpec,
    /// Number of layers as counted in a [`BackwardStep`].
    layers: usize,
    tier: Observe,
    every: u64,
    /// Number of snapshots from one lag profile to the next.
    lag_every: u64,
    /// Whether the current step, or else the last one, is a snapshot.
    is_snapshot: bool,
    profile: GradientProfile,
    scratch: Scratch<R>,
    gates: GateCounts<R>,
    updates: Updates,
    batch: BatchStatistics,
    /// The step of the current pass.
    step: u64,
    lag: LagObserver,
    /// Whether the lag profile of the current step, or else of the last one, was measured.
    has_lag: bool,
    /// The memory of the last lag profile.
    lag_snapshot: LagSnapshot,
    /// The memory of the last snapshot.
    snapshot: Snapshot,
}

impl<R: Real> StepObserver<R> {
    /// Builds an observer that takes snapshots at step 1 and at every step whose number is a multiple of
    /// `every`. `layers` is the number of layers as counted in a [`BackwardStep`]; `seed` draws the anchors of lag
    /// profiles.
    pub fn new(spec: ModelSpec, layers: usize, tier: Observe, every: u64, seed: u64) -> Self {
        Self {
            gates: GateCounts::new(spec.cell, layers, spec.hidden),
            step: 0,
            lag: LagObserver::new(spec.clone(), layers, seed),
            has_lag: false,
            lag_snapshot: LagSnapshot::default(),
            spec,
            layers,
            tier,
            every,
            lag_every: LAG_EVERY,
            is_snapshot: false,
            profile: GradientProfile::default(),
            scratch: Scratch::default(),
            updates: Updates::default(),
            batch: BatchStatistics::default(),
            snapshot: Snapshot::default(),
        }
    }

    /// Sets the tier and the interval, from the next step on.
    pub fn set(&mut self, tier: Observe, every: u64) {
        (self.tier, self.every) = (tier, every);
    }

    /// Returns the same observer, which measures the lag profile at every snapshot.
    pub(super) fn with_every_lag(self) -> Self {
        Self { lag_every: 1, ..self }
    }

    /// What the readout reads.
    pub(super) fn pool(&self) -> Pooling {
        self.spec.pool
    }

    /// Sets what the readout reads, from the next pass on.
    pub(super) fn set_pool(&mut self, pool: Pooling) {
        self.spec.pool = pool;
        self.lag.set_pool(pool);
    }

    /// Announces the pass of step `step`, counted from 1.
    pub fn begin_step(&mut self, step: u64) {
        self.is_snapshot = self.tier > Observe::Off && (step == 1 || step.is_multiple_of(self.every));
        (self.step, self.has_lag) = (step, false);
    }

    /// Measures the lag profile after the pass over `batch`, if it is due: at step 1 and, in training, at every fifth
    /// snapshot. `pass` runs the backward pass through the states from the anchor of each row that has one, as
    /// [`Model::follow_back`](crate::model::Model::follow_back) does.
    pub fn follow_back(&mut self, batch: &Batch, pass: impl FnOnce(&mut dyn Observer<R>, &[Option<usize>])) {
        let due = self.step == 1 || self.step.is_multiple_of(self.every.saturating_mul(self.lag_every));
        if !(self.is_snapshot && due && self.lag.begin(batch, self.step)) {
            return;
        }
        let anchors = self.lag.take_anchors();
        pass(&mut self.lag, anchors.of_rows());
        self.lag.restore_anchors(anchors);
        self.lag.write(&mut self.lag_snapshot);
        self.has_lag = true;
    }

    /// Updates the weights with the optimizer and observes the update.
    pub fn watch_update(
        &mut self,
        ctx: &Context<R>,
        lr: f64,
        optimizer: &mut Optimizer<R>,
        params: &mut Params<R>,
        grads: &mut Params<R>,
    ) {
        if !self.is_snapshot {
            return optimizer.step(ctx, lr, params, grads);
        }
        let (layout, updates) = (Arc::clone(params.layout()), &mut self.updates);
        updates.clear(layout.entries().len());
        let mut watch =
            |first, before: &[R], after: &[R]| updates.add(ctx, layout.entries(), first, before, after);
        optimizer.step_watched(ctx, lr, params, grads, Some(&mut watch));
    }

    /// The gradient profile of the window; without layers if nothing was observed.
    pub fn profile(&self) -> &GradientProfile {
        &self.profile
    }

    /// Writes the observations of a step into its record. `shares` are the tensors' shares of the squared
    /// gradient norm.
    pub fn write(&mut self, record: &mut StepRecord, layout: &Layout, shares: &[f64]) {
        let profile = &self.profile;
        record.log10_survival.clear();
        record.log10_survival.extend((0..profile.layers()).map(|layer| profile.log10_survival(layer)));
        record.decoder_start = profile.decoder_start().filter(|_| profile.layers() > 0);
        // Snapshots after the first allocate nothing: the memory is kept between them.
        if let Some(snapshot) = record.snapshot.take() {
            self.snapshot = snapshot;
            // That of this step, if there is one, is already written.
            if let Some(lag) = self.snapshot.lag.take().filter(|_| !self.has_lag) {
                self.lag_snapshot = lag;
            }
        }
        if self.is_snapshot {
            self.write_snapshot(layout, shares);
            record.snapshot = Some(std::mem::take(&mut self.snapshot));
        }
    }

    fn write_snapshot(&mut self, layout: &Layout, shares: &[f64]) {
        let snapshot = &mut self.snapshot;
        snapshot.batch.clone_from(self.batch.record());
        snapshot.log10_update_ratio = self.updates.whole();
        snapshot.tensors.resize_with(shares.len(), TensorRecord::default);
        let entries = layout.entries().iter().zip(shares).zip(self.updates.tensors());
        for (tensor, ((entry, &share), (squares, log10_update_ratio))) in
            snapshot.tensors.iter_mut().zip(entries)
        {
            tensor.name.clone_from(&entry.name);
            (tensor.share, tensor.log10_update_ratio) = (share, log10_update_ratio);
            tensor.rms = Some((squares / entry.range().len() as f64).sqrt());
        }
        match self.tier {
            Observe::Full => self.gates.write(&mut snapshot.layers),
            _ => snapshot.layers.clear(),
        }
        snapshot.lag = self.has_lag.then(|| std::mem::take(&mut self.lag_snapshot));
    }
}

impl<R: Real> Observer<R> for StepObserver<R> {
    fn begin(&mut self, batch: &Batch, _: &State<R>) {
        let before = batch.encoded.shape.steps();
        let (steps, spec) = (before + batch.steps(), &self.spec);
        match self.tier {
            Observe::Off => self.profile.open(0, steps),
            Observe::Full if self.is_snapshot => self.profile.open_closely(spec.cell, self.layers, steps),
            _ => self.profile.open(self.layers, steps),
        }
        self.profile.mark((before > 0).then_some(before));
        if self.tier > Observe::Off && spec.pool != Pooling::Mean {
            // Also for the passes of later snapshots, which may read the same batches.
            self.lag.reserve(batch);
        }
        if self.is_snapshot {
            self.batch.add(batch, self.spec.pool != Pooling::Last);
            self.gates.clear(steps);
        }
    }

    fn backward_step(&mut self, ctx: &Context<R>, step: &BackwardStep<'_, R>) {
        let &ModelSpec { cell, hidden, .. } = &self.spec;
        match self.tier {
            Observe::Off => {}
            Observe::Full if self.is_snapshot => {
                self.profile.record_closely(ctx, cell, hidden, step, &mut self.scratch);
                self.gates.add(ctx.instruction_set(), step);
            }
            _ => _ = self.profile.record(ctx.instruction_set(), hidden, step),
        }
    }
}
