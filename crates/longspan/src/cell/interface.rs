//! The properties of a cell that a layer needs.

use super::tape::Slot;
use longspan_kernel::Real;
use longspan_kernel::recurrent::{Equations, Phase};

/// The factor that an elementwise weight is multiplied with. The gradient of the weight is Σ delta ⊙ factor
/// over steps and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// A state part at t − 1.
    Previous(usize),
    /// A state part at t.
    Next(usize),
}

/// A peephole: a vector of weights between a state part and a gate.
#[derive(Clone, Copy, Debug)]
pub struct Peephole {
    /// Delta slot of the gate.
    pub delta: usize,
    /// The factor of the weight.
    pub factor: Factor,
}

/// Where a value that the forward pass computes is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A slot of the tape.
    Tape(usize),
    /// A state part.
    State(usize),
}

/// The properties of a cell that a layer needs in addition to its equations.
///
/// # Shapes
/// Gates are stacked in W_ih `[G·H, D]`, W_hh `[G·H, H]` and the biases. On entry of the forward equations, tape slots
/// 0..G hold W_ih x + b_ih + b_hh. Delta slots 0..G are the gradients with respect to these sums.
pub trait Cell<R: Real>: Equations<R> {
    /// Number of gates: blocks of H rows in the weights.
    const GATES: usize;
    /// The products with recurrent weights in one step.
    const PHASES: &'static [Phase];
    /// The gate whose recurrent bias is added to the recurrent product, in weight slot 0 (the reset-after
    /// GRU's candidate).
    const INNER_BIAS: Option<usize> = None;
    /// Peepholes, in the order of the weight slots: learned vectors `[H]`, 0 at first.
    const PEEPHOLES: &'static [Peephole] = &[];
    /// Delta slot whose sum is the gradient of a scalar step α, which is stored in weight slot 0.
    const STEP_DELTA: Option<usize> = None;
    /// The activations on the tape of which snapshots and probes record openness and saturation.
    const ACTIVATIONS: &'static [Slot] = &[];
    /// The values that the forward pass computes at a step, with the names of the cell's file, in an order in
    /// which they can be computed. Only these are named if one is not finite.
    const VALUES: &'static [(&'static str, Kept)] = &[];
    /// The values that the backward pass computes at a step, in the same way, given the gradient with respect
    /// to the state: slots of the deltas.
    const DERIVATIVES: &'static [(&'static str, usize)] = &[];
}
