//! The update at the end of a step. An update that leaves a bad weight or moment is undone.
//!
//! [`MagnitudeBounds`] usually shows that no weight or moment can become bad, without reading them. Otherwise
//! the updater copies weights and moments, checks each of them after the update, and computes new bounds.

use std::sync::Arc;

use crate::cell::Real;
use crate::model::is_bad;
use crate::optim::{MagnitudeBounds, Optimizer, limit};
use crate::params::Params;
use crate::telemetry::StepObserver;
use longspan_kernel::Context;

/// The optimizer, and bounds of weights and moments.
pub(super) struct Updater<R> {
    optimizer: Optimizer<R>,
    largest: MagnitudeBounds,
}

impl<R: Real> Updater<R> {
    /// Builds an updater with unknown bounds.
    pub(super) fn new(optimizer: Optimizer<R>) -> Self {
        Self { optimizer, largest: MagnitudeBounds::UNKNOWN }
    }

    /// Discards the bounds, because weights or moments are about to be replaced.
    pub(super) fn invalidate_bounds(&mut self) {
        self.largest = MagnitudeBounds::UNKNOWN;
    }

    pub(super) fn optimizer(&self) -> &Optimizer<R> {
        &self.optimizer
    }

    pub(super) fn optimizer_mut(&mut self) -> &mut Optimizer<R> {
        self.invalidate_bounds();
        &mut self.optimizer
    }

    /// Takes a step with the clipped gradient of norm `norm`, unless a weight or moment would become bad;
    /// returns whether it did. The gradient is zero afterwards.
    pub(super) fn update(
        &mut self,
        ctx: &Context<R>,
        (lr, norm): (f64, f64),
        params: &mut Params<R>,
        grads: &mut Params<R>,
        observer: &mut StepObserver<R>,
    ) -> bool {
        let isa = ctx.instruction_set();
        if self.largest == MagnitudeBounds::UNKNOWN {
            self.largest = MagnitudeBounds::of(isa, params, &self.optimizer);
        }
        let after = self.optimizer.bounds_after(&self.largest, lr, norm);
        if after.show_good(&self.optimizer) {
            observer.watch_update(ctx, lr, &mut self.optimizer, params, grads);
            self.largest = after;
            return true;
        }
        let before = (params.clone(), self.optimizer.clone());
        observer.watch_update(ctx, lr, &mut self.optimizer, params, grads);
        let good = first_bad(params, &self.optimizer).is_none();
        if !good {
            (*params, self.optimizer) = before;
        }
        self.largest = MagnitudeBounds::of(isa, params, &self.optimizer);
        good
    }
}

/// Returns the first bad weight or moment, tensor by tensor, moments before weights: its tensor in a
/// checkpoint, the element, the value.
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
