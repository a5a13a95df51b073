//! What a run is made from: every setting, its default, where it was given, and what it may be.
//!
//! A setting has one name everywhere: the flag `--valid-fraction`, the TOML key `valid_fraction`, the field of [`Config`].
//! [`KEYS`] is the one table that flags, files and documentation are made from.

mod error;
mod field;
mod file;
mod keys;
mod model;
mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use error::{ConfigError, Given, Origin};
pub use field::{Field, Value};
pub use keys::{KEYS, Key, Section};

use longspan::bptt::dropout::Mask;
use longspan::model::head::ValueLoss;
use longspan::model::init::Init;
use longspan::model::pooling::Pooling;
use longspan::optim::clip::Clip;
use longspan::optim::schedule::Schedule;
use longspan::optim::{Rule, Settings};
use longspan::option_syntax::{Size, nearest};
pub use longspan::telemetry::Observe;
use longspan_data::labelled::idx::ImageSteps;
use longspan_data::mask::LossMask;
use longspan_data::task::{LONGEST, Lengths, TaskKind};
use longspan_data::vocabulary::TokenLevel;

/// The version of the format of configuration files.
pub const SCHEMA: i64 = 1;

/// The name of a cell, without its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellName {
    /// Elman network with tanh.
    Rnn,
    /// Elman network with relu.
    Relu,
    /// Linear recurrent network.
    Identity,
    /// Elman network with a residual connection through time.
    Residual,
    /// Gated recurrent unit.
    Gru,
    /// Long short-term memory.
    Lstm,
}

/// How much a class counts in the loss that is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassWeights {
    /// All the same.
    None,
    /// Against its frequency, see [`balanced`](longspan::batch::balance::balanced).
    Balanced,
}

/// What happens to values that data lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// They are an error.
    Error,
    /// They lie on the line between their neighbours.
    Interpolate,
    /// Their rows are cut out of a series.
    Drop,
    /// They are the mean of a channel of labelled sequences.
    Zero,
}

/// Names of columns: `a,b`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

/// All settings of a training run. The documentation of each is in [`KEYS`].
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "`KEYS` documents every field once, for flags, files and readers")]
pub struct Config {
    pub text: Option<PathBuf>,
    pub level: TokenLevel,
    pub valid: Option<PathBuf>,
    pub test: Option<PathBuf>,
    pub valid_fraction: f64,
    pub test_fraction: f64,
    pub vocab_size: usize,
    pub vocab: Option<PathBuf>,
    pub labelled: Option<PathBuf>,
    pub labelled_test: Option<PathBuf>,
    pub label_column: Option<String>,
    pub id_column: Option<String>,
    pub image_labels: Option<PathBuf>,
    pub image_steps: ImageSteps,
    pub series: Option<PathBuf>,
    pub columns: Names,
    pub target: Names,
    pub window: usize,
    pub horizon: usize,
    pub recursive: bool,
    pub time_column: Option<String>,
    pub group_column: Option<String>,
    pub missing: Missing,
    pub task: Option<TaskKind>,
    pub length: Lengths,

    pub cell: CellName,
    pub layers: usize,
    pub hidden: usize,
    pub embedding: usize,
    pub dropout: f64,
    pub dropout_mask: Mask,
    pub bidirectional: bool,
    pub layer_residual: bool,
    pub layer_norm: bool,
    pub learn_state: bool,
    pub pool: Pooling,
    pub loss: ValueLoss,
    pub tie_weights: bool,
    pub reset_after: bool,
    pub peepholes: bool,
    pub coupled: bool,
    pub residual_step: f64,
    pub residual_learned: bool,
    pub encoder_decoder: bool,
    pub init: Init,
    pub forget_bias: f64,

    pub class_weights: ClassWeights,
    pub mask_loss: Option<LossMask>,
    pub unroll: usize,
    pub chunk: usize,
    pub batch: usize,
    pub bptt_memory: Size,
    pub epochs: u64,
    pub steps: u64,
    pub seed: u64,
    pub threads: usize,

    pub optimizer: Rule,
    pub lr: f64,
    pub schedule: Schedule,
    pub clip: Clip,
    pub momentum: f64,
    pub nesterov: bool,
    pub beta1: f64,
    pub beta2: f64,
    pub smoothing: f64,
    pub eps: Option<f64>,
    pub weight_decay: f64,

    pub eval_every: u64,
    pub early_stop: u64,
    pub stop_after: f64,
    pub checkpoint_every: f64,
    pub tensorboard: Option<PathBuf>,
    pub observe: Observe,
    pub observe_every: u64,
    pub no_probe: bool,

    /// Where each key that is not at its default was given.
    origins: BTreeMap<&'static str, Origin>,
}

