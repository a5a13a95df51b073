//! The gated recurrent unit, with gates r, z, n:
//!
//! ```text
//! r = σ(W_ir x + b_ir + W_hr h + b_hr)
//! z = σ(W_iz x + b_iz + W_hz h + b_hz)
//! n = tanh(W_in x + b_in + r ⊙ q),  q = W_hn h + b_hn      reset after the product (the default; PyTorch, cuDNN)
//! n = tanh(W_in x + b_in + W_hn (r ⊙ h) + b_hn)            reset before the product (Cho 2014)
//! h' = (1 − z) ⊙ n + z ⊙ h
//!
//! d_an = d_h' ⊙ (1 − z) ⊙ (1 − n²)
//! d_az = d_h' ⊙ (h − n) ⊙ z ⊙ (1 − z)
//! after:  d_q = d_an ⊙ r               d_ar = d_an ⊙ q ⊙ r ⊙ (1 − r)
//!         d_h = d_h' ⊙ z + W_hrᵀ d_ar + W_hzᵀ d_az + W_hnᵀ d_q
//! before: d_u = W_hnᵀ d_an (u = r ⊙ h)   d_ar = d_u ⊙ h ⊙ r ⊙ (1 − r)
//!         d_h = d_h' ⊙ z + d_u ⊙ r + W_hrᵀ d_ar + W_hzᵀ d_az
//!
//! ȧ = W_i ẋ + W_h ḣ for r and z
//! A_z = (h − n) ⊙ z ⊙ (1 − z)                A_n = (1 − z) ⊙ (1 − n²)
//! after:  A_r = A_n ⊙ q ⊙ r ⊙ (1 − r)        ḣ' = z ⊙ ḣ + A_z ⊙ ȧ_z + A_r ⊙ ȧ_r + A_n ⊙ (W_in ẋ + r ⊙ W_hn ḣ)
//! before: A_r = h ⊙ r ⊙ (1 − r)              u̇ = r ⊙ ḣ + A_r ⊙ ȧ_r
//!                                            ḣ' = z ⊙ ḣ + A_z ⊙ ȧ_z + A_n ⊙ (W_in ẋ + W_hn u̇)
//! ```
//!
//! # References
//! Cho et al., "Learning phrase representations using RNN encoder–decoder", EMNLP 2014 (their z and 1 − z are
//! exchanged; here z is PyTorch's, which keeps the state).

use super::tape::{Slot, Squash};
use super::{Cell, Kept};
use longspan_kernel::Real;
use longspan_kernel::Vector;
use longspan_kernel::recurrent::{
    Backward, Equations, Forward, Linearise, MAX_GATES, Operand, Phase, Tangent, Units,
};

/// Slots of the gates, both on the tape and in the deltas.
const R_: usize = 0;
const Z: usize = 1;
const N: usize = 2;

/// The gates, for snapshots and probes.
const GATE_SLOTS: &[Slot] = &[
    Slot::new("r", R_, Squash::Sigmoid),
    Slot::new("z", Z, Squash::Sigmoid),
    Slot::new("n", N, Squash::Tanh),
];

/// Slots of the Jacobian's coefficients A_r, A_z, A_n; after them z, which keeps the state, and r.
const KEEP: usize = 3;
const RESET: usize = 4;

/// Computes h' = (1 − z) ⊙ n + z ⊙ h.
#[inline(always)]
fn interpolate<R: Real, S: Units<R>>(z: S::V, n: S::V, h: S::V) -> S::V {
    (S::V::one() - z) * n + z * h
}

/// The GRU whose reset gate acts on the recurrent product; b_hn is weight slot 0.
pub struct ResetAfter;

/// Tape slot of q.
const Q: usize = 3;
/// Delta slots of the recurrent products: r, z, q.
const RECURRENT: usize = 3;

