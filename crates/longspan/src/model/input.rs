//! What a stack reads of a batch: rows of an embedding, or numbers in the model's own type.

use super::InputSpec;
use crate::bptt::Input;
use crate::params::{Group, Layout};
use longspan_kernel::Buffer;
use longspan_kernel::real::Real;

/// Lays out the embedding where tokens are read: its index, and the width of what a stack reads.
pub(super) fn reader(input: InputSpec, layout: &mut Layout) -> (Option<usize>, usize) {
    match input {
        InputSpec::Tokens { vocabulary, embedding: width } => {
            assert!(vocabulary > 0 && width > 0, "{vocabulary} tokens of width {width}");
            (Some(layout.push("embedding.weight", &[vocabulary, width], Group::Embedding)), width)
        }
        InputSpec::Numbers { width } => {
            assert!(width > 0, "inputs of no number");
            (None, width)
        }
    }
}

/// What a stack reads of a batch.
pub(super) fn input<'a, R: Real>(
    embedding: Option<usize>,
    tokens: &'a [u32],
    numbers: &[f32],
    x: &'a mut Buffer<R>,
) -> Input<'a, R> {
    match embedding {
        Some(embedding) => Input::Rows(embedding, tokens),
        None => {
            x.grow(numbers.len());
            let x = &mut x[..numbers.len()];
            x.iter_mut().zip(numbers).for_each(|(x, &number)| *x = R::from_f64(f64::from(number)));
            Input::Numbers(x)
        }
    }
}
