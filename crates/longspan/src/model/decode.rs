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
    /// Greedy decoding: reads what the encoder reads and the tokens of the first step, then at each step the likeliest token of
    /// the one before. What it says at each place of the batch, whose other inputs and targets it does not see.
    ///
    /// # Panics
    /// If the model has no encoder, or does not predict the tokens that it reads.
    pub fn decode(&mut self, ctx: &Context<R>, params: &Params<R>, batch: &Batch) -> Vec<u32> {
        let (extent, spec) = (&batch.extent, &self.spec);
        let vocabulary = match (spec.encoder, spec.input, spec.output) {
            (Some(_), InputSpec::Tokens { vocabulary, .. }, OutputSpec::Classes { count, .. })
                if vocabulary == count =>
            {
                vocabulary
            }
            _ => panic!("nothing to decode with {spec:?}"),
        };
        let rows = extent.rows();
        let mut state = self.zero_state(rows);
        self.encode(&mut Pass::new(ctx, params), batch, Keep::Outputs, &mut state);
        let mut steps = self.steps_from(state);
        let mut tokens = batch.inputs[..rows].to_vec();
        let mut logits = vec![R::ZERO; rows * vocabulary];
        let mut said = Vec::with_capacity(extent.positions());
        for t in 0..extent.steps() {
            self.step(ctx, params, StepInput::Tokens(&tokens), &mut steps, &mut logits);
            for (token, logits) in tokens.iter_mut().zip(logits.chunks(vocabulary)) {
                *token = likeliest(logits);
            }
            // Rows that have ended go on unheard.
            said.extend_from_slice(&tokens[..extent.rows_at(t)]);
        }
        said
    }
}

/// The largest logit's token, the first of equal ones.
fn likeliest<R: Real>(logits: &[R]) -> u32 {
    let mut best = 0;
    for (token, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = token;
        }
    }
    best as u32
}
