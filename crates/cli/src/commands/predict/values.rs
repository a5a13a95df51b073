//! The channels that a model reads, and the values that it returns.

use longspan_data::labelled::Scaling;
use longspan_data::schema::{Reads, Schema};

use crate::failure::{Failure, fail};

/// The names of the channels, and the scaling of their numbers.
pub(super) fn channels(schema: &Schema) -> (&[String], &Scaling) {
    match &schema.reads {
        Reads::Numbers { channels, scaling, .. } => (channels, scaling),
        Reads::Tokens(_) => unreachable!("the model reads numbers"),
    }
}

/// The name of the probability column of each class or key.
pub(super) fn shares(names: &[String]) -> impl Iterator<Item = String> + '_ {
    names.iter().map(|name| format!("p:{name}"))
}

/// σ(x), the probability of a key.
pub(super) fn probability(x: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(x)).exp())
}

/// Checks the outputs of a model.
///
/// # Errors
/// A message if an output is not finite, which happens if training diverged.
pub(super) fn finite(values: &[f32]) -> Result<(), Failure> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(fail(
            "the outputs of the model are not finite, because its training diverged: choose another --checkpoint",
        )),
    }
}
