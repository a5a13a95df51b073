//! The gradient of one loss per row, through the states only.

use super::{Model, cleared, of_stack, window};
use crate::batch::Batch;
use crate::bptt::Pass;
use crate::cell::Real;
use crate::lag::seed::scale;
use crate::model::pooling::Pooling;
use longspan_kernel::packed_shape::PackedShape;

impl<R: Real> Model<R> {
    /// Runs the backward pass of the last [`Model::train`] again, from the loss at one step of each row: its
    /// anchor. The pass goes through the states only and computes no gradient of a weight; the observer sees
    /// every [`BackwardStep`](crate::bptt::BackwardStep). It reuses tapes and states, and changes nothing that a
    /// later [`Model::pack`] and pass read.
    ///
    /// The gradient that the readout has put at the anchor is multiplied by a power of two, so that its largest
    /// element is between 1 and 2. Then a vanishing gradient can be followed down to the smallest normal number.
    ///
    /// # Shapes
    /// `anchors`: for each row, its anchor, if it has one. If the readout pools both ends, the anchor of a row is
    /// its last step, and the gradient enters both directions, each at its own last step.
    ///
    /// # Panics
    /// If the readout pools the mean of all steps, so that no step has a loss of its own; if batch and dropout are
    /// not those of the last [`Model::train`].
    pub fn follow_back(&mut self, pass: &mut Pass<'_, R>, batch: &Batch, anchors: &[Option<usize>]) {
        let (shape, width) = (&batch.shape, self.spec.width());
        assert_eq!(anchors.len(), shape.rows(), "rows with or without an anchor");
        self.keep_anchors(pass, shape, anchors);
        let d_y = &self.y[..shape.positions() * width];
        let d_state = cleared(&mut self.d_state, &self.stack, shape.rows());
        let window = window(self.embedding, batch, &self.x);
        self.stack.propagate(&mut of_stack(pass, batch), window, d_y, d_state, None);
        if let Some(encoder) = &mut self.encoder {
            encoder.backward(pass, &batch.encoded, d_state, None);
        }
    }

    /// Sets the gradient with respect to the readout's input to zero everywhere but at the anchors, and scales it
    /// there.
    fn keep_anchors(&mut self, pass: &Pass<'_, R>, shape: &PackedShape, anchors: &[Option<usize>]) {
        let (width, pool) = (self.spec.width(), self.spec.pool);
        let y = &mut self.y[..shape.positions() * width];
        self.pooled.grow(shape.rows() * width);
        let kept = &mut self.pooled[..shape.rows() * width];
        let position = |row: usize, t: usize| (shape.offset(t) + row) * width;
        match pool {
            Pooling::Mean => panic!("the mean of all steps has no anchor"),
            Pooling::BothEnds => pool.read(pass.ctx, shape, y, width, kept),
            Pooling::Last => {
                for (row, kept) in kept.chunks_mut(width).enumerate() {
                    if let Some(t) = anchors[row] {
                        kept.copy_from_slice(&y[position(row, t)..][..width]);
                    }
                }
            }
        }
        for (kept, anchor) in kept.chunks_mut(width).zip(anchors) {
            if anchor.is_some() { scale(kept) } else { kept.fill(R::ZERO) }
        }
        if pool == Pooling::BothEnds {
            return pool.read_back(pass.ctx, shape, kept, width, y);
        }
        y.fill(R::ZERO);
        for (row, kept) in kept.chunks(width).enumerate() {
            if let Some(t) = anchors[row] {
                y[position(row, t)..][..width].copy_from_slice(kept);
            }
        }
    }
}
