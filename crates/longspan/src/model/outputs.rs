//! The outputs of a model and their scores, without a gradient.

use super::{Model, ModelSpec, Readout};
use crate::batch::{Batch, IGNORE, Values};
use crate::bptt::{Keep, Pass, State};
use crate::cell::Real;
use crate::model::head::{Score, TargetScores};
use crate::model::pooling::Pooling;
use crate::params::Params;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Buffer, Context};

impl<R: Real> Model<R> {
    /// Scores a batch. `state` is the state before the batch on entry (an encoder overwrites it with its last
    /// state) and the state after it on return. If the initial state is learned, a batch without a carried
    /// state starts from it instead. The same holds for the passes below.
    ///
    /// # Panics
    /// If a state is carried over in a bidirectional model.
    pub fn evaluate(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
    ) -> Score {
        self.forward(&mut Pass::new(ctx, params), batch, Keep::Outputs, state);
        self.score(ctx, params, batch, &batch.targets, &batch.values, None)
    }

    /// Scores a batch as [`Model::evaluate`] does, with the same result, and replaces the content of `each` by the
    /// scores of its single targets.
    pub fn evaluate_each(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        state: &mut State<R>,
        each: &mut TargetScores,
    ) -> Score {
        each.clear();
        self.forward(&mut Pass::new(ctx, params), batch, Keep::Outputs, state);
        let row = |position: usize| match self.spec.pool {
            Pooling::Last => batch.shape.position(position).1 as u32,
            _ => position as u32,
        };
        match self.readout {
            Readout::Classes(_) => {
                let scored = (0..batch.targets.len()).filter(|&position| batch.targets[position] != IGNORE);
                each.rows.extend(scored.map(row));
            }
            Readout::Values(_) => {
                each.rows.extend(batch.values.positions.iter().map(|&position| row(position as usize)));
            }
        }
        self.score(ctx, params, batch, &batch.targets, &batch.values, Some(each))
    }

    /// Returns the loss of each scored target, in ascending order of positions; meant for few targets.
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
            losses.push(self.score(ctx, params, batch, &targets, &Values::default(), None).loss);
            targets[at] = IGNORE;
        }
        let width = batch.values.targets.len() / batch.values.positions.len().max(1);
        for (i, &position) in batch.values.positions.iter().enumerate() {
            let targets = batch.values.targets[i * width..][..width].to_vec();
            let value = Values { positions: vec![position], targets };
            losses.push(self.score(ctx, params, batch, &[], &value, None).loss);
        }
        losses
    }

    /// The weights that [`Model::weigh_classes`] has set; empty if all weights are 1.
    pub fn class_weights(&self) -> &[f64] {
        match &self.readout {
            Readout::Classes(classes) => classes.weights(),
            Readout::Values(_) => &[],
        }
    }

    /// Scores the outputs in `y`.
    fn score(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        batch: &Batch,
        targets: &[u32],
        values: &Values,
        each: Option<&mut TargetScores>,
    ) -> Score {
        let h = seen(ctx, &self.spec, &batch.shape, &self.y, &mut self.pooled);
        match &mut self.readout {
            Readout::Classes(classes) => classes.score(ctx, params, h, targets, each),
            Readout::Values(readout) => {
                readout.score(ctx, params, h, &values.positions, &values.targets, each)
            }
        }
    }

    /// Returns the outputs at some positions, or rows if the readout pools: logits of classes or labels, or
    /// values, `[positions, K]`. `state` is the state before the batch on entry and the state after it on
    /// return.
    ///
    /// # Panics
    /// If there is no such position.
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
        let h = seen(ctx, &self.spec, &batch.shape, &self.y, &mut self.pooled);
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

/// Returns the input of the readout, given the outputs `y`: these, or the pooled outputs of each row.
fn seen<'a, R: Real>(
    ctx: &Context<R>,
    spec: &ModelSpec,
    shape: &PackedShape,
    y: &'a [R],
    pooled: &'a mut Buffer<R>,
) -> &'a [R] {
    let (hidden, y) = (spec.width(), &y[..shape.positions() * spec.width()]);
    match spec.pool {
        Pooling::Last => y,
        pool => {
            pooled.grow(shape.rows() * hidden);
            let pooled = &mut pooled[..shape.rows() * hidden];
            pool.read(ctx, shape, y, hidden, pooled);
            pooled
        }
    }
}
