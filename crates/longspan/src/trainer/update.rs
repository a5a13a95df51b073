//! The update at the end of a step. An update that leaves a bad weight or moment is undone.
//!
//! Whether one can leave any is known without reading them ([`Largest`]). Only where that says nothing does an update cost a copy
//! of weights and moments and a look at each; it leaves new bounds.

use std::sync::Arc;

use super::Trainer;
use crate::model::is_bad;
use crate::optim::{Largest, Optimizer, limit};
use crate::params::Params;
use longspan_kernel::real::Real;

impl<R: Real> Trainer<R> {
    /// Takes the step along the clipped gradient, unless a weight or moment would be bad: says whether it did. The gradient is zero
    /// afterwards.
    pub(super) fn update(&mut self, lr: f64) -> bool {
        let level = self.ctx.level();
        if self.largest == Largest::UNKNOWN {
            self.largest = Largest::of(level, &self.params, &self.optimizer);
        }
        let after = self.optimizer.bounds_after(&self.largest, lr, self.clip_report.global_norm_after);
        if after.show_good(&self.optimizer) {
            self.take_step(lr);
            self.largest = after;
            return true;
        }
        let before = (self.params.clone(), self.optimizer.clone());
        self.take_step(lr);
        let good = first_bad(&self.params, &self.optimizer).is_none();
        if !good {
            (self.params, self.optimizer) = before;
        }
        self.largest = Largest::of(level, &self.params, &self.optimizer);
        good
    }

    /// The step itself, under the eyes of whoever observes.
    fn take_step(&mut self, lr: f64) {
        let (params, grads) = (&mut self.params, &mut self.grads);
        self.observer.watch_update(&self.ctx, lr, &mut self.optimizer, params, grads);
    }
}

/// The first bad weight or moment: tensor by tensor, of each the moments before the weights. Its tensor in a checkpoint, the
/// element, the value.
pub(super) fn first_bad<R: Real>(
    params: &Params<R>,
    optimizer: &Optimizer<R>,
) -> Option<(String, usize, f64)> {
    let layout = Arc::clone(params.layout());
    layout.entries().iter().enumerate().find_map(|(index, entry)| {
        let in_moment = |(name, moment): (&str, &Params<R>)| {
            let values = moment.tensor(index);
            let bad = |x: &R| x.to_f64().is_nan() || x.abs().to_f64() >= limit(name);
            let at = values.iter().position(bad)?;
            Some((format!("optimizer.{name}.{}", entry.name), at, values[at].to_f64()))
        };
        let in_weights = || {
            let values = params.tensor(index);
            let at = values.iter().position(|&x| is_bad(x))?;
            Some((entry.name.clone(), at, values[at].to_f64()))
        };
        optimizer.moments().find_map(in_moment).or_else(in_weights)
    })
}
