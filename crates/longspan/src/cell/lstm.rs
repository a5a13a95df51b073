//! Long short-term memory, with gates i, f, g, o (coupled: i, g, o):
//!
//! ```text
//! i = σ(W_ii x + b_ii + W_hi h + b_hi [+ P_i ⊙ c])
//! f = σ(W_if x + b_if + W_hf h + b_hf [+ P_f ⊙ c])         coupled: f = 1 − i
//! g = tanh(W_ig x + b_ig + W_hg h + b_hg)
//! c' = f ⊙ c + i ⊙ g
//! o = σ(W_io x + b_io + W_ho h + b_ho [+ P_o ⊙ c'])
//! h' = o ⊙ tanh c'
//!
//! d_ao = d_h' ⊙ tanh c' ⊙ o ⊙ (1 − o)
//! D    = d_c' + d_h' ⊙ o ⊙ (1 − tanh² c') [+ P_o ⊙ d_ao]    the total gradient with respect to c'
//! d_ai = D ⊙ g ⊙ i ⊙ (1 − i)                               coupled: D ⊙ (g − c) ⊙ i ⊙ (1 − i)
//! d_af = D ⊙ c ⊙ f ⊙ (1 − f)
//! d_ag = D ⊙ i ⊙ (1 − g²)
//! d_c  = D ⊙ f [+ P_i ⊙ d_ai + P_f ⊙ d_af]
//! d_h  = W_hhᵀ d_a                                          P: d_P_i = Σ d_ai ⊙ c, d_P_f = Σ d_af ⊙ c, d_P_o = Σ d_ao ⊙ c'
//!
//! ȧ = W_ih ẋ + W_hh ḣ for every gate                       coupled: without f
//! A_i = g ⊙ i ⊙ (1 − i)   A_f = c ⊙ f ⊙ (1 − f)   A_g = i ⊙ (1 − g²)   A_o = tanh c' ⊙ o ⊙ (1 − o)
//!                                                          coupled: A_i = (g − c) ⊙ i ⊙ (1 − i)
//! ċ' = (f [+ A_i ⊙ P_i + A_f ⊙ P_f]) ⊙ ċ + A_i ⊙ ȧ_i + A_f ⊙ ȧ_f + A_g ⊙ ȧ_g
//! ḣ' = (o ⊙ (1 − tanh² c') [+ A_o ⊙ P_o]) ⊙ ċ' + A_o ⊙ ȧ_o
//! ```
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; forget gate and peepholes:
//! Gers, Schmidhuber, Cummins 2000, Gers, Schmidhuber 2000; coupled gate: Greff et al. 2017.

use super::tape::{Slot, Squash};
use super::{Cell, Factor, Kept, Peephole};
use longspan_kernel::Real;
use longspan_kernel::Vector;
use longspan_kernel::recurrent::{
    Backward, Equations, Forward, Linearise, MAX_GATES, Operand, Phase, Tangent, Units,
};

/// The LSTM; its peepholes are weight slots i, f, o (coupled: i, o).
pub struct Lstm<const PEEPHOLES: bool, const COUPLED: bool>;

/// Indices of the state parts.
const H: usize = 0;
const C: usize = 1;

impl<const PEEPHOLES: bool, const COUPLED: bool> Lstm<PEEPHOLES, COUPLED> {
    const I: usize = 0;
    const F: usize = 1;
    const G: usize = if COUPLED { 1 } else { 2 };
    const O: usize = Self::G + 1;
    /// Slots of the Jacobian after A_i, A_f, A_g, A_o: ∂c'/∂c, and ∂h'/∂c'.
    const KEEP: usize = Self::O + 1;
    const SHOW: usize = Self::O + 2;
    /// Weight slot of P_o.
    const P_O: usize = if COUPLED { 1 } else { 2 };
}

/// Computes d_ao.
#[inline(always)]
fn output_gradient<R: Real, V: Vector<R>>(d_h: V, o: V, tanh_c: V) -> V {
    d_h * tanh_c * o * (V::one() - o)
}

/// Computes D, the total gradient with respect to c', from the one with h' held fixed; `p_o` is given if
/// there are peepholes.
#[inline(always)]
pub(crate) fn total_gradient<R: Real, V: Vector<R>>(d_c: V, d_h: V, o: V, tanh_c: V, p_o: Option<V>) -> V {
    let total = d_c + d_h * o * (V::one() - tanh_c * tanh_c);
    match p_o {
        Some(p_o) => total + p_o * output_gradient::<R, V>(d_h, o, tanh_c),
        None => total,
    }
}

