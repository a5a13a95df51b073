//! A training run from a configuration to its end: data, checkpoints, records and the directory that holds them.
//!
//! # Where to begin
//! - A loop of your own leaves a run directory, which `longspan report` and `longspan diagnose` read: [`RunRecorder`].
//! - A program reads a run directory: [`directory::history::read`].
//! - A program trains as `longspan train` does, from settings: [`Config`], [`train::Job`] and [`train::train`].
//! - Weights are saved and read: [`checkpoint`].
//!
//! The guide, `docs/guide.md` in the repository, leads through the first of these. [`directory`] lists the files of a run.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make and damage files"))]

pub mod assess;
pub mod checkpoint;
pub mod config;
pub mod dataset;
pub mod dialect;
pub mod directory;
mod disk;
mod links;
pub mod machine;
pub mod metrics;
pub mod plain_file;
pub mod probe_plan;
pub mod recorder;
pub mod report;
pub mod train;
pub mod units;
pub mod visible;
pub mod whole_file;

pub use config::Config;
pub use directory::Watched;
pub use recorder::RunRecorder;
pub use train::Outcome;

#[cfg(test)]
#[path = "../tests/it/test_dir.rs"]
mod test_dir;
