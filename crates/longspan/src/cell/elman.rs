//! The Elman network, with one gate:
//!
//! ```text
//! h_t = φ(a_t)          a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh      φ = tanh, relu or the identity
//!
//! d_a = d_h ⊙ φ'(a)     φ' from the output: 1 − h² (tanh), [h > 0] (relu), 1 (identity)
//! d_h_{t-1} = W_hhᵀ d_a
//!
//! ḣ_t = φ' ⊙ ȧ          ȧ = W_ih ẋ + W_hh ḣ_{t-1}
//! ```
//!
//! # References
//! Elman, "Finding structure in time", Cognitive Science 14, 1990.

use super::tape::{Slot, Squash};
use super::{Cell, Kept};
use longspan_kernel::Real;
use longspan_kernel::Vector;
use longspan_kernel::recurrent::{
    Backward, Equations, Forward, Linearise, MAX_GATES, Operand, Phase, Tangent, Units,
};

/// φ = tanh.
pub const TANH: u8 = 0;
/// φ = relu.
pub const RELU: u8 = 1;
/// φ = identity.
pub const IDENTITY: u8 = 2;

/// The Elman network with activation `PHI`.
pub struct Elman<const PHI: u8>;

impl<R: Real, const PHI: u8> Cell<R> for Elman<PHI> {
    const GATES: usize = 1;
    const PHASES: &'static [Phase] = &[Phase { first_gate: 0, gates: 1, operand: Operand::Hidden, delta: 0 }];
    // The tape holds h_t.
    const VALUES: &'static [(&'static str, Kept)] = &[("h", Kept::Tape(0))];
    const DERIVATIVES: &'static [(&'static str, usize)] = &[("d_a", 0)];
    const ACTIVATIONS: &'static [Slot] = match PHI {
        TANH => &[Slot::new("h", 0, Squash::Tanh)],
        RELU => &[Slot::new("h", 0, Squash::Relu)],
        _ => &[],
    };
}

impl<R: Real, const PHI: u8> Equations<R> for Elman<PHI> {
    const TAPE: usize = 1;
    const DELTAS: usize = 1;
    const PARTS: usize = 1;
    const WEIGHTS: usize = 0;
    const JACOBIAN: usize = 1;

    #[inline(always)]
    fn forward<S: Units<R>>(&self, _phase: usize, sums: [S::V; MAX_GATES], mut at: Forward<'_, R, S>) {
        let a = at.tape.get(0) + sums[0];
        let h = match PHI {
            TANH => a.tanh(),
            RELU => a.relu(),
            _ => a,
        };
        at.tape.set(0, h);
        at.next.set(0, h);
    }

    #[inline(always)]
    fn recompute<S: Units<R>>(&self, mut at: Forward<'_, R, S>) {
        at.next.set(0, at.tape.get(0));
    }

    #[inline(always)]
    fn backward<S: Units<R>>(&self, _phase: usize, mut at: Backward<'_, R, S>) {
        let (h, d_h) = (at.tape.get(0), at.d_next.get(0));
        at.deltas.set(
            0,
            match PHI {
                TANH => d_h * (S::V::one() - h * h),
                RELU => h.select_positive(d_h, S::V::zero()),
                _ => d_h,
            },
        );
    }

    #[inline(always)]
    fn linearise<S: Units<R>>(&self, mut at: Linearise<'_, R, S>) {
        let (h, one) = (at.tape.get(0), S::V::one());
        let slope = match PHI {
            TANH => one - h * h,
            RELU => h.select_positive(one, S::V::zero()),
            _ => one,
        };
        at.jacobian.set(0, slope);
    }

    #[inline(always)]
    fn tangent<S: Units<R>>(&self, _phase: usize, sums: [S::V; MAX_GATES], mut at: Tangent<'_, R, S>) {
        at.next.set(0, at.jacobian.get(0) * (at.inflow.get(0) + sums[0]));
    }
}
