//! The speed of gradients below the smallest normal number.
//!
//! f32 has full precision down to 1.2e-38. Subnormal numbers follow down to 1.4e-45, and then 0. Many x86
//! processors are slow on subnormal numbers, so the kernels treat them as 0 there. Three passes have the same
//! shape, weights and instructions:
//!
//! - healthy: a gradient of order 1 arrives at every step;
//! - vanishing: it arrives at the last step only and decays backwards through time, as in a run whose loss is at the
//!   end;
//! - subnormal: a gradient of order 1e-40 arrives at every step, so that the whole backward pass is
//!   subnormal, which is the worst case.
//!
//! An update of Adam is measured in the same way: the moments of a weight that no longer gets a gradient
//! decay to subnormal numbers.

use std::sync::Arc;
use std::time::Instant;

use longspan::bptt::{BackwardStep, OnBackwardStep};
use longspan::optim::{Optimizer, Rule, Settings};
use longspan::params::{Group, Layout, Params};
use longspan_kernel::Context;

use super::Options;
use super::specs;
use super::stack::Pass;
use super::timing::{Workload, quantile};

/// The factor of the arriving gradient in the worst case.
const TINY: f32 = 1e-40;

/// The result for one kind of gradient.
pub(super) struct Measured {
    /// Median seconds.
    pub(super) seconds: f64,
    /// The share of subnormal numbers in ∂ℒ/∂h_t, or in the moments after an update.
    pub(super) share: f64,
}

/// Passes through a stack with healthy, vanishing and subnormal gradients, one after the other in each round.
pub(super) fn stack(row: specs::Stack, options: &Options) -> [Measured; 3] {
    let pass = || Pass::new(Context::new(options.isa, options.threads), row, None);
    let (healthy, mut vanishing, mut subnormal) = (pass(), pass(), pass());
    vanishing.scale_arriving(|t| if t + 1 == row.steps { 1.0 } else { 0.0 });
    subnormal.scale_arriving(|_| TINY);
    let mut passes = [healthy, vanishing, subnormal];
    let mut shares = [0.0; 3];
    for (pass, share) in passes.iter_mut().zip(&mut shares) {
        let (mut found, mut seen) = (0, 0);
        pass.run_observed(&mut OnBackwardStep(|step: &BackwardStep<'_, f32>| {
            found += step.d_hidden.iter().filter(|d| d.is_subnormal()).count();
            seen += step.d_hidden.len();
        }));
        *share = found as f64 / seen as f64;
    }
    in_turns(passes.each_mut().map(|pass| move || pass.run()), shares, options)
}

/// Runs each of them once in every round, until their common time budget is spent.
fn in_turns<W: FnMut()>(mut works: [W; 3], shares: [f64; 3], options: &Options) -> [Measured; 3] {
    let budget = options.budget();
    let mut seconds = [const { Vec::new() }; 3];
    let start = Instant::now();
    while start.elapsed() < 3 * budget.time || seconds[0].len() < budget.least {
        for (work, seconds) in works.iter_mut().zip(&mut seconds) {
            let start = Instant::now();
            work();
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    std::array::from_fn(|i| {
        seconds[i].sort_by(f64::total_cmp);
        Measured { seconds: quantile(&seconds[i], 0.5), share: shares[i] }
    })
}

/// Number of weights in an update.
pub(super) const WEIGHTS: usize = 1 << 20;

/// Updates of Adam with gradients of order 1, with no gradient any more, and of order 1e-40. The moments
/// start at the values that they have after many such updates.
pub(super) fn update(options: &Options) -> [Measured; 3] {
    let mut layout = Layout::default();
    layout.push("weights", &[WEIGHTS], Group::Embedding);
    let layout = Arc::new(layout);
    let ctx = Context::<f32>::new(options.isa, options.threads);
    let mut updates = [(1.0, 1.0), (0.0, TINY), (TINY, TINY)].map(|(gradient, moments)| {
        let mut grads = Params::<f32>::zeros(Arc::clone(&layout));
        let params = grads.clone();
        let settings = Settings { rule: Rule::Adam, ..Settings::default() };
        let mut adam = Optimizer::new(settings, Arc::clone(&layout));
        adam.moments_mut().for_each(|(_, moment)| moment.flat_mut().fill(moments));
        grads.flat_mut().fill(gradient);
        (adam, params, grads)
    });
    let shares = updates.each_mut().map(|(adam, params, grads)| {
        adam.step(&ctx, RATE, params, grads);
        let moments = adam.moments().flat_map(|(_, moment)| moment.flat());
        moments.filter(|m: &&f32| m.is_subnormal()).count() as f64 / (2 * WEIGHTS) as f64
    });
    let works = updates.each_mut().map(|(adam, params, grads)| {
        let ctx = &ctx;
        move || adam.step(ctx, RATE, params, grads)
    });
    in_turns(works, shares, options)
}

/// The learning rate does not matter.
const RATE: f64 = 1e-3;
