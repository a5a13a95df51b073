//! The properties of a cell that a layer needs.

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
pub trait Cell<R: Real>: Equations<R> {
    /// Number of gates: blocks of H rows in the weights.
    const GATES: usize;
    /// The products with recurrent weights in one step.
    const PHASES: &'static [Phase];
    /// The gate whose recurrent bias is added to the recurrent product, in weight slot 0 (the reset-after
    /// GRU's candidate).
    const INNER_BIAS: Option<usize> = None;
    /// Peepholes, in the order of the weight slots.
    const PEEPHOLES: &'static [Peephole] = &[];
    /// Delta slot whose sum is the gradient of a scalar step α, which is stored in weight slot 0.
    const STEP_DELTA: Option<usize> = None;
    /// The values that the forward pass computes at a step, with the names of the cell's file, in an order in
    /// which they can be computed.
    const VALUES: &'static [(&'static str, Kept)];
    /// The values that the backward pass computes at a step, in the same way, given the gradient with respect
    /// to the state: slots of the deltas.
    const DERIVATIVES: &'static [(&'static str, usize)];
}
