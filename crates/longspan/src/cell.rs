//! Recurrent cells: one file each, with the forward and backward equations side by side.
//!
//! All cells follow PyTorch's conventions: weights W_ih `[G·H, D]` and W_hh `[G·H, H]`, two biases `[G·H]`,
//! and gates stacked in the order that the cell's file states.
//!
//! A new cell of this crate is one file with its [`Equations`] and [`Cell`], an entry in [`CellKind`], and a line in the
//! table of [`Real::cell`]. The gradient checks find it through [`CellKind::ALL`]. Another crate defines a cell with the
//! same two traits, as a [`CustomCell`].

mod custom;
pub mod elman;
pub mod gru;
mod interface;
mod kind;
pub mod lstm;
mod passes;
pub mod residual;
pub mod tape;

pub use custom::CustomCell;
pub use interface::{Cell, Factor, Kept, Peephole};
pub use kind::CellKind;
pub use longspan_kernel::Vector;
pub use longspan_kernel::recurrent::{
    Backward, Equations, Forward, Linearise, MAX_GATES, Operand, Phase, Tangent, Units,
};
pub use passes::{CellSpec, Passes, Real};