impl<R: Real, const PEEPHOLES: bool, const COUPLED: bool> Cell<R> for Lstm<PEEPHOLES, COUPLED> {
    const GATES: usize = Self::O + 1;
    const PHASES: &'static [Phase] =
        &[Phase { first_gate: 0, gates: Self::O + 1, operand: Operand::Hidden, delta: 0 }];
    const PEEPHOLES: &'static [Peephole] = match (PEEPHOLES, COUPLED) {
        (false, _) => &[],
        (true, false) => &[
            Peephole { delta: Self::I, factor: Factor::Previous(C) },
            Peephole { delta: Self::F, factor: Factor::Previous(C) },
            Peephole { delta: Self::O, factor: Factor::Next(C) },
        ],
        (true, true) => &[
            Peephole { delta: Self::I, factor: Factor::Previous(C) },
            Peephole { delta: Self::O, factor: Factor::Next(C) },
        ],
    };
    // With peepholes o depends on c', so c comes before o.
    const VALUES: &'static [(&'static str, Kept)] = if COUPLED {
        &[
            ("i", Kept::Tape(Self::I)),
            ("g", Kept::Tape(Self::G)),
            ("c", Kept::State(C)),
            ("o", Kept::Tape(Self::O)),
            ("h", Kept::State(H)),
        ]
    } else {
        &[
            ("i", Kept::Tape(Self::I)),
            ("f", Kept::Tape(Self::F)),
            ("g", Kept::Tape(Self::G)),
            ("c", Kept::State(C)),
            ("o", Kept::Tape(Self::O)),
            ("h", Kept::State(H)),
        ]
    };
    const DERIVATIVES: &'static [(&'static str, usize)] = if COUPLED {
        &[("d_ao", Self::O), ("d_ai", Self::I), ("d_ag", Self::G)]
    } else {
        &[("d_ao", Self::O), ("d_ai", Self::I), ("d_af", Self::F), ("d_ag", Self::G)]
    };
    const ACTIVATIONS: &'static [Slot] = if COUPLED {
        &[
            Slot::new("i", Self::I, Squash::Sigmoid),
            Slot::new("g", Self::G, Squash::Tanh),
            Slot::new("o", Self::O, Squash::Sigmoid),
        ]
    } else {
        &[
            Slot::new("i", Self::I, Squash::Sigmoid),
            Slot::new("f", Self::F, Squash::Sigmoid),
            Slot::new("g", Self::G, Squash::Tanh),
            Slot::new("o", Self::O, Squash::Sigmoid),
        ]
    };
}

impl<R: Real, const PEEPHOLES: bool, const COUPLED: bool> Equations<R> for Lstm<PEEPHOLES, COUPLED> {
    const TAPE: usize = Self::O + 1;
    const DELTAS: usize = Self::O + 1;
    const PARTS: usize = 2;
    const WEIGHTS: usize = if PEEPHOLES { Self::P_O + 1 } else { 0 };
    const JACOBIAN: usize = Self::SHOW + 1;

    #[inline(always)]
    fn forward<S: Units<R>>(&self, _phase: usize, sums: [S::V; MAX_GATES], mut at: Forward<'_, R, S>) {
        let c = at.prev.get(C);
        let mut a_i = at.tape.get(Self::I) + sums[Self::I];
        if PEEPHOLES {
            a_i = a_i + at.weights.get(Self::I) * c;
        }
        let i = a_i.sigmoid();
        let f = if COUPLED {
            S::V::one() - i
        } else {
            let mut a_f = at.tape.get(Self::F) + sums[Self::F];
            if PEEPHOLES {
                a_f = a_f + at.weights.get(Self::F) * c;
            }
            let f = a_f.sigmoid();
            at.tape.set(Self::F, f);
            f
        };
        let g = (at.tape.get(Self::G) + sums[Self::G]).tanh();
        let c_next = f * c + i * g;
        let mut a_o = at.tape.get(Self::O) + sums[Self::O];
        if PEEPHOLES {
            a_o = a_o + at.weights.get(Self::P_O) * c_next;
        }
        let o = a_o.sigmoid();
        at.tape.set(Self::I, i);
        at.tape.set(Self::G, g);
        at.tape.set(Self::O, o);
        at.next.set(C, c_next);
        at.next.set(H, o * c_next.tanh());
    }

