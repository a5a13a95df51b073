//! The passes of a cell behind one interface, so that a layer can call them for any cell.

use super::elman::{Elman, IDENTITY, RELU, TANH};
use super::gru::{ResetAfter, ResetBefore};
use super::interface::{Cell, Kept, Peephole};
use super::kind::CellKind;
use super::lstm::Lstm;
use super::residual::Residual;
use super::tape::Slot;
use longspan_kernel::Real as Arithmetic;
use longspan_kernel::recurrent::{self, Chunk, Gradients, Phase, Tangents};
use longspan_kernel::{Context, InstructionSet, Packed};

/// A number type for networks, `f32` or `f64`, with the passes of every cell.
///
/// The passes are compiled here, once. If they were generic over the number type, every crate that trains a
/// network would compile them again: for ten cells, three instruction sets and two number types.
pub trait Real: Arithmetic {
    /// Returns the passes of a cell.
    fn cell(kind: CellKind) -> &'static dyn Passes<Self>;
}

macro_rules! cells {
    ($number:ty, $passes:ident) => {
        impl Real for $number {
            // If this were inlined into another crate, the passes would be compiled there.
            #[inline(never)]
            fn cell(kind: CellKind) -> &'static dyn Passes<Self> {
                match kind {
                    CellKind::Rnn => &Elman::<TANH>,
                    CellKind::Relu => &Elman::<RELU>,
                    CellKind::Identity => &Elman::<IDENTITY>,
                    CellKind::Residual { .. } => &Residual,
                    CellKind::Gru { reset_after: true } => &ResetAfter,
                    CellKind::Gru { reset_after: false } => &ResetBefore,
                    CellKind::Lstm { peepholes: false, coupled: false } => &Lstm::<false, false>,
                    CellKind::Lstm { peepholes: true, coupled: false } => &Lstm::<true, false>,
                    CellKind::Lstm { peepholes: false, coupled: true } => &Lstm::<false, true>,
                    CellKind::Lstm { peepholes: true, coupled: true } => &Lstm::<true, true>,
                    CellKind::Custom(cell) => cell.$passes(),
                }
            }
        }
    };
}
cells!(f32, single);
cells!(f64, double);

/// The constants of a [`Cell`] and its [`Equations`](recurrent::Equations), with the same names.
#[derive(Clone, Copy, Debug)]
pub struct CellSpec {
    /// Number of gates: blocks of H rows in the weights.
    pub gates: usize,
    /// Number of slots of the tape.
    pub tape: usize,
    /// Number of slots of the deltas.
    pub deltas: usize,
    /// Number of state parts; part 0 is h.
    pub parts: usize,
    /// Number of slots of elementwise weights.
    pub weights: usize,
    /// Number of coefficients of the Jacobian.
    pub jacobian: usize,
    /// Number of tangents of operands on the tape.
    pub operands: usize,
    /// The products with recurrent weights in one step.
    pub phases: &'static [Phase],
    /// The gate whose recurrent bias is added to the recurrent product.
    pub inner_bias: Option<usize>,
    /// Peepholes, in the order of the weight slots.
    pub peepholes: &'static [Peephole],
    /// Delta slot whose sum is the gradient of a scalar step α.
    pub step_delta: Option<usize>,
    /// The values that the forward pass computes at a step, by name.
    pub values: &'static [(&'static str, Kept)],
    /// The values that the backward pass computes at a step, by name: slots of the deltas.
    pub derivatives: &'static [(&'static str, usize)],
    /// The activations on the tape of which snapshots and probes record openness and saturation.
    pub activations: &'static [Slot],
}

impl CellKind {
    /// The constants of the cell: the sizes of its buffers and its products per step.
    pub fn spec(self) -> CellSpec {
        f32::cell(self).spec()
    }
}

/// The passes of a cell over a chunk of time, see [`recurrent`]. Every [`Cell`] has them.
pub trait Passes<R: Arithmetic>: Sync {
    /// Returns the constants of the cell.
    fn spec(&self) -> CellSpec;

    /// Runs the recurrence forwards, see [`recurrent::forward`].
    fn forward(&self, ctx: &Context<R>, weights: &[Packed<R>], chunk: &mut Chunk<'_, R>);

    /// Recomputes the states from the tape, see [`recurrent::recompute`].
    fn recompute(&self, ctx: &Context<R>, chunk: &mut Chunk<'_, R>);

    /// Runs the recurrence backwards, see [`recurrent::backward`].
    fn backward(
        &self,
        ctx: &Context<R>,
        weights: &[Packed<R>],
        chunk: &mut Chunk<'_, R>,
        gradients: &mut Gradients<'_, R>,
    );

    /// Computes the coefficients of the Jacobians of a chunk, see [`recurrent::linearise`].
    fn linearise(&self, ctx: &Context<R>, chunk: &mut Chunk<'_, R>, coefficients: &mut [R]);

    /// Multiplies tangents with the Jacobian of one step, see [`recurrent::tangents`].
    fn tangents(&self, isa: InstructionSet, weights: &[Packed<R>], step: Tangents<'_, R>);
}

impl<R: Arithmetic, C: Cell<R>> Passes<R> for C {
    fn spec(&self) -> CellSpec {
        CellSpec {
            gates: C::GATES,
            tape: C::TAPE,
            deltas: C::DELTAS,
            parts: C::PARTS,
            weights: C::WEIGHTS,
            jacobian: C::JACOBIAN,
            operands: C::OPERANDS,
            phases: C::PHASES,
            inner_bias: C::INNER_BIAS,
            peepholes: C::PEEPHOLES,
            step_delta: C::STEP_DELTA,
            values: C::VALUES,
            derivatives: C::DERIVATIVES,
            activations: C::ACTIVATIONS,
        }
    }

    fn forward(&self, ctx: &Context<R>, weights: &[Packed<R>], chunk: &mut Chunk<'_, R>) {
        recurrent::forward(ctx, self, C::PHASES, weights, chunk);
    }

    fn recompute(&self, ctx: &Context<R>, chunk: &mut Chunk<'_, R>) {
        recurrent::recompute(ctx, self, chunk);
    }

    fn backward(
        &self,
        ctx: &Context<R>,
        weights: &[Packed<R>],
        chunk: &mut Chunk<'_, R>,
        gradients: &mut Gradients<'_, R>,
    ) {
        recurrent::backward(ctx, self, C::PHASES, weights, chunk, gradients);
    }

    fn linearise(&self, ctx: &Context<R>, chunk: &mut Chunk<'_, R>, coefficients: &mut [R]) {
        recurrent::linearise(ctx, self, chunk, coefficients);
    }

    fn tangents(&self, isa: InstructionSet, weights: &[Packed<R>], step: Tangents<'_, R>) {
        recurrent::tangents(isa, self, C::PHASES, weights, step);
    }
}
