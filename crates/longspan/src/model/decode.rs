//! Greedy decoding of an encoder–decoder.

use super::Model;
use super::spec::{InputSpec, OutputSpec};
use super::step::StepInput;
use crate::batch::Batch;
use crate::bptt::{Keep, Pass};
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::Context;

impl<R: Real> Model<R> {
    /// Decodes greedily: the encoder reads its input; the decoder reads the tokens of the first step, then at
    /// each step the most likely token of the step before. Returns the decoded token at each position of the
    /// batch. The batch's other inputs and its targets are not used.
    ///
    /// # Panics
    /// If the model has no encoder, or does not predict the tokens that it reads.
    pub fn decode(&mut self, ctx: &Context<R>, params: &Params<R>, batch: &Batch) -> Vec<u32> {
        let (shape, spec) = (&batch.shape, &self.spec);
        let vocabulary = match (spec.encoder, spec.input, spec.output) {
            (Some(_), InputSpec::Tokens { vocabulary, .. }, OutputSpec::Classes { count, .. })
                if vocabulary == count =>
            {
                vocabulary
            }
            _ => panic!("decoding needs an encoder–decoder that predicts its input tokens, not {spec:?}"),
        };
        let rows = shape.rows();
        let mut state = self.zero_state(rows);
        self.encode(&mut Pass::new(ctx, params), batch, Keep::Outputs, &mut state);
        let mut steps = self.steps_from(state);
        let mut tokens = batch.inputs[..rows].to_vec();
        let mut logits = vec![R::ZERO; rows * vocabulary];
        let mut decoded = Vec::with_capacity(shape.positions());
        for t in 0..shape.steps() {
            self.step(ctx, params, StepInput::Tokens(&tokens), &mut steps, &mut logits);
            for (token, logits) in tokens.iter_mut().zip(logits.chunks(vocabulary)) {
                *token = likeliest(logits);
            }
            // Rows that have ended are still computed; their tokens are dropped.
            decoded.extend_from_slice(&tokens[..shape.rows_at(t)]);
        }
        decoded
    }
}

/// Returns the token with the largest logit, the first of equal ones.
fn likeliest<R: Real>(logits: &[R]) -> u32 {
    let mut best = 0;
    for (token, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = token;
        }
    }
    best as u32
}
