//! What a layer has to know of a cell.

use longspan_kernel::real::Real;
use longspan_kernel::recurrent::{Equations, Phase};

/// What an elementwise weight is multiplied with; its gradient is Σ delta ⊙ factor over steps and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// A state part at t − 1.
    Previous(usize),
    /// A state part at t.
    Next(usize),
}

/// One peephole: a vector of weights between a state part and a gate.
#[derive(Clone, Copy, Debug)]
pub struct Peephole {
    /// Delta slot of the gate.
    pub delta: usize,
    /// What the weight is multiplied with.
    pub factor: Factor,
}

/// Where a number that forward computes is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A slot of the tape.
    Tape(usize),
    /// A state part.
    State(usize),
}

/// What a layer has to know of a cell beside its equations.
pub trait Cell<R: Real>: Equations<R> {
    /// Gates: blocks of H rows in the weights.
    const GATES: usize;
    /// Products with recurrent weights in one step.
    const PHASES: &'static [Phase];
    /// Gate whose recurrent bias stays with the recurrent sum, in weight slot 0 (the reset-after GRU's candidate).
    const INNER_BIAS: Option<usize> = None;
    /// Peepholes, in the order of the weight slots.
    const PEEPHOLES: &'static [Peephole] = &[];
    /// Delta slot whose sum is the gradient of a scalar step α, held in weight slot 0.
    const STEP_DELTA: Option<usize> = None;
    /// What forward computes of a step, by the names in the cell's file and in an order in which it can be computed.
    const VALUES: &'static [(&'static str, Kept)];
    /// The same of backward, once the gradient by the state is there: slots of the deltas.
    const DERIVATIVES: &'static [(&'static str, usize)];
}
