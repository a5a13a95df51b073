//! A linear cell whose equations use every feature of a pass, so that whole numbers stay whole.
//!
//! ```text
//! a_0 = x_0 + W_0 h    a_1 = x_1 + W_1 h         phase 0, tape slots 0 and 1
//! u = a_0 + h                                    tape slot 3, the operand of phase 1
//! a_2 = x_2 + W_2 u                              phase 1, tape slot 2
//! c' = c + a_2         h' = a_1 + p ⊙ c'         p: the elementwise weight
//!
//! D = d_c' + p ⊙ d_h'  d_a2 = D  d_a1 = d_h'     d_c = D
//! d_u = W_2ᵀ d_a2      d_a0 = d_u                d_h = d_u + W_0ᵀ d_a0 + W_1ᵀ d_a1
//! ```

use longspan_kernel::Real;
use longspan_kernel::recurrent::{
    Backward, Equations, Forward, Linearise, MAX_GATES, Operand, Phase, Tangent, Units,
};

/// The cell.
pub(crate) struct Chain;

/// Number of state parts, tape slots (and delta slots) and gates of [`Chain`].
pub(crate) const PARTS: usize = 2;
pub(crate) const SLOTS: usize = 4;
pub(crate) const GATES: usize = 3;

const H: usize = 0;
const C: usize = 1;
const U: usize = 3;

/// The products of [`Chain`].
pub(crate) const PHASES: [Phase; 2] = [
    Phase { first_gate: 0, gates: 2, operand: Operand::Hidden, delta: 0 },
    Phase { first_gate: 2, gates: 1, operand: Operand::Tape { slot: U, delta: U, tangent: 0 }, delta: 2 },
];

impl<R: Real> Equations<R> for Chain {
    const TAPE: usize = SLOTS;
    const DELTAS: usize = SLOTS;
    const PARTS: usize = PARTS;
    const WEIGHTS: usize = 1;
    const JACOBIAN: usize = 1;
    const OPERANDS: usize = 1;

    #[inline(always)]
    fn forward<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], mut at: Forward<'_, R, S>) {
        if phase == 0 {
            let a_0 = at.tape.get(0) + sums[0];
            at.tape.set(0, a_0);
            at.tape.add(1, sums[1]);
            at.tape.set(U, a_0 + at.prev.get(H));
        } else {
            at.tape.add(2, sums[0]);
            self.recompute(at);
        }
    }

    #[inline(always)]
    fn recompute<S: Units<R>>(&self, mut at: Forward<'_, R, S>) {
        let c = at.prev.get(C) + at.tape.get(2);
        at.next.set(C, c);
        at.next.set(H, at.tape.get(1) + at.weights.get(0) * c);
    }

    #[inline(always)]
    fn backward<S: Units<R>>(&self, phase: usize, mut at: Backward<'_, R, S>) {
        if phase == 1 {
            let d_h = at.d_next.get(H);
            let total = at.d_next.get(C) + at.weights.get(0) * d_h;
            at.deltas.set(2, total);
            at.deltas.set(1, d_h);
            at.d_prev.set(C, total);
        } else {
            let d_u = at.deltas.get(U);
            at.deltas.set(0, d_u);
            at.d_prev.add(H, d_u);
        }
    }

    #[inline(always)]
    fn linearise<S: Units<R>>(&self, mut at: Linearise<'_, R, S>) {
        at.jacobian.set(0, at.weights.get(0));
    }

    #[inline(always)]
    fn tangent<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], mut at: Tangent<'_, R, S>) {
        if phase == 0 {
            at.operands.set(0, at.inflow.get(0) + sums[0] + at.prev.get(H));
            at.next.set(H, at.inflow.get(1) + sums[1]);
        } else {
            let c = at.prev.get(C) + at.inflow.get(2) + sums[0];
            at.next.set(C, c);
            at.next.add(H, at.jacobian.get(0) * c);
        }
    }
}
