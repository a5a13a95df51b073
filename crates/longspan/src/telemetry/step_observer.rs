//! What watches training steps: the gradient at every time step, and every so many steps more.

use longspan_record::{Snapshot, StepRecord, TensorRecord};
use std::sync::Arc;

use super::batch::BatchLook;
use super::gates::GateCounts;
use super::profile::Scratch;
use super::updates::Updates;
use super::{GradientProfile, Observe};
use crate::batch::Batch;
use crate::bptt::{BackwardStep, Observer, State};
use crate::cell::Real;
use crate::model::pooling::Pooling;
use crate::model::{Model, ModelSpec};
use crate::optim::Optimizer;
use crate::params::{Layout, Params};
use longspan_kernel::Context;

/// Observes the training steps of one model. It is given views; its memory is that of the first closer look.
pub struct StepObserver<R> {
    spec: ModelSpec,
    /// Layers as a [`BackwardStep`] counts them.
    layers: usize,
    tier: Observe,
    every: u64,
    /// Whether it looks closely at the step in progress, or did at the last one.
    closely: bool,
    profile: GradientProfile,
    scratch: Scratch<R>,
    gates: GateCounts<R>,
    updates: Updates,
    batch: BatchLook,
    /// The memory of the last closer look.
    snapshot: Snapshot,
}

impl<R: Real> StepObserver<R> {
    /// For a closer look at step 1 and every step whose number is a multiple of `every`.
    pub fn new(model: &Model<R>, tier: Observe, every: u64) -> Self {
        let (spec, layers) = (model.spec().clone(), model.states());
        Self {
            gates: GateCounts::new(spec.cell, layers, spec.hidden),
            spec,
            layers,
            tier,
            every,
            closely: false,
            profile: GradientProfile::default(),
            scratch: Scratch::default(),
            updates: Updates::default(),
            batch: BatchLook::default(),
            snapshot: Snapshot::default(),
        }
    }

    /// Another tier and interval, from the next step on.
    pub fn set(&mut self, tier: Observe, every: u64) {
        (self.tier, self.every) = (tier, every);
    }

    /// The next pass is that of step `step`, from 1.
    pub fn begin_step(&mut self, step: u64) {
        self.closely = self.tier > Observe::Off && (step == 1 || step.is_multiple_of(self.every));
    }

    /// Takes a step with the optimizer.
    pub fn watch_update(
        &mut self,
        ctx: &Context<R>,
        lr: f64,
        optimizer: &mut Optimizer<R>,
        params: &mut Params<R>,
        grads: &mut Params<R>,
    ) {
        if !self.closely {
            return optimizer.step(ctx, lr, params, grads);
        }
        let (layout, updates) = (Arc::clone(params.layout()), &mut self.updates);
        updates.clear(layout.entries().len());
        let mut watch =
            |first, before: &[R], after: &[R]| updates.see(ctx, layout.entries(), first, before, after);
        optimizer.step_watched(ctx, lr, params, grads, Some(&mut watch));
    }

    /// The gradient's profile along the window; without layers if nobody looked.
    pub fn profile(&self) -> &GradientProfile {
        &self.profile
    }

    /// Writes what was observed of a step into its record. `shares` are those of the tensors in the squared norm of the gradient.
    pub fn write(&mut self, record: &mut StepRecord, layout: &Layout, shares: &[f64]) {
        let profile = &self.profile;
        record.log10_survival.clear();
        record.log10_survival.extend((0..profile.layers()).map(|layer| profile.log10_survival(layer)));
        record.decoder_start = profile.decoder_start().filter(|_| profile.layers() > 0);
        // A closer look allocates nothing after the first: its memory is kept between looks.
        if let Some(look) = record.snapshot.take() {
            self.snapshot = look;
        }
        if self.closely {
            self.write_look(layout, shares);
            record.snapshot = Some(std::mem::take(&mut self.snapshot));
        }
    }

    fn write_look(&mut self, layout: &Layout, shares: &[f64]) {
        let look = &mut self.snapshot;
        look.batch.clone_from(self.batch.record());
        look.log10_update_ratio = self.updates.whole();
        look.tensors.resize_with(shares.len(), TensorRecord::default);
        let entries = layout.entries().iter().zip(shares).zip(self.updates.tensors());
        for (tensor, ((entry, &share), log10_update_ratio)) in look.tensors.iter_mut().zip(entries) {
            tensor.name.clone_from(&entry.name);
            (tensor.share, tensor.log10_update_ratio) = (share, log10_update_ratio);
        }
        match self.tier {
            Observe::Full => self.gates.write(&mut look.layers),
            _ => look.layers.clear(),
        }
    }
}

impl<R: Real> Observer<R> for StepObserver<R> {
    fn begin(&mut self, batch: &Batch, _: &State<R>) {
        let before = batch.encoded.extent.steps();
        let (steps, spec) = (before + batch.steps(), &self.spec);
        match self.tier {
            Observe::Off => self.profile.open(0, steps),
            Observe::Full if self.closely => self.profile.open_closely(spec.cell, self.layers, steps),
            _ => self.profile.open(self.layers, steps),
        }
        self.profile.mark((before > 0).then_some(before));
        if self.closely {
            self.batch.see(batch, self.spec.pool != Pooling::Last);
            self.gates.clear(steps);
        }
    }

    fn backward_step(&mut self, ctx: &Context<R>, flow: &BackwardStep<'_, R>) {
        let &ModelSpec { cell, hidden, .. } = &self.spec;
        match self.tier {
            Observe::Off => {}
            Observe::Full if self.closely => {
                self.profile.record_closely(ctx, cell, hidden, flow, &mut self.scratch);
                self.gates.see(ctx.instruction_set(), flow);
            }
            _ => _ = self.profile.record(ctx.instruction_set(), hidden, flow),
        }
    }
}
