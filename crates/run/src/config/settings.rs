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
///
/// # Examples
/// ```
/// use longspan_run::config::{CellName, Config, ModelConfig, Origin};
///
/// let model = ModelConfig { cell: CellName::Gru, hidden: 64, ..ModelConfig::default() };
/// let mut config = Config { model, ..Config::default() };
/// config.set("lr", "5e-4", Origin::Flag)?;
/// config.set("task", "adding", Origin::Flag)?;
/// config.check()?;
/// assert_eq!((config.get("hidden").to_string(), config.optimizer.lr), ("64".into(), 5e-4));
///
/// let wrong = config.set("hiden", "64", Origin::Flag).unwrap_err();
/// assert!(wrong.to_string().contains("did you mean --hidden?"), "{wrong}");
/// # Ok::<(), longspan_run::config::ConfigError>(())
/// ```
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
    /// Where [`Config::set`] and [`Config::read`] took each setting from, for messages; other settings are absent.
    pub origins: BTreeMap<&'static str, Origin>,
}
