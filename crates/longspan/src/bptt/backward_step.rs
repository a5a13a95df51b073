//! What an observer of the backward pass sees.
//!
//! ```text
//! total_c   ∂ℒ/∂c_t as automatic differentiation gives it: δ_c + δ_h ⊙ o ⊙ (1 − tanh² c) [+ P_o ⊙ δa_o],
//!           δa_o = δ_h ⊙ tanh c ⊙ o ⊙ (1 − o)
//! ```

use crate::cell::CellKind;
use crate::cell::Real;
use crate::cell::lstm::total_gradient;
use longspan_kernel::{InstructionSet, Isa, Job, Vector};

/// The gradient that arrives at one layer and step, as backward passes it, and what it met there. Everything is `[B_t, …]`: of
/// the rows that have this step.
pub struct BackwardStep<'a, R> {
    /// Layer, 0 at the bottom; where there are two directions, as a [`State`](super::State) counts them: layer l forwards at 2l,
    /// in reverse at 2l + 1.
    pub layer: usize,
    /// Whether the layer runs from each row's last step to its first.
    pub reverse: bool,
    /// Whether the layer is the encoder's.
    pub encoder: bool,
    /// Step of the layer in the window: the time step or, in reverse, the distance from each row's last one. The steps of an encoder
    /// come before those of its decoder.
    pub t: usize,
    /// ∂ℒ/∂h_t, complete: `[B_t, H]`.
    pub d_hidden: &'a [R],
    /// The gradient by c_t where h_t is held fixed, `[B_t, H]`; empty for a cell without c. It lacks what reaches ℒ from c_t
    /// through h_t.
    pub d_cell: &'a [R],
    /// h_t `[B_t, H]`.
    pub hidden: &'a [R],
    /// h_{t−1} `[B_t, H]`.
    pub before: &'a [R],
    /// c_t `[B_t, H]`; empty for a cell without.
    pub cell: &'a [R],
    /// The gates as the cell's file orders them on the tape: `[B_t, slots · H]`.
    pub tape: &'a [R],
    /// The gradients by the pre-activations, and what else backward leaves behind: `[B_t, slots · H]`.
    pub deltas: &'a [R],
    /// The layer's elementwise weights, `[weights, H]`: see the cell's file.
    pub weights: &'a [R],
}

impl<R: Real> BackwardStep<'_, R> {
    /// Rows that have this step.
    pub fn rows(&self, hidden: usize) -> usize {
        self.d_hidden.len() / hidden
    }

    /// Numbers of one row on the tape: slots · H.
    pub fn tape_width(&self, hidden: usize) -> usize {
        self.tape.len() / self.rows(hidden)
    }

    /// Numbers of one row of the deltas: slots · H.
    pub fn delta_width(&self, hidden: usize) -> usize {
        self.deltas.len() / self.rows(hidden)
    }

    /// The total gradient by c_t, see above, to `to` `[B_t, H]`; false for a cell without c.
    ///
    /// # Panics
    /// If `to` has not as many numbers as c_t.
    pub fn total_cell(&self, isa: InstructionSet, kind: CellKind, hidden: usize, to: &mut [R]) -> bool {
        let CellKind::Lstm { peepholes, coupled } = kind else { return false };
        assert_eq!(to.len(), self.cell.len(), "numbers of c");
        let (o, width) = (if coupled { 2 } else { 3 } * hidden, self.tape_width(hidden));
        // P_o is the last of them.
        let p_o = peepholes.then(|| &self.weights[self.weights.len() - hidden..]);
        isa.dispatch(TotalCell { flow: self, units: hidden, o: &self.tape[o..], width, p_o, to });
        true
    }
}

/// The total gradient by c of all rows; `o` from the gate of the first row on, `width` between rows.
struct TotalCell<'a, R> {
    flow: &'a BackwardStep<'a, R>,
    /// H.
    units: usize,
    o: &'a [R],
    width: usize,
    p_o: Option<&'a [R]>,
    to: &'a mut [R],
}

impl<R: Real> Job for TotalCell<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (lanes, units, mut row) = (I::V::<R>::LANES, self.units, 0);
        while row * units < self.to.len() {
            let (of_state, o) = (row * units, &self.o[row * self.width..][..units]);
            let d_cell = &self.flow.d_cell[of_state..][..units];
            let d_hidden = &self.flow.d_hidden[of_state..][..units];
            let hidden = &self.flow.hidden[of_state..][..units];
            let to = &mut self.to[of_state..][..units];
            let mut at = 0;
            while at < units {
                let end = units.min(at + lanes);
                let o = I::V::<R>::load(&o[at..end]);
                // A third of the work of tanh c, and as exact: h is o ⊙ tanh c, rounded, and no gate is 0.
                let tanh_c = I::V::<R>::load(&hidden[at..end]) / o;
                let (d_c, d_h) = (I::V::<R>::load(&d_cell[at..end]), I::V::<R>::load(&d_hidden[at..end]));
                let p_o = match self.p_o {
                    Some(p_o) => Some(I::V::<R>::load(&p_o[at..end])),
                    None => None,
                };
                let total = total_gradient(d_c, d_h, o, tanh_c, p_o);
                total.store(&mut to[at..end]);
                at = end;
            }
            row += 1;
        }
    }
}
