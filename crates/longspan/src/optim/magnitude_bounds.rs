//! Upper bounds for the magnitudes of weights and moments, computed from a few numbers. They show that an
//! update has left everything finite, without a pass over weights and moments.
//!
//! Let W, M, V be bounds of |w|, |m| and the squares before a step, and n = ‖g‖₂ of the clipped gradient. No
//! element of the gradient is larger than n' = n + λW if weight decay is part of it:
//!
//! ```text
//! sgd       W' = W + η n'                         momentum:  B' = μ B + n'     W' = W + η (n' + B')
//! adam      M' = max(M, n')   V' = max(V, n'²)    W' = max(1, |1 − ηλ|) W + η / (1 − β₁ᵗ) · M' / ε      (a mean is no larger than its terms)
//! rmsprop   V' = max(V, n'²)                      W' = W + η n' / ε            momentum:  B' = μ B + n' / ε     W' = W + η B'
//! adagrad   V' = V + n'²                          W' = W + η n' / ε
//! ```
//!
//! The bounds of a healthy run stay far below [`LIMIT`] for more steps than any run takes: at a learning rate
//! of 1e-3 and a gradient clipped to 1, Adam's bound grows by less than 1e6 per step. When a bound exceeds
//! the limit, weights and moments are read.

use super::{Optimizer, Rule, bias_correction};
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::InstructionSet;
use longspan_kernel::norms::sum_of_squares;

/// Numbers of this magnitude are bad although they are finite. No useful training reaches them. The limit is
/// eight decades below the largest f32, so that a diverging value is found a step or two before it becomes
/// infinite. It is eleven decades above the root of the largest f32, at which a product of two numbers
/// overflows, so that linear and relu cells may have states as large as they can use.
pub const LIMIT: f64 = 1e30;

/// The same limit for mean squares, whose roots are divisors.
const SQUARE_LIMIT: f64 = 1e36;

/// Upper bounds of what an update reads and writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MagnitudeBounds {
    weights: f64,
    /// The bounds of the moments, in the order of [`Optimizer::moments`].
    moments: [f64; 2],
}

impl MagnitudeBounds {
    /// Bounds that are infinite.
    pub const UNKNOWN: Self = Self { weights: f64::INFINITY, moments: [f64::INFINITY; 2] };

    /// Returns the norms of weights and moments, which bound every element; infinite for NaN.
    pub fn of<R: Real>(isa: InstructionSet, params: &Params<R>, optimizer: &Optimizer<R>) -> Self {
        let norm = |params: &Params<R>| match sum_of_squares(isa, params.flat()).sqrt() {
            norm if norm.is_nan() => f64::INFINITY,
            norm => norm,
        };
        let mut moments = [0.0; 2];
        for (bound, (_, moment)) in moments.iter_mut().zip(optimizer.moments()) {
            *bound = norm(moment);
        }
        Self { weights: norm(params), moments }
    }

    /// Whether the bounds show that no weight and no moment is bad.
    pub fn show_good<R: Real>(&self, optimizer: &Optimizer<R>) -> bool {
        let mut moments = optimizer.moments().zip(self.moments);
        self.weights < LIMIT && moments.all(|((name, _), bound)| bound < limit(name))
    }
}

/// The magnitude from which on a moment with that name is bad.
pub fn limit(moment: &str) -> f64 {
    match moment {
        "exp_avg_sq" | "square_avg" | "sum" => SQUARE_LIMIT,
        _ => LIMIT,
    }
}

