//! Recurrent cells: one file each, equations forward and backward side by side.
//!
//! All follow PyTorch's conventions: weights W_ih `[G·H, D]` and W_hh `[G·H, H]`, two biases `[G·H]`, gates stacked in
//! the order that each file states.
//!
//! A new cell is one file with its [`Equations`](longspan_kernel::recurrent::Equations) and [`Cell`], and a line in [`CellKind`] and in the table of [`Real::cell`]; the gradient
//! checks find it through [`CellKind::ALL`].

pub mod elman;
pub mod gru;
mod interface;
mod kind;
pub mod lstm;
mod passes;
pub mod residual;
pub mod tape;

pub use interface::{Cell, Factor, Kept, Peephole};
pub use kind::CellKind;
pub use passes::{CellSpec, Passes, Real};