impl<R: Real> Cell<R> for ResetAfter {
    const GATES: usize = 3;
    const PHASES: &'static [Phase] =
        &[Phase { first_gate: R_, gates: 3, operand: Operand::Hidden, delta: RECURRENT }];
    const INNER_BIAS: Option<usize> = Some(N);
    const VALUES: &'static [(&'static str, Kept)] = &[
        ("r", Kept::Tape(R_)),
        ("z", Kept::Tape(Z)),
        ("q", Kept::Tape(Q)),
        ("n", Kept::Tape(N)),
        ("h", Kept::State(0)),
    ];
    const DERIVATIVES: &'static [(&'static str, usize)] =
        &[("d_an", N), ("d_az", Z), ("d_ar", R_), ("d_q", RECURRENT + N)];
    const ACTIVATIONS: &'static [Slot] = GATE_SLOTS;
}

impl<R: Real> Equations<R> for ResetAfter {
    const TAPE: usize = 4;
    const DELTAS: usize = 6;
    const PARTS: usize = 1;
    const WEIGHTS: usize = 1;
    const JACOBIAN: usize = 5;

    #[inline(always)]
    fn forward<S: Units<R>>(&self, _phase: usize, sums: [S::V; MAX_GATES], mut at: Forward<'_, R, S>) {
        let r = (at.tape.get(R_) + sums[R_]).sigmoid();
        let z = (at.tape.get(Z) + sums[Z]).sigmoid();
        let q = sums[N] + at.weights.get(0);
        let n = (at.tape.get(N) + r * q).tanh();
        at.tape.set(R_, r);
        at.tape.set(Z, z);
        at.tape.set(N, n);
        at.tape.set(Q, q);
        at.next.set(0, interpolate::<R, S>(z, n, at.prev.get(0)));
    }

    #[inline(always)]
    fn recompute<S: Units<R>>(&self, mut at: Forward<'_, R, S>) {
        at.next.set(0, interpolate::<R, S>(at.tape.get(Z), at.tape.get(N), at.prev.get(0)));
    }

    #[inline(always)]
    fn backward<S: Units<R>>(&self, _phase: usize, mut at: Backward<'_, R, S>) {
        let one = S::V::one();
        let (r, z, n, q) = (at.tape.get(R_), at.tape.get(Z), at.tape.get(N), at.tape.get(Q));
        let (h, d_h) = (at.prev.get(0), at.d_next.get(0));
        let d_an = d_h * (one - z) * (one - n * n);
        let d_az = d_h * (h - n) * z * (one - z);
        let d_ar = d_an * q * r * (one - r);
        at.deltas.set(R_, d_ar);
        at.deltas.set(Z, d_az);
        at.deltas.set(N, d_an);
        at.deltas.set(RECURRENT + R_, d_ar);
        at.deltas.set(RECURRENT + Z, d_az);
        at.deltas.set(RECURRENT + N, d_an * r);
        at.d_prev.add(0, d_h * z);
    }

    #[inline(always)]
    fn linearise<S: Units<R>>(&self, mut at: Linearise<'_, R, S>) {
        let one = S::V::one();
        let (r, z, n, q) = (at.tape.get(R_), at.tape.get(Z), at.tape.get(N), at.tape.get(Q));
        let a_n = (one - z) * (one - n * n);
        at.jacobian.set(R_, a_n * q * r * (one - r));
        at.jacobian.set(Z, (at.prev.get(0) - n) * z * (one - z));
        at.jacobian.set(N, a_n);
        at.jacobian.set(KEEP, z);
        at.jacobian.set(RESET, r);
    }

    #[inline(always)]
    fn tangent<S: Units<R>>(&self, _phase: usize, sums: [S::V; MAX_GATES], mut at: Tangent<'_, R, S>) {
        let through_r = at.jacobian.get(R_) * (at.inflow.get(R_) + sums[R_]);
        let through_z = at.jacobian.get(Z) * (at.inflow.get(Z) + sums[Z]);
        let through_n = at.jacobian.get(N) * (at.inflow.get(N) + at.jacobian.get(RESET) * sums[N]);
        at.next.set(0, at.jacobian.get(KEEP) * at.prev.get(0) + through_z + through_r + through_n);
    }
}

/// The GRU whose reset gate acts on the state before the product.
pub struct ResetBefore;

/// Tape slot of u = r ⊙ h, and delta slot of the gradient with respect to it.
const U: usize = 3;

