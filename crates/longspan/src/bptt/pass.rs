//! The common arguments of a pass through layers.

use super::observer::Observer;
use super::part::Part;
use crate::bptt::dropout::Dropout;
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::Context;

/// The context, weights, dropout and observer of a pass, shared by a model and everything in it.
///
/// Layers use the weights that were last packed; `params` must be these weights. A backward pass gets the
/// same values as its forward pass; only the observer may differ.
pub struct Pass<'a, R> {
    /// Threads and instruction set.
    pub ctx: &'a Context<R>,
    /// The weights.
    pub params: &'a Params<R>,
    /// The masks of this training step; None for no dropout.
    pub dropout: Option<Dropout>,
    /// Observes the pass; it changes no bit of the result.
    pub observer: &'a mut dyn Observer<R>,
    /// The part of the model that runs.
    pub part: Part,
}

impl<'a, R: Real> Pass<'a, R> {
    /// Builds a pass without dropout and without an observer.
    pub fn new(ctx: &'a Context<R>, params: &'a Params<R>) -> Self {
        // A box of size zero allocates nothing.
        let nobody = Box::leak(Box::new(()));
        Self { ctx, params, dropout: None, observer: nobody, part: Part::default() }
    }

    /// Returns the same pass with dropout.
    pub fn with_dropout(self, dropout: Option<Dropout>) -> Self {
        Self { dropout, ..self }
    }

    /// Returns the same pass with an observer.
    pub fn observed_by(self, observer: &'a mut dyn Observer<R>) -> Self {
        Self { observer, ..self }
    }

    /// Returns a pass through one part of the model, with its own masks.
    pub(crate) fn through(&mut self, part: Part, dropout: Option<Dropout>) -> Pass<'_, R> {
        Pass { ctx: self.ctx, params: self.params, dropout, observer: &mut *self.observer, part }
    }
}