impl<R: Real> Optimizer<R> {
    /// Returns the bounds after the next step at learning rate `lr` with a gradient of norm `norm`, given
    /// those before it.
    pub fn bounds_after(&self, before: &MagnitudeBounds, lr: f64, norm: f64) -> MagnitudeBounds {
        let s = &self.settings;
        let (weights, [first, second]) = (before.weights, before.moments);
        let (lr, eps) = (lr.abs(), s.eps_or_default());
        let apart = s.rule == Rule::AdamW;
        let g = norm + if apart { 0.0 } else { s.weight_decay * weights };
        let (moved, moments) = match (s.rule, s.momentum > 0.0) {
            (Rule::Sgd, false) => (lr * g, [0.0; 2]),
            (Rule::Sgd, true) => {
                let b = s.momentum * first + g;
                (lr * (g + b), [b, 0.0])
            }
            (Rule::Adam | Rule::AdamW, _) => {
                let m = first.max(g);
                (lr / bias_correction(s.beta1, self.steps + 1) * m / eps, [m, second.max(g * g)])
            }
            (Rule::RmsProp, false) => (lr * g / eps, [first.max(g * g), 0.0]),
            (Rule::RmsProp, true) => {
                let b = s.momentum * second + g / eps;
                (lr * b, [first.max(g * g), b])
            }
            (Rule::Adagrad, _) => (lr * g / eps, [first + g * g, 0.0]),
        };
        let keep = if apart { (1.0 - lr * s.weight_decay).abs().max(1.0) } else { 1.0 };
        MagnitudeBounds { weights: keep * weights + moved, moments }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::optim::Settings;
    use crate::params::{Group, Layout};
    use longspan_kernel::Context;
    use longspan_kernel::rng::{Key, Purpose};

    /// No weight and no moment exceeds its bound, for any rule.
    #[test]
    fn bounds_hold() {
        let ctx = Context::<f32>::new(InstructionSet::detect(), 1);
        let base = Settings { weight_decay: 0.1, ..Settings::default() };
        let sgd = Settings { rule: Rule::Sgd, ..base };
        let rms = Settings { rule: Rule::RmsProp, ..base };
        for settings in [
            base,
            Settings { rule: Rule::AdamW, weight_decay: 20.5, ..base },
            Settings { eps: Some(0.5), beta1: 0.0, ..base },
            sgd,
            Settings { momentum: 0.9, ..sgd },
            Settings { momentum: 0.9, nesterov: true, ..sgd },
            rms,
            Settings { momentum: 0.9, ..rms },
            Settings { rule: Rule::Adagrad, ..base },
        ] {
            let mut layout = Layout::default();
            layout.push("w", &[4, 5], Group::Recurrent);
            let layout = Arc::new(layout);
            let mut params = Params::<f32>::zeros(Arc::clone(&layout));
            let mut grads = params.clone();
            let mut optimizer = Optimizer::new(settings, layout);
            let mut draw = Key::new(1, Purpose::Probe, 0, 0).stream(0, 0);
            let mut bounds = MagnitudeBounds::of(InstructionSet::detect(), &params, &optimizer);
            for step in 0..200 {
                // Updates are large when small gradients follow large ones.
                let size = 10f64.powf(3.0 * draw.normal());
                grads.tensor_mut(0).iter_mut().for_each(|g| *g = (size * draw.normal()) as f32);
                let norm = grads.flat().iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
                bounds = optimizer.bounds_after(&bounds, 0.1, norm);
                optimizer.step(&ctx, 0.1, &mut params, &mut grads);
                let all = [&params].into_iter().chain(optimizer.moments().map(|(_, moment)| moment));
                for (values, bound) in all.zip([bounds.weights, bounds.moments[0], bounds.moments[1]]) {
                    let largest = values.flat().iter().fold(0.0, |max: f32, x| max.max(x.abs()));
                    let within = f64::from(largest) <= bound * (1.0 + 1e-4);
                    assert!(within, "{settings:?}, step {step}: {largest} and {bounds:?}");
                }
            }
        }
    }

    #[test]
    fn bad_values_are_found() {
        let mut layout = Layout::default();
        layout.push("w", &[40], Group::Recurrent);
        let layout = Arc::new(layout);
        let (params, adam) =
            (Params::<f32>::zeros(Arc::clone(&layout)), Optimizer::new(Settings::default(), layout));
        assert!(MagnitudeBounds::of(InstructionSet::detect(), &params, &adam).show_good(&adam));
        assert!(!MagnitudeBounds::UNKNOWN.show_good(&adam));
        for bad in [f32::NAN, f32::NEG_INFINITY, 1e38] {
            let mut weights = params.clone();
            weights.flat_mut()[17] = bad;
            assert!(
                !MagnitudeBounds::of(InstructionSet::detect(), &weights, &adam).show_good(&adam),
                "{bad}"
            );
            for k in 0..2 {
                let mut adam = adam.clone();
                adam.moments_mut().nth(k).unwrap().1.flat_mut()[39] = bad;
                assert!(
                    !MagnitudeBounds::of(InstructionSet::detect(), &params, &adam).show_good(&adam),
                    "{bad} in moment {k}"
                );
            }
        }
        // A gradient of 1e17 has a mean square of 1e34, which is large but not a fault.
        let mut adam = adam;
        adam.moments_mut().nth(1).unwrap().1.flat_mut()[3] = 1e34;
        assert!(MagnitudeBounds::of(InstructionSet::detect(), &params, &adam).show_good(&adam));
    }
}
