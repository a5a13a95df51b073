//! The values that an observer of the backward pass receives.
//!
//! ```text
//! total_c   ∂ℒ/∂c_t as automatic differentiation gives it: δ_c + δ_h ⊙ o ⊙ (1 − tanh² c) [+ P_o ⊙ δa_o],
//!           δa_o = δ_h ⊙ tanh c ⊙ o ⊙ (1 − o)
//! ```

use crate::cell::CellKind;
use crate::cell::Real;
use crate::cell::lstm::total_gradient;
use longspan_kernel::{InstructionSet, Isa, Job, Vector};

/// The gradients and forward values of one layer at one time step of the backward pass.
///
/// # Shapes
/// Every array is `[B_t, …]`, where B_t is the number of rows that have this step.
pub struct BackwardStep<'a, R> {
    /// Layer index, 0 at the bottom. In a bidirectional stack it is the index in a [`State`](super::State):
    /// layer l has 2l forwards and 2l + 1 in reverse.
    pub layer: usize,
    /// Whether the layer runs from each row's last step to its first.
    pub reverse: bool,
    /// Whether the layer belongs to the encoder.
    pub encoder: bool,
    /// Step of the layer in the window: the time step or, in reverse, the distance from each row's last step.
    /// The steps of an encoder are counted before those of its decoder.
    pub t: usize,
    /// ∂ℒ/∂h_t, complete: `[B_t, H]`.
    pub d_hidden: &'a [R],
    /// ∂ℒ/∂c_t with h_t held fixed, `[B_t, H]`; empty for a cell without c. It does not include the path from
    /// c_t through h_t to ℒ.
    pub d_cell: &'a [R],
    /// h_t `[B_t, H]`.
    pub hidden: &'a [R],
    /// h_{t−1} `[B_t, H]`.
    pub before: &'a [R],
    /// c_t `[B_t, H]`; empty for a cell without c.
    pub cell: &'a [R],
    /// The gates, in the order of the tape that the cell's module defines: `[B_t, slots · H]`.
    pub tape: &'a [R],
    /// The gradients with respect to the pre-activations, and other values that the backward pass stores:
    /// `[B_t, slots · H]`.
    pub deltas: &'a [R],
    /// The layer's elementwise weights, `[weights, H]`; the cell's module defines them.
    pub weights: &'a [R],
}

impl<R: Real> BackwardStep<'_, R> {
    /// Number of rows that have this step.
    pub fn rows(&self, hidden: usize) -> usize {
        self.d_hidden.len() / hidden
    }

    /// Width of the tape of one row: slots · H.
    pub fn tape_width(&self, hidden: usize) -> usize {
        self.tape.len() / self.rows(hidden)
    }

    /// Width of the deltas of one row: slots · H.
    pub fn delta_width(&self, hidden: usize) -> usize {
        self.deltas.len() / self.rows(hidden)
    }

    /// Writes the total gradient with respect to c_t (see the module) to `to` `[B_t, H]`. Returns false for a
    /// cell without c.
    ///
    /// # Panics
    /// If the length of `to` is not that of c_t.
    pub fn total_cell(&self, isa: InstructionSet, kind: CellKind, hidden: usize, to: &mut [R]) -> bool {
        let CellKind::Lstm { peepholes, coupled } = kind else { return false };
        assert_eq!(to.len(), self.cell.len(), "numbers of c");
        let (o, width) = (if coupled { 2 } else { 3 } * hidden, self.tape_width(hidden));
        // P_o is the last of the elementwise weights.
        let p_o = peepholes.then(|| &self.weights[self.weights.len() - hidden..]);
        isa.dispatch(TotalCell { step: self, units: hidden, o: &self.tape[o..], width, p_o, to });
        true
    }
}

/// Computes the total gradient with respect to c for all rows. `o` begins at the output gate of the first
/// row; rows are `width` apart.
struct TotalCell<'a, R> {
    step: &'a BackwardStep<'a, R>,
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
            let d_cell = &self.step.d_cell[of_state..][..units];
            let d_hidden = &self.step.d_hidden[of_state..][..units];
            let hidden = &self.step.hidden[of_state..][..units];
            let to = &mut self.to[of_state..][..units];
            let mut at = 0;
            while at < units {
                let end = units.min(at + lanes);
                let o = I::V::<R>::load(&o[at..end]);
                // This costs a third of computing tanh c and is as accurate: h is o ⊙ tanh c, rounded, and no
                // gate is 0.
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
