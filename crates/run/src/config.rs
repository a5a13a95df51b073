//! The settings of a run: sections, defaults, where each setting was given, and the values that it may have.
//!
//! A setting has one name everywhere: the flag `--valid-fraction` is the TOML key `valid_fraction`. Flags,
//! files and documentation are made from one table, [`KEYS`], which also has the section of each setting.

mod data;
mod effect;
mod error;
mod field;
mod file;
mod given;
mod keys;
mod model;
mod optimizer;
mod rules;
mod run;
mod settings;
mod spec;

pub use data::{Calendar, ClassWeights, DataConfig, Gaps, Missing, Names, Scale};
pub use effect::Beside;
pub use error::ConfigError;
pub use field::{Field, Value};
pub use given::{Given, Origin, flag};
pub use keys::{KEYS, Key, Section};
pub use model::{CellName, ModelConfig};
pub use optimizer::OptimizerConfig;
pub use run::{Observe, OnFault, OnFullDisk, RunConfig};
pub use settings::{Config, SCHEMA};

use longspan::option_syntax::nearest;
use longspan_data::task::LONGEST;

impl Config {
    /// Sets a key from text. The name may have underscores or hyphens.
    ///
    /// # Errors
    /// [`ConfigError::Unknown`] with the most similar key, or [`ConfigError::Value`] with what the key needs.
    pub fn set(&mut self, name: &str, value: &str, origin: Origin) -> Result<(), ConfigError> {
        let Some(key) = KEYS.iter().find(|key| key.name == name.replace('-', "_")) else {
            let location = match &origin {
                Origin::File { path, line } => format!("{}, line {line}: ", path.display()),
                Origin::Flag => String::new(),
            };
            let nearest =
                nearest(&name.replace('-', "_"), KEYS.iter().map(|key| key.name)).map(|key| match origin {
                    Origin::File { .. } => key.to_owned(),
                    Origin::Flag => flag(key),
                });
            return Err(ConfigError::Unknown { name: name.into(), nearest, location });
        };
        let given = Given { key: key.name, value: value.into(), origin: Some(origin.clone()) };
        (key.field)(self).set(value).map_err(|need| ConfigError::Value { given, need })?;
        self.origins.insert(key.name, origin);
        Ok(())
    }

    /// The value of a key.
    ///
    /// # Panics
    /// If there is no such key.
    pub fn get(&self, name: &str) -> Value {
        let key = KEYS.iter().find(|key| key.name == name).unwrap_or_else(|| panic!("no key {name}"));
        (key.field)(&mut self.clone()).get()
    }

    /// Whether the key was set explicitly.
    pub fn is_given(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }

    /// The setting with its value and where it was given.
    pub fn given(&self, key: &'static str) -> Given {
        let value = self.get(key).to_string();
        Given { key, value, origin: self.origins.get(key).cloned() }
    }

    /// The keys whose values differ between two configurations.
    pub fn differences(&self, other: &Self) -> Vec<&'static Key> {
        KEYS.iter().filter(|key| self.get(key.name) != other.get(key.name)).collect()
    }

    /// The lag in steps that the longest samples of a task need; None if it is not known.
    pub fn needed_lag_steps(&self) -> Option<usize> {
        Some(self.data.task?.dependency_length(self.data.length.longest().min(LONGEST)))
    }

    /// Whether windows truncate the gradient. They do for a text, which is read window after window; in all
    /// other data each window is a sequence of its own.
    pub fn is_truncated(&self) -> bool {
        self.data.text.is_some()
    }

    /// The specification of a trainer for `model`. The learning rate and its schedule are not part of it: the loop gives each
    /// step its own.
    pub fn trainer(&self, model: longspan::model::ModelSpec) -> longspan::trainer::TrainerSpec {
        longspan::trainer::TrainerSpec {
            model,
            batch: self.data.batch,
            seed: self.run.seed,
            init: self.model.init,
            init_parts: longspan::model::init::InitParts {
                input: self.model.init_input,
                embedding: self.model.init_embedding,
                readout: self.model.init_readout,
            },
            forget_bias: self.model.forget_bias,
            dropout: self.model.dropout,
            dropout_mask: self.model.dropout_mask,
            optimizer: self.optimizer.settings(),
            clip: self.optimizer.clip,
            memory_limit: self.run.memory_limit(),
            observe: self.run.observe,
            observe_every: self.run.observe_every,
        }
    }
}
