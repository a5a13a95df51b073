//! The rules for one element. The equations are in the parent module; the operations have PyTorch's order.

use super::sweep::Element;
use crate::cell::Real;

/// Computes 1 − βᵗ.
pub(super) fn bias_correction(beta: f64, step: u64) -> f64 {
    // After 2³¹ steps βᵗ is 0 for every β that differs from 1.
    1.0 - beta.powi(i32::try_from(step).unwrap_or(i32::MAX))
}

/// Gradient descent; here and below `rate` is −η.
pub(super) struct Plain<R> {
    pub(super) rate: R,
}

impl<R: Real> Element<R, 0> for Plain<R> {
    #[inline(always)]
    fn update(&self, w: R, g: R, []: [R; 0]) -> (R, [R; 0]) {
        (w + self.rate * g, [])
    }
}

/// Gradient descent with momentum.
pub(super) struct Momentum<R> {
    pub(super) rate: R,
    pub(super) momentum: R,
    pub(super) nesterov: bool,
}

impl<R: Real> Element<R, 1> for Momentum<R> {
    #[inline(always)]
    fn update(&self, w: R, g: R, [b]: [R; 1]) -> (R, [R; 1]) {
        let b = b * self.momentum + g;
        let along = if self.nesterov { g + self.momentum * b } else { b };
        (w + self.rate * along, [b])
    }
}

/// Adam, also used by AdamW after its weight decay.
pub(super) struct Adam<R> {
    /// −η / (1 − β₁ᵗ).
    pub(super) rate: R,
    /// 1 − β₁.
    pub(super) gain1: R,
    /// β₁ if it is at most ½: PyTorch's `lerp` then interpolates from the other end.
    pub(super) keep1: Option<R>,
    /// β₂.
    pub(super) keep2: R,
    /// 1 − β₂.
    pub(super) gain2: R,
    /// √(1 − β₂ᵗ).
    pub(super) root: R,
    pub(super) eps: R,
}

impl<R: Real> Element<R, 2> for Adam<R> {
    #[inline(always)]
    fn update(&self, w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let m = match self.keep1 {
            None => m + self.gain1 * (g - m),
            Some(keep) => g - (g - m) * keep,
        };
        let v = v * self.keep2 + self.gain2 * g * g;
        let denominator = v.sqrt() / self.root + self.eps;
        (w + self.rate * m / denominator, [m, v])
    }
}

/// RMSprop.
pub(super) struct RmsProp<R> {
    pub(super) rate: R,
    /// α.
    pub(super) keep: R,
    /// 1 − α.
    pub(super) gain: R,
    pub(super) eps: R,
}

impl<R: Real> RmsProp<R> {
    #[inline(always)]
    fn square(&self, g: R, s: R) -> R {
        s * self.keep + self.gain * g * g
    }
}

impl<R: Real> Element<R, 1> for RmsProp<R> {
    #[inline(always)]
    fn update(&self, w: R, g: R, [s]: [R; 1]) -> (R, [R; 1]) {
        let s = self.square(g, s);
        (w + self.rate * g / (s.sqrt() + self.eps), [s])
    }
}

/// RMSprop with momentum.
pub(super) struct RmsMomentum<R> {
    pub(super) rule: RmsProp<R>,
    pub(super) momentum: R,
}

impl<R: Real> Element<R, 2> for RmsMomentum<R> {
    #[inline(always)]
    fn update(&self, w: R, g: R, [s, b]: [R; 2]) -> (R, [R; 2]) {
        let s = self.rule.square(g, s);
        let b = b * self.momentum + g / (s.sqrt() + self.rule.eps);
        (w + self.rule.rate * b, [s, b])
    }
}

/// Adagrad.
pub(super) struct Adagrad<R> {
    pub(super) rate: R,
    pub(super) eps: R,
}

impl<R: Real> Element<R, 1> for Adagrad<R> {
    #[inline(always)]
    fn update(&self, w: R, g: R, [s]: [R; 1]) -> (R, [R; 1]) {
        let s = s + g * g;
        (w + self.rate * g / (s.sqrt() + self.eps), [s])
    }
}
