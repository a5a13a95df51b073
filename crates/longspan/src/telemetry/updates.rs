//! The relative change of the weights in a step: log10 ‖Δw‖ / ‖w‖, where w are the weights before the step.

use crate::cell::Real;
use crate::params::Entry;
use longspan_kernel::Context;
use longspan_kernel::norms::sums_of_squares_and_changes;

/// The changes of the weights in a step.
#[derive(Debug, Default)]
pub(super) struct Updates {
    /// Σ w² and Σ Δw² of each tensor.
    sums: Vec<[f64; 2]>,
    partial: Vec<f64>,
}

impl Updates {
    /// Resets the sums before a step.
    pub(super) fn clear(&mut self, tensors: usize) {
        self.sums.clear();
        self.sums.resize(tensors, [0.0; 2]);
    }

    /// Reads a section of the flat buffer before and after the step.
    pub(super) fn add<R: Real>(
        &mut self,
        ctx: &Context<R>,
        entries: &[Entry],
        first: usize,
        before: &[R],
        after: &[R],
    ) {
        for (entry, [squares, changes]) in entries.iter().zip(&mut self.sums) {
            let whole = entry.range();
            let (from, to) = (whole.start.max(first), whole.end.min(first + before.len()));
            if from < to {
                let position = from - first..to - first;
                let (before, after) = (&before[position.clone()], &after[position]);
                let of_piece = sums_of_squares_and_changes(ctx, before, after, &mut self.partial);
                (*squares, *changes) = (*squares + of_piece[0], *changes + of_piece[1]);
            }
        }
    }

    /// Returns the ratio over all weights.
    pub(super) fn whole(&self) -> f64 {
        ratio(self.sums.iter().fold([0.0; 2], |[w, d], [of_w, of_d]| [w + of_w, d + of_d]))
    }

    /// Returns the sum of squares Σ w² of each tensor, and its ratio.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (f64, f64)> {
        self.sums.iter().map(|&sums| (sums[0], ratio(sums)))
    }
}

/// log10 of the ratio of the norms; ∞ if zeros changed, −∞ if nothing changed.
fn ratio([weights, changes]: [f64; 2]) -> f64 {
    if changes == 0.0 { f64::NEG_INFINITY } else { 0.5 * (changes / weights).log10() }
}
