//! What comes out of a model, and how it scores, without a gradient.

use super::{Model, ModelSpec, Readout};
use crate::batch::Values;
use crate::batch::{Batch, IGNORE};
use crate::bptt::{Keep, Pass, State};
use crate::cell::Real;
use crate::model::head::Score;
use crate::model::pooling::Pooling;
use crate::params::Params;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Buffer, Context};

impl<R: Real> Model<R> {
    /// Scores a batch; `state` goes in as the state before, or where there is an encoder is overwritten by its last one, and comes
    /// out as the state after. Where a state is learned, a batch whose state is not carried over begins with that one instead, here
    /// and in the passes below.
    ///
    /// # Panics
    /// If a state is carried over to a model that reads rows both ways, here and in the passes below.
    pub fn evaluate(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
    ) -> Score {
        self.forward(&mut Pass::new(ctx, params), batch, Keep::Outputs, state);
        self.score(ctx, params, batch, &batch.targets, &batch.values)
    }

    /// The loss of each scored target alone, places ascending; for few of them.
    pub fn losses(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
    ) -> Vec<f64> {
        self.forward(&mut Pass::new(ctx, params), batch, Keep::Outputs, state);
        let (mut targets, mut losses) = (vec![IGNORE; batch.targets.len()], Vec::new());
        for (at, &target) in batch.targets.iter().enumerate().filter(|(_, target)| **target != IGNORE) {
            targets[at] = target;
            losses.push(self.score(ctx, params, batch, &targets, &Values::default()).loss);
            targets[at] = IGNORE;
        }
        let width = batch.values.targets.len() / batch.values.positions.len().max(1);
        for (i, &position) in batch.values.positions.iter().enumerate() {
            let targets = batch.values.targets[i * width..][..width].to_vec();
            let value = Values { positions: vec![position], targets };
            losses.push(self.score(ctx, params, batch, &[], &value).loss);
        }
        losses
    }

    /// The weights that [`Model::weigh_classes`] was given; empty where all weigh the same.
    pub fn class_weights(&self) -> &[f64] {
        match &self.readout {
            Readout::Classes(classes) => classes.weights(),
            Readout::Values(_) => &[],
        }
    }

    /// What the readout makes of the outputs in `y`.
    fn score(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        targets: &[u32],
        values: &Values,
    ) -> Score {
        let h = seen(ctx, &self.spec, &batch.extent, &self.y, &mut self.pooled);
        match &mut self.readout {
            Readout::Classes(classes) => classes.score(ctx, params, h, targets),
            Readout::Values(readout) => readout.score(ctx, params, h, &values.positions, &values.targets),
        }
    }

    /// What comes out at some places, or rows where the readout sees a mean: logits of classes or of labels, or values,
    /// `[positions, K]`. `state` goes in as the state before and comes out as the state after.
    ///
    /// # Panics
    /// If there is no such place.
    pub fn predict(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
        positions: &[u32],
        out: &mut Vec<R>,
    ) {
        self.forward(&mut Pass::new(ctx, params), batch, Keep::Outputs, state);
        let hidden = self.spec.width();
        let h = seen(ctx, &self.spec, &batch.extent, &self.y, &mut self.pooled);
        let read: Vec<R> = positions
            .iter()
            .flat_map(|&position| &h[position as usize * hidden..][..hidden])
            .copied()
            .collect();
        out.clear();
        out.resize(positions.len() * self.spec.output.width(), R::ZERO);
        self.readout.outputs(ctx, params, &read, out);
    }
}

/// What the readout sees of the outputs `y`: these, or what a pool makes of each row's.
fn seen<'a, R: Real>(
    ctx: &Context<R>,
    spec: &ModelSpec,
    extent: &PackedShape,
    y: &'a [R],
    pooled: &'a mut Buffer<R>,
) -> &'a [R] {
    let (hidden, y) = (spec.width(), &y[..extent.positions() * spec.width()]);
    match spec.pool {
        Pooling::Last => y,
        pool => {
            pooled.grow(extent.rows() * hidden);
            let pooled = &mut pooled[..extent.rows() * hidden];
            pool.read(ctx, extent, y, hidden, pooled);
            pooled
        }
    }
}