impl Default for Config {
    fn default() -> Self {
        let optimizer = Settings::default();
        Self {
            text: None,
            level: TokenLevel::Char,
            valid: None,
            test: None,
            valid_fraction: 0.1,
            test_fraction: 0.0,
            vocab_size: 0,
            vocab: None,
            labelled: None,
            labelled_test: None,
            label_column: None,
            id_column: None,
            image_labels: None,
            image_steps: ImageSteps::default(),
            series: None,
            columns: Names::default(),
            target: Names::default(),
            window: 24,
            horizon: 1,
            recursive: false,
            time_column: None,
            group_column: None,
            missing: Missing::Error,
            task: None,
            length: Lengths::only(20),
            cell: CellName::Lstm,
            layers: 1,
            hidden: 128,
            embedding: 0,
            dropout: 0.0,
            dropout_mask: Mask::Step,
            bidirectional: false,
            layer_residual: false,
            layer_norm: false,
            learn_state: false,
            pool: Pooling::Last,
            loss: ValueLoss::Squared,
            tie_weights: false,
            reset_after: true,
            peepholes: false,
            coupled: false,
            residual_step: 1.0,
            residual_learned: false,
            encoder_decoder: false,
            init: Init::Orthogonal { gain: 1.0 },
            forget_bias: 1.0,
            class_weights: ClassWeights::None,
            mask_loss: None,
            unroll: 128,
            chunk: 0,
            batch: 32,
            bptt_memory: Size(0),
            epochs: 10,
            steps: 0,
            seed: 0,
            threads: 0,
            optimizer: Rule::Adam,
            lr: 2e-3,
            schedule: Schedule::Constant,
            clip: Clip::Norm(1.0),
            momentum: optimizer.momentum,
            nesterov: optimizer.nesterov,
            beta1: optimizer.beta1,
            beta2: optimizer.beta2,
            smoothing: optimizer.smoothing,
            eps: optimizer.eps,
            weight_decay: optimizer.weight_decay,
            eval_every: 0,
            early_stop: 0,
            stop_after: 0.0,
            checkpoint_every: 60.0,
            tensorboard: None,
            observe: Observe::Norms,
            observe_every: 10,
            no_probe: false,
            origins: BTreeMap::new(),
        }
    }
}

/// The flag of a key.
pub fn flag(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

impl Config {
    /// Sets a key, given with underscores or hyphens, from text.
    ///
    /// # Errors
    /// [`ConfigError::Unknown`] names the nearest key; [`ConfigError::Value`] says what the key needs.
    pub fn set(&mut self, name: &str, value: &str, origin: Origin) -> Result<(), ConfigError> {
        let Some(key) = KEYS.iter().find(|key| key.name == name.replace('-', "_")) else {
            let place = match &origin {
                Origin::File { path, line } => format!("{}, line {line}: ", path.display()),
                Origin::Flag => String::new(),
            };
            let nearest =
                nearest(&name.replace('-', "_"), KEYS.iter().map(|key| key.name)).map(|key| match origin {
                    Origin::File { .. } => key.to_owned(),
                    Origin::Flag => flag(key),
                });
            return Err(ConfigError::Unknown { name: name.into(), nearest, place });
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

    /// Whether the key was given, rather than left at its default.
    pub fn is_given(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }

    /// The setting as it was given.
    pub fn given(&self, key: &'static str) -> Given {
        let value = self.get(key).to_string();
        Given { key, value, origin: self.origins.get(key).cloned() }
    }

    /// The keys whose values differ between two configurations.
    pub fn differences(&self, other: &Self) -> Vec<&'static Key> {
        KEYS.iter().filter(|key| self.get(key.name) != other.get(key.name)).collect()
    }

    /// Bytes that what backward needs of a window may take; None for as many as it needs.
    pub fn memory_limit(&self) -> Option<usize> {
        (self.bptt_memory.0 > 0).then_some(self.bptt_memory.0)
    }

    /// Steps of a whole run on data that have so many windows.
    pub fn planned_steps(&self, windows: u64) -> u64 {
        if self.steps > 0 { self.steps } else { self.epochs.saturating_mul(windows) }
    }

    /// Steps back that the longest samples of a task have to be bridged; None where that is not known.
    pub fn needed_lag_steps(&self) -> Option<usize> {
        Some(self.task?.dependency_length(self.length.longest().min(LONGEST)))
    }

    /// Whether windows cut the gradient off: texts are read on and on; everything else is made of pieces that begin with nothing.
    pub fn is_truncated(&self) -> bool {
        self.text.is_some()
    }

    /// What a trainer of `model` is made from.
    pub fn trainer(&self, model: longspan::model::ModelSpec) -> longspan::trainer::TrainerSpec {
        longspan::trainer::TrainerSpec {
            model,
            batch: self.batch,
            seed: self.seed,
            init: self.init,
            forget_bias: self.forget_bias,
            dropout: self.dropout,
            dropout_mask: self.dropout_mask,
            optimizer: self.optimizer_settings(),
            clip: self.clip,
            memory_limit: self.memory_limit(),
            observe: self.observe,
            observe_every: self.observe_every,
        }
    }

    /// The optimizer's settings.
    pub fn optimizer_settings(&self) -> Settings {
        Settings {
            rule: self.optimizer,
            weight_decay: self.weight_decay,
            momentum: self.momentum,
            nesterov: self.nesterov,
            beta1: self.beta1,
            beta2: self.beta2,
            smoothing: self.smoothing,
            eps: self.eps,
        }
    }
}
