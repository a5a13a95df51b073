//! Batches of independent rows: labelled sequences, windows of a series, stretches of music.
//!
//! [`deal`](longspan::batch::deal) says which items a batch has.
//!
//! Every row begins with a zero state. The target of a row is predicted from the mean over its steps
//! ([`Pooling::Mean`](longspan::model::pooling::Pooling::Mean)) or at its last position. Labelled sequences can also be
//! scored at every position, see [`mask`](super::mask).

mod music;
mod sequences;
mod windows;

pub use music::MusicBatches;
pub use sequences::SequenceBatches;
pub use windows::WindowBatches;

use longspan::batch::deal::Deal;
pub use longspan::batch::deal::Order;
