//! A training run from a configuration to its end: data, checkpoints, records and the directory that holds them.

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

#[cfg(test)]
#[path = "../tests/it/test_dir.rs"]
mod test_dir;
