//! Gradients below the normal numbers: whether a processor is slower on them.
//!
//! f32 has its full precision down to 1.2e-38; down to 1.4e-45 follow the subnormal numbers, and then 0. Many x86 processors
//! leave the fast path for an instruction that meets one, which is why the kernels have them count as 0 there. Three passes
//! over the same shape and weights, instruction by instruction the same work:
//!
//! - healthy: a gradient of order one arrives at every step;
//! - vanishing: it arrives at the last step alone and dies on its way back, as in a run whose loss is at the end;
//! - subnormal: at every step one of order 1e-40 arrives, so that all of backward is among the subnormals: the worst case.
//!
//! And the same for an update of Adam: the moments of a weight that gets no gradient any more die in the same way.

use std::sync::Arc;
use std::time::Instant;

use longspan::bptt::{BackwardStep, OnBackwardStep};
use longspan::optim::{Optimizer, Rule, Settings};
use longspan::params::{Group, Layout, Params};
use longspan_kernel::Context;

use super::Options;
use super::rows;
use super::stack::Pass;
use super::timing::{Workload, quantile};

/// What the arriving gradient is multiplied with for the worst case.
const TINY: f32 = 1e-40;

/// What was measured of one kind of gradient.
pub(super) struct Measured {
    /// Median seconds.
    pub(super) seconds: f64,
    /// The share of subnormal numbers among the gradients by h_t, or the moments after an update.
    pub(super) share: f64,
}

/// Healthy, vanishing and subnormal gradients through a stack, one after the other in each round.
pub(super) fn stack(row: rows::Stack, options: &Options) -> [Measured; 3] {
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

/// Runs each in every round until the budget of all of them is spent.
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

/// Weights of one update.
pub(super) const WEIGHTS: usize = 1 << 20;

/// The same for an update of Adam: gradients of order one, none any more, of order 1e-40. Moments begin at what they have
/// become after many such updates.
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

/// Any rate will do.
const RATE: f64 = 1e-3;
