//! Optimizers, with PyTorch's formulas, in the number type of the weights.
//!
//! g is the gradient, w the weight, η the learning rate, t the step from 1, λ weight decay, μ momentum, α
//! smoothing:
//!
//! ```text
//! all but adamw  g ← g + λ w                                  on tensors with weight decay
//! sgd            b ← μ b + g;  w ← w − η b                    nesterov: w ← w − η (g + μ b);  μ = 0: w ← w − η g
//! adam           m ← m + (1 − β₁)(g − m);  v ← β₂ v + (1 − β₂) g²
//!                w ← w − η/(1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
//! adamw          w ← (1 − ηλ) w, then as adam
//! rmsprop        s ← α s + (1 − α) g²;  d = g / (√s + ε)
//!                w ← w − η d                                  μ > 0: b ← μ b + d;  w ← w − η b
//! adagrad        s ← s + g²;  w ← w − η g / (√s + ε)
//! ```
//!
//! Every element is computed on its own, with product and sum rounded separately, so neither threads nor the
//! instruction set change a bit. [`Entry::decays`](crate::params::Entry::decays) says on which tensors weight
//! decay acts; PyTorch needs two parameter groups for that.
//!
//! # References
//! Adam: Kingma, Ba, ICLR 2015. AdamW: Loshchilov, Hutter, ICLR 2019. RMSprop: Tieleman, Hinton 2012.
//! Adagrad: Duchi, Hazan, Singer, JMLR 2011. Nesterov's momentum as in PyTorch: Sutskever et al., ICML 2013.

pub mod clip;
mod magnitude_bounds;
mod rules;
pub mod schedule;
mod settings;
mod sweep;

use std::sync::Arc;

use crate::cell::Real;
use crate::params::{Layout, Params};
use longspan_kernel::Context;
pub use magnitude_bounds::{LIMIT, MagnitudeBounds, limit};
use rules::{Adagrad, Adam, Momentum, Plain, RmsMomentum, RmsProp, bias_correction};
pub use settings::{Rule, Settings};
use sweep::{Decay, Element, sweep};

/// An optimizer with its moments.
#[derive(Clone)]
pub struct Optimizer<R> {
    settings: Settings,
    moments: Vec<(&'static str, Params<R>)>,
    steps: u64,
    /// The weights before the step, for a [`Watch`].
    before: Vec<R>,
}

/// A function that gets the sections of the flat buffer in order: the offset of a section, and its weights
/// before and after the step.
pub type Watch<'a, R> = &'a mut dyn FnMut(usize, &[R], &[R]);

/// Number of elements of a section. The update of a section and the watch function then work in the
/// second-level cache.
const SECTION: usize = 32 * 1024;

impl<R: Real> Optimizer<R> {
    /// Builds an optimizer for weights with `layout`, with zero moments.
    ///
    /// # Panics
    /// If [`Settings::validate`] fails.
    pub fn new(settings: Settings, layout: Arc<Layout>) -> Self {
        if let Err(error) = settings.validate() {
            panic!("{error}");
        }
        let names: &[&'static str] = match (settings.rule, settings.momentum > 0.0) {
            (Rule::Sgd, false) => &[],
            (Rule::Sgd, true) => &["momentum_buffer"],
            (Rule::Adam | Rule::AdamW, _) => &["exp_avg", "exp_avg_sq"],
            (Rule::RmsProp, false) => &["square_avg"],
            (Rule::RmsProp, true) => &["square_avg", "momentum_buffer"],
            (Rule::Adagrad, _) => &["sum"],
        };
        let moments = names.iter().map(|&name| (name, Params::zeros(Arc::clone(&layout)))).collect();
        Self { settings, moments, steps: 0, before: Vec::new() }
    }

    /// Updates the weights with their gradients at learning rate `lr`, and sets the gradients to zero.
    ///
    /// # Panics
    /// If the buffers differ in length.
    pub fn step(&mut self, ctx: &Context<R>, lr: f64, params: &mut Params<R>, grads: &mut Params<R>) {
        self.step_watched(ctx, lr, params, grads, None);
    }

