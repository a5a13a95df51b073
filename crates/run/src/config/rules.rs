//! What the values of a configuration may be, alone and together.

use super::{CellName, Config, ConfigError, Missing, flag};
use longspan::model::head::ValueLoss;
use longspan::model::init::Init;
use longspan::model::pooling::Pooling;
use longspan::option_syntax::OptionError;
use longspan_data::schema::{Predicts, Schema};
use longspan_data::task::TaskKind;

/// Settings that only some sources of data have.
const OF_SOURCES: &[(&[&str], &[&str])] = &[
    (&["text"], &["valid", "test", "vocab_size", "vocab"]),
    (&["text", "labelled"], &["level"]),
    (&["labelled"], &["labelled_test", "label_column", "id_column", "image_labels", "image_steps"]),
    (&["series"], &["columns", "target", "window", "horizon", "recursive", "time_column", "group_column"]),
    (&["labelled", "series"], &["missing", "pool"]),
    (&["task"], &["length"]),
];

/// Why a model that predicts what is read next reads forwards.
const SEES: &str = "a model that reads both ways would see the next token that it is to predict, and carries no state from window \
                    to window: leave it out for texts, music and the task agreement";

impl Config {
    /// Checks what depends on the data.
    ///
    /// # Errors
    /// As [`Config::check`].
    pub fn check_for(&self, schema: &Schema) -> Result<(), ConfigError> {
        if self.model.bidirectional && schema.predicts == Predicts::Next {
            return Err(ConfigError::Value { given: self.given("bidirectional"), need: SEES.into() });
        }
        Ok(())
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError::Value`] of the first setting that cannot be used, with what it needs.
    pub fn check(&self) -> Result<(), ConfigError> {
        let probability = |x: f64| (0.0..1.0).contains(&x);
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let fraction = |x: f64| (0.0..1.0).contains(&x);
        let sources = [
            ("text", self.data.text.is_some()),
            ("labelled", self.data.labelled.is_some()),
            ("series", self.data.series.is_some()),
            ("task", self.data.task.is_some()),
        ];
        let second = sources.iter().filter(|source| source.1).nth(1).map_or("task", |source| source.0);
        let gated = matches!(self.model.cell, CellName::Gru | CellName::Lstm);
        let embedding_fits = self.model.embedding == 0 || self.model.embedding == self.model.hidden;
        let rules: &[(bool, &'static str, &str)] = &[
            (
                sources.iter().any(|source| source.1),
                "text",
                "name data with --text FILE, --labelled FILE, --series FILE or --task NAME; `longspan inspect FILE` says which",
            ),
            (
                sources.iter().filter(|source| source.1).count() < 2,
                second,
                "choose one of --text, --labelled, --series and --task",
            ),
            (fraction(self.data.valid_fraction), "valid_fraction", "needs a number from 0 to below 1"),
            (
                fraction(self.data.test_fraction) && self.data.valid_fraction + self.data.test_fraction < 1.0,
                "test_fraction",
                "needs a number from 0 that leaves with --valid-fraction something to train on",
            ),
            (
                self.data.test_fraction == 0.0 || self.data.labelled.is_some() || self.data.series.is_some(),
                "test_fraction",
                "is for series and labelled sequences: a text is tested on --test FILE",
            ),
            (
                self.data.test_fraction == 0.0 || self.data.labelled_test.is_none(),
                "test_fraction",
                "choose it or --labelled-test, not both",
            ),
            (self.data.window >= 1, "window", "needs 1 or more"),
            (self.data.horizon >= 1, "horizon", "needs 1 or more"),
            (
                self.data.missing != Missing::Drop || self.data.series.is_some(),
                "missing",
                "drop is for series: choose error, interpolate or zero",
            ),
            (
                self.data.missing != Missing::Zero || self.data.labelled.is_some(),
                "missing",
                "zero is for labelled sequences: choose error, interpolate or drop",
            ),
            (self.model.loss != ValueLoss::Labels, "loss", "needs squared or absolute"),
            (
                self.data.vocab_size == 0 || self.data.vocab_size >= 3,
                "vocab_size",
                "needs 3 or more, or 0 for all words",
            ),
            (
                self.data.vocab_size == 0 || self.data.vocab.is_none(),
                "vocab_size",
                "a vocabulary that --vocab names has its size: leave out one of the two",
            ),
            (self.model.layers >= 1, "layers", "needs 1 or more"),
            (self.model.hidden >= 1, "hidden", "needs 1 or more"),
            (probability(self.model.dropout), "dropout", "needs a probability from 0 to below 1"),
            (!self.model.bidirectional || self.data.text.is_none(), "bidirectional", SEES),
            (
                self.model.bidirectional || self.model.pool != Pooling::BothEnds,
                "pool",
                "ends needs --bidirectional true",
            ),
            (
                !self.model.tie_weights || embedding_fits,
                "embedding",
                "tied weights need an embedding as wide as --hidden",
            ),
            (
                !self.model.tie_weights
                    || self.data.text.is_some()
                    || self.data.task.is_some_and(|task| task.task().is_none()),
                "tie_weights",
                "tied weights need data whose next token is predicted",
            ),
            (
                !self.model.encoder_decoder || self.data.task == Some(TaskKind::Reversal),
                "encoder_decoder",
                "needs --task reversal: no other data have one sequence to read and another to say",
            ),
            (
                !self.model.encoder_decoder
                    || !(self.model.bidirectional
                        || self.model.layer_residual
                        || self.model.layer_norm
                        || self.model.learn_state),
                "encoder_decoder",
                "is for plain stacks: leave out --bidirectional, --layer-residual, --layer-norm and --learn-state",
            ),
            (
                !self.model.encoder_decoder || self.run.bptt_memory.0 == 0,
                "bptt_memory",
                "cannot be limited with --encoder-decoder: leave it at 0",
            ),
            (self.model.residual_step.is_finite(), "residual_step", "needs a finite number"),
            (
                gated || !matches!(self.model.init, Init::Chrono { .. }),
                "init",
                "chrono sets the biases of gates, and this cell has none: choose --cell gru or lstm",
            ),
            (self.model.forget_bias.is_finite(), "forget_bias", "needs a finite number"),
            (self.data.unroll >= 1, "unroll", "needs 1 or more"),
            (self.data.batch >= 1, "batch", "needs 1 or more"),
            (self.run.epochs >= 1 || self.run.steps >= 1, "epochs", "needs 1 or more, or choose --steps"),
            (self.run.threads <= 1024, "threads", "needs at most 1024"),
            (self.optimizer.lr.is_finite() && self.optimizer.lr > 0.0, "lr", "needs a finite number above 0"),
            (not_negative(self.run.stop_after), "stop_after", "needs a finite number of seconds, 0 or more"),
            (self.run.observe_every >= 1, "observe_every", "needs 1 or more: --observe off looks at nothing"),
            (
                not_negative(self.run.checkpoint_every),
                "checkpoint_every",
                "needs a finite number of seconds, 0 or more",
            ),
        ];
        if let Some(&(_, key, need)) = rules.iter().find(|rule| !rule.0) {
            return Err(ConfigError::Value { given: self.given(key), need: need.into() });
        }
        let default = Self::default();
        for &(source, keys) in OF_SOURCES {
            let has = |&(name, given): &(&str, bool)| given && source.contains(&name);
            let unused = |key: &&&str| self.get(key) != default.get(key);
            if let (false, Some(key)) = (sources.iter().any(has), keys.iter().find(unused)) {
                let flags = source.iter().map(|name| flag(name)).collect::<Vec<_>>().join(" or ");
                return Err(ConfigError::Value {
                    given: self.given(key),
                    need: format!("is for {flags}: leave it out"),
                });
            }
        }
        let problem = |error: OptionError| ConfigError::Value {
            given: self.given("optimizer"),
            need: error.to_string(),
        };
        self.optimizer.settings().validate().map_err(problem)
    }
}