impl<R: Real> Cell<R> for ResetBefore {
    const GATES: usize = 3;
    const PHASES: &'static [Phase] = &[
        Phase { first_gate: R_, gates: 2, operand: Operand::Hidden, delta: R_ },
        Phase { first_gate: N, gates: 1, operand: Operand::Tape { slot: U, delta: U, tangent: 0 }, delta: N },
    ];
    const VALUES: &'static [(&'static str, Kept)] = &[
        ("r", Kept::Tape(R_)),
        ("z", Kept::Tape(Z)),
        ("u", Kept::Tape(U)),
        ("n", Kept::Tape(N)),
        ("h", Kept::State(0)),
    ];
    const DERIVATIVES: &'static [(&'static str, usize)] =
        &[("d_an", N), ("d_az", Z), ("d_u", U), ("d_ar", R_)];
    const ACTIVATIONS: &'static [Slot] = GATE_SLOTS;
}

impl<R: Real> Equations<R> for ResetBefore {
    const TAPE: usize = 4;
    const DELTAS: usize = 4;
    const PARTS: usize = 1;
    const WEIGHTS: usize = 0;
    const JACOBIAN: usize = 5;
    const OPERANDS: usize = 1;

    #[inline(always)]
    fn forward<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], mut at: Forward<'_, R, S>) {
        let h = at.prev.get(0);
        if phase == 0 {
            let r = (at.tape.get(R_) + sums[0]).sigmoid();
            at.tape.set(R_, r);
            at.tape.set(Z, (at.tape.get(Z) + sums[1]).sigmoid());
            at.tape.set(U, r * h);
        } else {
            let z = at.tape.get(Z);
            let n = (at.tape.get(N) + sums[0]).tanh();
            at.tape.set(N, n);
            at.next.set(0, interpolate::<R, S>(z, n, h));
        }
    }

    #[inline(always)]
    fn recompute<S: Units<R>>(&self, mut at: Forward<'_, R, S>) {
        at.next.set(0, interpolate::<R, S>(at.tape.get(Z), at.tape.get(N), at.prev.get(0)));
    }

    #[inline(always)]
    fn backward<S: Units<R>>(&self, phase: usize, mut at: Backward<'_, R, S>) {
        let one = S::V::one();
        let (r, z, n, h) = (at.tape.get(R_), at.tape.get(Z), at.tape.get(N), at.prev.get(0));
        if phase == 1 {
            let d_h = at.d_next.get(0);
            at.deltas.set(N, d_h * (one - z) * (one - n * n));
            at.deltas.set(Z, d_h * (h - n) * z * (one - z));
            at.d_prev.add(0, d_h * z);
        } else {
            let d_u = at.deltas.get(U);
            at.deltas.set(R_, d_u * h * r * (one - r));
            at.d_prev.add(0, d_u * r);
        }
    }

    #[inline(always)]
    fn linearise<S: Units<R>>(&self, mut at: Linearise<'_, R, S>) {
        let one = S::V::one();
        let (r, z, n, h) = (at.tape.get(R_), at.tape.get(Z), at.tape.get(N), at.prev.get(0));
        at.jacobian.set(R_, h * r * (one - r));
        at.jacobian.set(Z, (h - n) * z * (one - z));
        at.jacobian.set(N, (one - z) * (one - n * n));
        at.jacobian.set(KEEP, z);
        at.jacobian.set(RESET, r);
    }

    #[inline(always)]
    fn tangent<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], mut at: Tangent<'_, R, S>) {
        if phase == 0 {
            let (a_r, a_z) = (at.inflow.get(R_) + sums[0], at.inflow.get(Z) + sums[1]);
            let d_h = at.prev.get(0);
            at.operands.set(0, at.jacobian.get(RESET) * d_h + at.jacobian.get(R_) * a_r);
            at.next.set(0, at.jacobian.get(KEEP) * d_h + at.jacobian.get(Z) * a_z);
        } else {
            at.next.add(0, at.jacobian.get(N) * (at.inflow.get(N) + sums[0]));
        }
    }
}
