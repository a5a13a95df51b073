//! The residual network through time, with one gate:
//!
//! ```text
//! n_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)        h_t = h_{t-1} + α n_t
//!
//! d_a = α d_h ⊙ (1 − n²)       d_α = Σ d_h ⊙ n
//! d_h_{t-1} = d_h + W_hhᵀ d_a                              (Jacobian I + α diag(1 − n²) W_hh)
//!
//! ḣ_t = ḣ_{t-1} + α (1 − n²) ⊙ ȧ                           ȧ = W_ih ẋ + W_hh ḣ_{t-1}
//! ```
//!
//! # References
//! Yue, Fu, Liang, "Residual recurrent neural networks for learning sequential representations", Information
//! 9, 2018.

use super::tape::{Slot, Squash};
use super::{Cell, Kept};
use longspan_kernel::Real;
use longspan_kernel::Vector;
use longspan_kernel::recurrent::{
    Backward, Equations, Forward, Linearise, MAX_GATES, Operand, Phase, Tangent, Units,
};

/// The residual network; α is weight slot 0.
pub struct Residual;

/// Tape slot of n.
const N: usize = 0;
/// Weight slot of α.
const STEP: usize = 0;
/// Delta slot of d_h ⊙ n.
const D_STEP: usize = 1;

impl<R: Real> Cell<R> for Residual {
    const GATES: usize = 1;
    const PHASES: &'static [Phase] = &[Phase { first_gate: 0, gates: 1, operand: Operand::Hidden, delta: 0 }];
    const STEP_DELTA: Option<usize> = Some(D_STEP);
    const VALUES: &'static [(&'static str, Kept)] = &[("n", Kept::Tape(N)), ("h", Kept::State(0))];
    const DERIVATIVES: &'static [(&'static str, usize)] = &[("d_a", 0), ("d_alpha", D_STEP)];
    const ACTIVATIONS: &'static [Slot] = &[Slot::new("n", N, Squash::Tanh)];
}

impl<R: Real> Equations<R> for Residual {
    const TAPE: usize = 1;
    const DELTAS: usize = 2;
    const PARTS: usize = 1;
    const WEIGHTS: usize = 1;
    const JACOBIAN: usize = 1;

    #[inline(always)]
    fn forward<S: Units<R>>(&self, _phase: usize, sums: [S::V; MAX_GATES], mut at: Forward<'_, R, S>) {
        let n = (at.tape.get(N) + sums[0]).tanh();
        at.tape.set(N, n);
        self.recompute(at);
    }

    #[inline(always)]
    fn recompute<S: Units<R>>(&self, mut at: Forward<'_, R, S>) {
        at.next.set(0, at.prev.get(0) + at.weights.get(STEP) * at.tape.get(N));
    }

    #[inline(always)]
    fn backward<S: Units<R>>(&self, _phase: usize, mut at: Backward<'_, R, S>) {
        let (n, d_h) = (at.tape.get(N), at.d_next.get(0));
        at.deltas.set(0, at.weights.get(STEP) * d_h * (S::V::one() - n * n));
        at.deltas.set(D_STEP, d_h * n);
        at.d_prev.add(0, d_h);
    }

    #[inline(always)]
    fn linearise<S: Units<R>>(&self, mut at: Linearise<'_, R, S>) {
        let n = at.tape.get(N);
        at.jacobian.set(0, at.weights.get(STEP) * (S::V::one() - n * n));
    }

    #[inline(always)]
    fn tangent<S: Units<R>>(&self, _phase: usize, sums: [S::V; MAX_GATES], mut at: Tangent<'_, R, S>) {
        at.next.set(0, at.prev.get(0) + at.jacobian.get(0) * (at.inflow.get(0) + sums[0]));
    }
}
