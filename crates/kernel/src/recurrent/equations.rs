//! A cell as the recurrence sees it: its equations, and the products between them.

use super::slots::{Backward, Forward, Linearise, Tangent, Units};
use crate::simd::Real;

/// The left operand of a recurrent product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// h_{t−1}; its gradient is added to that of h_{t−1}.
    Hidden,
    /// A tape slot that an earlier phase of the same step has set; its gradient goes to a delta slot.
    Tape {
        /// The slot of the operand.
        slot: usize,
        /// The delta slot that receives its gradient.
        delta: usize,
        /// The slot of its tangent.
        tangent: usize,
    },
}

/// One product with recurrent weights inside a step, followed by a part of the cell's equations.
///
/// Passes check that the equations have the slots that a phase uses.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// First gate (block of H rows of W_hh).
    pub first_gate: usize,
    /// Number of gates.
    pub gates: usize,
    /// The left operand of the product.
    pub operand: Operand,
    /// First delta slot of the gradients with respect to these gates' recurrent products.
    pub delta: usize,
}

/// Largest number of gates in one product.
pub const MAX_GATES: usize = 4;

/// The equations of a cell on a few units. Implementations must be `#[inline(always)]` to be compiled for the
/// instruction set.
pub trait Equations<R: Real>: Sync {
    /// Number of slots of the tape.
    const TAPE: usize;
    /// Number of slots of the deltas.
    const DELTAS: usize;
    /// Number of state parts, at least one; part 0 is h.
    const PARTS: usize = 1;
    /// Number of elementwise weights, each `[H]`.
    const WEIGHTS: usize = 0;
    /// Number of coefficients of the Jacobian ∂s_t/∂s_{t−1}, each `[H]`. Together with the recurrent weights
    /// they determine it.
    const JACOBIAN: usize;
    /// Number of tangents of operands on the tape.
    const OPERANDS: usize = 0;

    /// Computes the tape and the next state from `sums` (one vector per gate of the phase).
    fn forward<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], at: Forward<'_, R, S>);

    /// Recomputes the state at t from the tape and the state before it, with the bits of the forward pass.
    /// Only the tape of a sequence is kept; the states of a chunk are recomputed before its backward pass.
    fn recompute<S: Units<R>>(&self, at: Forward<'_, R, S>);

    /// Computes the deltas of the phase and the direct part of the gradient at t − 1 from the gradient with
    /// respect to the state at t. Phases run from last to first, each followed by the product with its
    /// weights.
    fn backward<S: Units<R>>(&self, phase: usize, at: Backward<'_, R, S>);

    /// Computes the coefficients of the Jacobian of a step, after its forward pass.
    fn linearise<S: Units<R>>(&self, at: Linearise<'_, R, S>);

    /// Computes the tangent of the state at t from `sums` (W_hh times the tangent of the phase's operand, one
    /// vector per gate).
    fn tangent<S: Units<R>>(&self, phase: usize, sums: [S::V; MAX_GATES], at: Tangent<'_, R, S>);
}
