//! All settings of a run, in their sections.

use std::collections::BTreeMap;

use super::data::DataConfig;
use super::given::Origin;
use super::model::ModelConfig;
use super::optimizer::OptimizerConfig;
use super::run::RunConfig;

/// The version of the format of configuration files. Version 1 has all settings at the top level, version 2 a
/// table for each section. Both are read.
pub const SCHEMA: i64 = 2;

/// All settings of a training run.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The data and how they become batches.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// How the weights are updated.
    pub optimizer: OptimizerConfig,
    /// Length, resources and records.
    pub run: RunConfig,
    /// Where each given setting was given; settings at their defaults are absent.
    pub(super) origins: BTreeMap<&'static str, Origin>,
}
