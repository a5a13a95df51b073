//! Readers for common data formats, synthetic tasks, and the batches made from them.
//!
//! # Where to begin
//! Every source of data implements [`Source`](longspan::batch::Source), from which a
//! [`Trainer`](longspan::trainer::Trainer) takes steps.
//!
//! | data | read by | batches |
//! |---|---|---|
//! | texts as tokens | [`text`] | [`stream`] |
//! | sequences with labels: `.ts`, tables, folders, NumPy, IDX, piano rolls | [`labelled`] | [`batches`] |
//! | numeric series | [`series`] | [`batches::WindowBatches`] |
//! | a synthetic task | [`task`] | [`task`] |
//! | arrays in memory | | [`longspan::batch::Sequences`] |
//!
//! [`inspect`] says which of these a file is. What inputs and outputs of a model mean is a [`schema`].
//!
//! # Examples
//! Trains on a synthetic task:
//!
//! ```
//! use longspan::prelude::*;
//! use longspan_data::task::{Lengths, Samples, TaskKind};
//!
//! let task = TaskKind::Adding.task().ok_or("a task with samples")?;
//! let train = Samples::new(task, Lengths::only(10), 16, 1, 100, 0)?;
//! let model = ModelSpec::new(CellKind::LSTM, task.input(8), 16, 1, task.output());
//! let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model, 16));
//! for _ in 0..20 {
//!     trainer.step(&train, 0.01)?;
//! }
//! println!("loss {:.3}, without a network {:.3}", trainer.record().loss, task.chance_loss(Lengths::only(10)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod batches;
pub mod categorical;
pub mod encoding;
pub mod file;
pub mod fingerprint;
mod foreign;
mod gzip;
pub mod inspect;
pub mod labelled;
pub mod mask;
pub mod memory;
mod natural_order;
pub mod schema;
pub mod series;
mod shift;
pub mod spread;
pub mod stamps;
pub mod stream;
pub mod table;
pub mod task;
pub mod text;
mod tokens;
pub mod vocabulary;
mod wording;
