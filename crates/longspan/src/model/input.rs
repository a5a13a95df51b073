//! What a stack reads of a batch: rows of an embedding, or numbers in the model's own type.

use super::InputSpec;
use crate::bptt::Input;
use crate::cell::Real;
use crate::params::{Group, Layout};
use longspan_kernel::Buffer;

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

/// Takes the numbers of a batch in the model's own type; nothing where tokens are read.
pub(super) fn take_numbers<R: Real>(embedding: Option<usize>, numbers: &[f32], x: &mut Buffer<R>) {
    if embedding.is_none() {
        x.grow(numbers.len());
        x.iter_mut().zip(numbers).for_each(|(x, &number)| *x = R::from_f64(f64::from(number)));
    }
}

/// What a stack reads of a batch whose `numbers` numbers have been taken.
pub(super) fn input<'a, R: Real>(
    embedding: Option<usize>,
    tokens: &'a [u32],
    numbers: usize,
    x: &'a Buffer<R>,
) -> Input<'a, R> {
    match embedding {
        Some(embedding) => Input::Rows(embedding, tokens),
        None => Input::Numbers(&x[..numbers]),
    }
}