    /// Does the same as [`Optimizer::step`], with the same bits, and calls `watch`.
    ///
    /// # Panics
    /// If the buffers differ in length.
    pub fn step_watched(
        &mut self,
        ctx: &Context<R>,
        lr: f64,
        params: &mut Params<R>,
        grads: &mut Params<R>,
        watch: Option<Watch<'_, R>>,
    ) {
        self.steps += 1;
        let s = self.settings;
        let real = R::from_f64;
        let decay = match s.rule {
            _ if s.weight_decay == 0.0 => Decay::None,
            Rule::AdamW => Decay::Weight(real(1.0 - lr * s.weight_decay)),
            _ => Decay::Gradient(real(s.weight_decay)),
        };
        let (rate, eps, momentum) = (real(-lr), real(s.eps_or_default()), real(s.momentum));
        let (moments, before) = (&mut self.moments, &mut self.before);
        let watch = watch.map(|watch| (watch, before));
        match (s.rule, s.momentum > 0.0) {
            (Rule::Sgd, false) => apply(ctx, &Plain { rate }, decay, params, grads, moments, watch),
            (Rule::Sgd, true) => {
                let rule = Momentum { rate, momentum, nesterov: s.nesterov };
                apply(ctx, &rule, decay, params, grads, moments, watch);
            }
            (Rule::Adam | Rule::AdamW, _) => {
                let rule = Adam {
                    rate: real(-(lr / bias_correction(s.beta1, self.steps))),
                    gain1: real(1.0 - s.beta1),
                    keep1: (s.beta1 <= 0.5).then(|| real(s.beta1)),
                    keep2: real(s.beta2),
                    gain2: real(1.0 - s.beta2),
                    root: real(bias_correction(s.beta2, self.steps).sqrt()),
                    eps,
                };
                apply(ctx, &rule, decay, params, grads, moments, watch);
            }
            (Rule::RmsProp, momentous) => {
                let rule = RmsProp { rate, keep: real(s.smoothing), gain: real(1.0 - s.smoothing), eps };
                if momentous {
                    apply(ctx, &RmsMomentum { rule, momentum }, decay, params, grads, moments, watch);
                } else {
                    apply(ctx, &rule, decay, params, grads, moments, watch);
                }
            }
            (Rule::Adagrad, _) => apply(ctx, &Adagrad { rate, eps }, decay, params, grads, moments, watch),
        }
    }

    /// The settings of the optimizer.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The moments, with PyTorch's names: momentum_buffer, exp_avg, exp_avg_sq, square_avg, sum.
    pub fn moments(&self) -> impl Iterator<Item = (&'static str, &Params<R>)> {
        self.moments.iter().map(|(name, moment)| (*name, moment))
    }

    /// The moments for writing, so that a checkpoint can restore them; see [`Optimizer::moments`].
    pub fn moments_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Params<R>)> {
        self.moments.iter_mut().map(|(name, moment)| (*name, moment))
    }

    /// Number of steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Sets the number of steps taken, to resume a run.
    pub fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }
}

/// Applies a rule with its M moments to all elements.
fn apply<R: Real, const M: usize>(
    ctx: &Context<R>,
    rule: &impl Element<R, M>,
    decay: Decay<R>,
    params: &mut Params<R>,
    grads: &mut Params<R>,
    moments: &mut [(&'static str, Params<R>)],
    watch: Option<(Watch<'_, R>, &mut Vec<R>)>,
) {
    let mut moments = moments.iter_mut();
    let mut moments: [&mut [R]; M] = std::array::from_fn(|_| match moments.next() {
        Some((_, moment)) => moment.flat_mut(),
        None => unreachable!("a rule has the moments that it was made with"),
    });
    let layout = Arc::clone(params.layout());
    let (entries, weights, grads) = (layout.entries(), params.flat_mut(), grads.flat_mut());
    let Some((watch, before)) = watch else {
        return sweep(ctx, (rule, decay), entries, 0, weights, grads, moments);
    };
    for first in (0..weights.len()).step_by(SECTION) {
        let stretch = first..weights.len().min(first + SECTION);
        let weights = &mut weights[stretch.clone()];
        before.clear();
        before.extend_from_slice(weights);
        let moments = moments.each_mut().map(|moment| &mut moment[stretch.clone()]);
        sweep(ctx, (rule, decay), entries, first, weights, &mut grads[stretch], moments);
        watch(first, before, weights);
    }
}

#[cfg(test)]
mod tests;
