//! What an observer of the backward pass sees.
//!
//! ```text
//! total_c   ∂ℒ/∂c_t as automatic differentiation gives it: δ_c + δ_h ⊙ o ⊙ (1 − tanh² c) [+ P_o ⊙ δa_o],
//!           δa_o = δ_h ⊙ tanh c ⊙ o ⊙ (1 − o)
//! ```

use crate::cell::CellKind;
use crate::cell::lstm::total_gradient;
use crate::kernel::{Isa, Job, Level, Vector};
use crate::real::Real;

/// The gradient that arrives at one layer and step, as backward passes it, and what it met there. Everything is `[B_t, …]`: of
/// the rows that have this step.
pub struct Flow<'a, R> {
    /// Layer, 0 at the bottom; where there are two directions, as a [`State`] counts them: layer l forwards at 2l, in reverse
    /// at 2l + 1.
    pub layer: usize,
    /// Whether the layer runs from each row's last step to its first.
    pub reverse: bool,
    /// Step of the layer in the window: the time step or, in reverse, the distance from each row's last one.
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

impl<R: Real> Flow<'_, R> {
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

    /// The total gradient by c_t of one row, see above, to `to` `[H]`; false for a cell without c.
    pub fn total_cell(&self, level: Level, kind: CellKind, row: usize, to: &mut [R]) -> bool {
        let CellKind::Lstm { peepholes, coupled } = kind else { return false };
        let hidden = to.len();
        let own = row * hidden..(row + 1) * hidden;
        let o = row * self.tape_width(hidden) + if coupled { 2 } else { 3 } * hidden;
        level.dispatch(TotalCell {
            d_cell: &self.d_cell[own.clone()],
            d_hidden: &self.d_hidden[own.clone()],
            cell: &self.cell[own.clone()],
            o: &self.tape[o..o + hidden],
            // P_o is the last of them.
            p_o: peepholes.then(|| &self.weights[self.weights.len() - hidden..]),
            to,
        });
        true
    }
}

/// One row's total gradient by c.
struct TotalCell<'a, R> {
    d_cell: &'a [R],
    d_hidden: &'a [R],
    cell: &'a [R],
    o: &'a [R],
    p_o: Option<&'a [R]>,
    to: &'a mut [R],
}

impl<R: Real> Job for TotalCell<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (lanes, len, mut at) = (I::V::<R>::LANES, self.to.len(), 0);
        while at < len {
            let end = len.min(at + lanes);
            let load = |part: &[R]| I::V::<R>::load(&part[at..end]);
            let tanh_c = load(self.cell).tanh();
            let p_o = self.p_o.map(load);
            let total = total_gradient(load(self.d_cell), load(self.d_hidden), load(self.o), tanh_c, p_o);
            total.store(&mut self.to[at..end]);
            at = end;
        }
    }
}
