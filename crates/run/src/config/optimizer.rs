//! The settings of the optimizer.

use longspan::optim::clip::Clip;
use longspan::optim::schedule::Schedule;
use longspan::optim::{Rule, Settings};

/// The section `[optimizer]`: update rule, learning rate and clipping. [`KEYS`](super::KEYS) documents each
/// setting.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "`KEYS` documents every setting once, for flags, files and readers")]
pub struct OptimizerConfig {
    pub rule: Rule,
    pub lr: f64,
    pub schedule: Schedule,
    pub warmup: u64,
    pub clip: Clip,
    pub momentum: f64,
    pub nesterov: bool,
    pub beta1: f64,
    pub beta2: f64,
    pub smoothing: f64,
    pub eps: Option<f64>,
    pub weight_decay: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        let optimizer = Settings::default();
        Self {
            rule: Rule::Adam,
            lr: 2e-3,
            schedule: Schedule::Constant,
            warmup: 0,
            clip: Clip::Norm(1.0),
            momentum: optimizer.momentum,
            nesterov: optimizer.nesterov,
            beta1: optimizer.beta1,
            beta2: optimizer.beta2,
            smoothing: optimizer.smoothing,
            eps: optimizer.eps,
            weight_decay: optimizer.weight_decay,
        }
    }
}

impl OptimizerConfig {
    /// The update rule and its constants for the library.
    pub fn settings(&self) -> Settings {
        Settings {
            rule: self.rule,
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
