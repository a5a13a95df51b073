//! The input that a stack reads from a batch: rows of an embedding, or numbers in the model's number type.

use super::InputSpec;
use crate::bptt::Input;
use crate::cell::Real;
use crate::params::{Group, Layout};
use longspan_kernel::Buffer;

/// Lays out the embedding if the model reads tokens. Returns its index, and the input width of the stack.
pub(super) fn reader(input: InputSpec, layout: &mut Layout) -> (Option<usize>, usize) {
    match input {
        InputSpec::Tokens { vocabulary, embedding: width } => {
            assert!(
                vocabulary > 0 && width > 0,
                "an embedding needs tokens and columns, not {vocabulary} tokens of width {width}"
            );
            (Some(layout.push("embedding.weight", &[vocabulary, width], Group::Embedding)), width)
        }
        InputSpec::Numbers { width } => {
            assert!(width > 0, "the input width is 0");
            (None, width)
        }
    }
}

/// Converts the numbers of a batch to the model's number type; does nothing if the model reads tokens.
pub(super) fn take_numbers<R: Real>(embedding: Option<usize>, numbers: &[f32], x: &mut Buffer<R>) {
    if embedding.is_none() {
        x.grow(numbers.len());
        x.iter_mut().zip(numbers).for_each(|(x, &number)| *x = R::from_f64(f64::from(number)));
    }
}

/// Returns the input that the stack reads from a batch of `numbers` converted numbers.
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
