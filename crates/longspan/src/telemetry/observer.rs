//! Who watches training: the gradient at every step, and every so many steps more closely.

use longspan_record::{Snapshot, TensorRecord};
use std::sync::Arc;

use super::batch::BatchLook;
use super::gates::GateCounts;
use super::profile::Scratch;
use super::updates::Updates;
use super::{GradientProfile, Observe};
use crate::batch::Batch;
use crate::bptt::BackwardStep;
use crate::model::pooling::Pooling;
use crate::model::{Model, ModelSpec};
use crate::optim::Optimizer;
use crate::params::{Layout, Params};
use longspan_kernel::Context;
use longspan_kernel::real::Real;

/// Watches the training steps of one model. It is given views; its memory is that of the first closer look.
pub struct Observer<R> {
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
}

impl<R: Real> Observer<R> {
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
        }
    }

    /// Another tier and interval, from the next step on.
    pub fn set(&mut self, tier: Observe, every: u64) {
        (self.tier, self.every) = (tier, every);
    }

    /// Begins with step `step`, from 1, on a batch.
    pub fn begin(&mut self, step: u64, batch: &Batch) {
        self.closely = self.tier > Observe::Off && (step == 1 || step.is_multiple_of(self.every));
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

    /// Takes what backward shows at one (layer, step).
    pub fn see(&mut self, ctx: &Context<R>, flow: &BackwardStep<'_, R>) {
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

    /// Whether the last step was looked at closely.
    pub fn looked_closely(&self) -> bool {
        self.closely
    }

    /// What was found there. `shares` are those of the tensors in the squared norm of the gradient.
    pub fn snapshot(&self, layout: &Layout, shares: &[f64]) -> Option<Snapshot> {
        let entries = layout.entries().iter().zip(shares).zip(self.updates.tensors());
        self.closely.then(|| Snapshot {
            batch: self.batch.record().clone(),
            log10_update_ratio: self.updates.whole(),
            tensors: entries
                .map(|((entry, &share), log10_update_ratio)| TensorRecord {
                    name: entry.name.clone(),
                    share,
                    log10_update_ratio,
                })
                .collect(),
            layers: if self.tier == Observe::Full { self.gates.records() } else { Vec::new() },
        })
    }
}