    #[inline(always)]
    fn recompute<S: Units<R>>(&self, mut at: Forward<'_, R, S>) {
        let i = at.tape.get(Self::I);
        let f = if COUPLED { S::V::one() - i } else { at.tape.get(Self::F) };
        let c_next = f * at.prev.get(C) + i * at.tape.get(Self::G);
        at.next.set(C, c_next);
        at.next.set(H, at.tape.get(Self::O) * c_next.tanh());
    }

    #[inline(always)]
    fn backward<S: Units<R>>(&self, _phase: usize, mut at: Backward<'_, R, S>) {
        let one = S::V::one();
        let (i, g, o) = (at.tape.get(Self::I), at.tape.get(Self::G), at.tape.get(Self::O));
        let (c, d_h) = (at.prev.get(C), at.d_next.get(H));
        let tanh_c = at.next.get(C).tanh();
        let d_ao = output_gradient::<R, S::V>(d_h, o, tanh_c);
        let p_o = PEEPHOLES.then(|| at.weights.get(Self::P_O));
        let d_c = total_gradient::<R, S::V>(at.d_next.get(C), d_h, o, tanh_c, p_o);
        let (f, d_ai) = if COUPLED {
            (one - i, d_c * (g - c) * i * (one - i))
        } else {
            (at.tape.get(Self::F), d_c * g * i * (one - i))
        };
        at.deltas.set(Self::I, d_ai);
        at.deltas.set(Self::G, d_c * i * (one - g * g));
        at.deltas.set(Self::O, d_ao);
        let mut d_prev = d_c * f;
        if PEEPHOLES {
            d_prev = d_prev + at.weights.get(Self::I) * d_ai;
        }
        if !COUPLED {
            let d_af = d_c * c * f * (one - f);
            at.deltas.set(Self::F, d_af);
            if PEEPHOLES {
                d_prev = d_prev + at.weights.get(Self::F) * d_af;
            }
        }
        at.d_prev.set(C, d_prev);
    }

    #[inline(always)]
    fn linearise<S: Units<R>>(&self, mut at: Linearise<'_, R, S>) {
        let one = S::V::one();
        let (i, g, o) = (at.tape.get(Self::I), at.tape.get(Self::G), at.tape.get(Self::O));
        let (c, tanh_c) = (at.prev.get(C), at.next.get(C).tanh());
        let by_i = if COUPLED { g - c } else { g } * i * (one - i);
        let by_o = tanh_c * o * (one - o);
        let mut keep = if COUPLED { one - i } else { at.tape.get(Self::F) };
        let mut show = o * (one - tanh_c * tanh_c);
        if !COUPLED {
            let f = keep;
            let by_f = c * f * (one - f);
            at.jacobian.set(Self::F, by_f);
            if PEEPHOLES {
                keep = keep + by_f * at.weights.get(Self::F);
            }
        }
        if PEEPHOLES {
            keep = keep + by_i * at.weights.get(Self::I);
            show = show + by_o * at.weights.get(Self::P_O);
        }
        at.jacobian.set(Self::I, by_i);
        at.jacobian.set(Self::G, i * (one - g * g));
        at.jacobian.set(Self::O, by_o);
        at.jacobian.set(Self::KEEP, keep);
        at.jacobian.set(Self::SHOW, show);
    }

    #[inline(always)]
    fn tangent<S: Units<R>>(&self, _phase: usize, sums: [S::V; MAX_GATES], mut at: Tangent<'_, R, S>) {
        let mut c = at.jacobian.get(Self::KEEP) * at.prev.get(C);
        c = c + at.jacobian.get(Self::I) * (at.inflow.get(Self::I) + sums[Self::I]);
        if !COUPLED {
            c = c + at.jacobian.get(Self::F) * (at.inflow.get(Self::F) + sums[Self::F]);
        }
        c = c + at.jacobian.get(Self::G) * (at.inflow.get(Self::G) + sums[Self::G]);
        let by_o = at.jacobian.get(Self::O) * (at.inflow.get(Self::O) + sums[Self::O]);
        at.next.set(C, c);
        at.next.set(H, at.jacobian.get(Self::SHOW) * c + by_o);
    }
}
