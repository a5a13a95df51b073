//! By how much a step changes the weights: log10 ‖Δw‖ / ‖w‖, w the weights before the step.

use crate::kernel::norms::sums_of_squares_and_changes;
use crate::kernel::{Buffer, Context};
use crate::params::Params;
use crate::real::Real;

/// The weights before a step, and what became of them.
pub(super) struct Updates<R> {
    before: Buffer<R>,
    /// Σ w² and Σ Δw² of each tensor.
    sums: Vec<[f64; 2]>,
    partial: Vec<f64>,
}

impl<R: Real> Updates<R> {
    pub(super) fn new() -> Self {
        Self { before: Buffer::zeros(0), sums: Vec::new(), partial: Vec::new() }
    }

    /// Takes the weights before a step.
    pub(super) fn keep(&mut self, params: &Params<R>) {
        self.before.grow(params.flat().len());
        self.before.copy_from_slice(params.flat());
    }

    /// Compares them with those after it.
    pub(super) fn compare(&mut self, ctx: &Context<R>, params: &Params<R>) {
        self.sums.clear();
        for (index, entry) in params.layout().entries().iter().enumerate() {
            let before = &self.before[entry.range()];
            self.sums.push(sums_of_squares_and_changes(ctx, before, params.tensor(index), &mut self.partial));
        }
    }

    /// Of all weights together.
    pub(super) fn whole(&self) -> f64 {
        ratio(self.sums.iter().fold([0.0; 2], |[w, d], [of_w, of_d]| [w + of_w, d + of_d]))
    }

    /// Of each tensor.
    pub(super) fn tensors(&self) -> impl Iterator<Item = f64> {
        self.sums.iter().map(|&sums| ratio(sums))
    }
}

/// log10 of the ratio of the norms; ∞ where zeros became something, −∞ where nothing changed.
fn ratio([weights, changes]: [f64; 2]) -> f64 {
    if changes == 0.0 { f64::NEG_INFINITY } else { 0.5 * (changes / weights).log10() }
}
