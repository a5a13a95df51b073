//! Readers for common data formats, synthetic tasks, and the batches made from them.

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
