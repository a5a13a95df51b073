//! What the values of a configuration may be, alone and together.

use super::{CellName, Config, ConfigError};
use crate::init::Init;
use crate::setting::SettingError;
use crate::task::TaskKind;

impl Config {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError::Value`] of the first setting that cannot be used, with what it needs.
    pub fn check(&self) -> Result<(), ConfigError> {
        let probability = |x: f64| (0.0..1.0).contains(&x);
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let gated = matches!(self.cell, CellName::Gru | CellName::Lstm);
        let embedding_fits = self.embedding == 0 || self.embedding == self.hidden;
        let rules: &[(bool, &'static str, &str)] = &[
            (
                self.text.is_some() || self.task.is_some(),
                "text",
                "name a text with --text FILE, or a task with --task",
            ),
            (self.text.is_none() || self.task.is_none(), "task", "choose --text or --task, not both"),
            ((0.0..1.0).contains(&self.valid_fraction), "valid_fraction", "needs a number from 0 to below 1"),
            (
                self.vocab_size == 0 || self.vocab_size >= 3,
                "vocab_size",
                "needs 3 or more, or 0 for all words",
            ),
            (self.layers >= 1, "layers", "needs 1 or more"),
            (self.hidden >= 1, "hidden", "needs 1 or more"),
            (probability(self.dropout), "dropout", "needs a probability from 0 to below 1"),
            (
                !self.tie_weights || embedding_fits,
                "embedding",
                "tied weights need an embedding as wide as --hidden",
            ),
            (
                !self.tie_weights || self.task.and_then(TaskKind::task).is_none(),
                "tie_weights",
                "tied weights need a task that predicts what it reads",
            ),
            (
                !self.encoder_decoder || self.task == Some(TaskKind::Reversal),
                "encoder_decoder",
                "needs --task reversal: no other data have one sequence to read and another to say",
            ),
            (
                !self.encoder_decoder || self.bptt_memory.0 == 0,
                "bptt_memory",
                "cannot be limited with --encoder-decoder: leave it at 0",
            ),
            (self.residual_step.is_finite(), "residual_step", "needs a finite number"),
            (
                gated || !matches!(self.init, Init::Chrono { .. }),
                "init",
                "chrono sets the biases of gates, and this cell has none: choose --cell gru or lstm",
            ),
            (self.forget_bias.is_finite(), "forget_bias", "needs a finite number"),
            (self.unroll >= 1, "unroll", "needs 1 or more"),
            (self.batch >= 1, "batch", "needs 1 or more"),
            (self.epochs >= 1 || self.steps >= 1, "epochs", "needs 1 or more, or choose --steps"),
            (self.threads <= 1024, "threads", "needs at most 1024"),
            (self.lr.is_finite() && self.lr > 0.0, "lr", "needs a finite number above 0"),
            (not_negative(self.stop_after), "stop_after", "needs a finite number of seconds, 0 or more"),
            (
                not_negative(self.checkpoint_every),
                "checkpoint_every",
                "needs a finite number of seconds, 0 or more",
            ),
        ];
        if let Some(&(_, key, need)) = rules.iter().find(|rule| !rule.0) {
            return Err(ConfigError::Value { given: self.given(key), need: need.into() });
        }
        let problem = |error: SettingError| ConfigError::Value {
            given: self.given("optimizer"),
            need: error.to_string(),
        };
        self.optimizer_settings().validate().map_err(problem)
    }
}
