//! What a pass through layers is given, whatever it reads.

use super::observer::Observer;
use super::part::Part;
use crate::bptt::dropout::Dropout;
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::Context;

/// Context, weights, dropout and observer of a pass: the same for a model and everything in it.
///
/// Layers use the weights that were last packed; `params` are these weights. A backward pass is given what its forward pass was given;
/// only the observer may be another one.
pub struct Pass<'a, R> {
    /// Threads and instruction set.
    pub ctx: &'a Context<R>,
    /// The weights.
    pub params: &'a Params<R>,
    /// The masks of this training step; None for no dropout.
    pub dropout: Option<Dropout>,
    /// Watches the pass; it changes no bit.
    pub observer: &'a mut dyn Observer<R>,
    /// Which part of the model runs.
    pub part: Part,
}

impl<'a, R: Real> Pass<'a, R> {
    /// A pass without dropout that nobody observes.
    pub fn new(ctx: &'a Context<R>, params: &'a Params<R>) -> Self {
        // A box of no size allocates nothing.
        let nobody = Box::leak(Box::new(()));
        Self { ctx, params, dropout: None, observer: nobody, part: Part::default() }
    }

    /// The same with dropout.
    pub fn with_dropout(self, dropout: Option<Dropout>) -> Self {
        Self { dropout, ..self }
    }

    /// The same under the eyes of an observer.
    pub fn observed_by(self, observer: &'a mut dyn Observer<R>) -> Self {
        Self { observer, ..self }
    }

    /// A pass through one part, with masks of its own.
    pub(crate) fn through(&mut self, part: Part, dropout: Option<Dropout>) -> Pass<'_, R> {
        Pass { ctx: self.ctx, params: self.params, dropout, observer: &mut *self.observer, part }
    }
}
