//! Checks of settings, alone and in combination.

use super::{Beside, CellName, Config, ConfigError, Missing};
use longspan::model::head::ValueLoss;
use longspan::model::init::Init;
use longspan::model::pooling::Pooling;
use longspan::optim::schedule::Schedule;
use longspan::option_syntax::OptionError;
use longspan_data::schema::{MOST_ROWS, Predicts, Schema};
use longspan_data::table::{Decimal, Separator};
use longspan_data::task::TaskKind;

/// Why a model that predicts the next token cannot be bidirectional.
const BIDIRECTIONAL: &str = "a bidirectional model would see the next token, which it has to predict, and \
                             cannot carry its state from window to window: leave it out for texts, music \
                             and the task agreement";

/// The deepest stack. Deeper ones train in no reasonable time, and are most likely a mistake for `--hidden`.
const MOST_LAYERS: usize = 1000;

/// Whether a setting is valid, its key, and what it needs if it is not.
type Rule = (bool, &'static str, &'static str);

impl Config {
    /// Checks the settings that depend on the data.
    ///
    /// # Errors
    /// The same as [`Config::check`].
    pub fn check_for(&self, schema: &Schema) -> Result<(), ConfigError> {
        if self.model.bidirectional && schema.predicts == Predicts::Next {
            return Err(ConfigError::Value {
                given: self.given("bidirectional"),
                need: BIDIRECTIONAL.into(),
            });
        }
        Beside { config: self, schema: Some(schema), from: false }.check()
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first setting that cannot be used, with what it needs.
    pub fn check(&self) -> Result<(), ConfigError> {
        let rules = [self.data_rules(), self.model_rules(), self.optimizer_rules(), self.run_rules()];
        if let Some((_, key, need)) = rules.into_iter().flatten().find(|rule| !rule.0) {
            return Err(ConfigError::Value { given: self.given(key), need: need.into() });
        }
        Beside { config: self, schema: None, from: false }.check()?;
        let problem = |error: OptionError| ConfigError::Value {
            given: self.given("optimizer"),
            need: error.to_string(),
        };
        self.optimizer.settings().validate().map_err(problem)
    }

    /// Checks the numbers that every command relies on which reads the settings of a run.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first number out of range.
    pub(crate) fn check_numbers(&self) -> Result<(), ConfigError> {
        match self.number_rules().into_iter().find(|rule| !rule.0) {
            None => Ok(()),
            Some((_, key, need)) => Err(ConfigError::Value { given: self.given(key), need: need.into() }),
        }
    }

    fn number_rules(&self) -> Vec<Rule> {
        let data = &self.data;
        let fraction = |x: f64| (0.0..1.0).contains(&x);
        let most = "needs at most 16777216";
        vec![
            (fraction(data.valid_fraction), "valid_fraction", "must be at least 0 and less than 1"),
            (
                fraction(data.test_fraction) && data.valid_fraction + data.test_fraction < 1.0,
                "test_fraction",
                "needs 0 or more, and less than 1 together with --valid-fraction",
            ),
            (data.window >= 1, "window", "needs 1 or more"),
            (data.window <= MOST_ROWS, "window", most),
            (data.horizon >= 1, "horizon", "needs 1 or more"),
            (data.horizon <= MOST_ROWS, "horizon", most),
            (data.season <= MOST_ROWS, "season", most),
            (data.unroll >= 1, "unroll", "needs 1 or more"),
            (data.unroll <= MOST_ROWS, "unroll", most),
            (data.batch >= 1, "batch", "needs 1 or more"),
            (data.batch <= MOST_ROWS, "batch", most),
        ]
    }

    fn data_rules(&self) -> Vec<Rule> {
        let data = &self.data;
        let sources = self.sources();
        let second = sources.iter().filter(|source| source.1).nth(1).map_or("task", |source| source.0);
        let mut rules = vec![
            (
                sources.iter().any(|source| source.1),
                "text",
                "name data with --text FILE, --labelled FILE, --series FILE or --task NAME; `longspan inspect FILE` says which one fits",
            ),
            (
                sources.iter().filter(|source| source.1).count() < 2,
                second,
                "choose one of --text, --labelled, --series and --task",
            ),
            (
                data.test_fraction == 0.0 || data.labelled_test.is_none(),
                "test_fraction",
                "cannot be combined with --labelled-test: leave out one of the two",
            ),
            (
                data.decimal != Some(Decimal::Comma) || data.separator != Some(Separator::COMMA),
                "decimal",
                "a comma cannot be the separator and the decimal mark: leave out one of the two",
            ),
            (
                !(data.header && data.no_header),
                "header",
                "cannot be combined with --no-header: leave out one of the two",
            ),
            (
                data.missing != Missing::Drop || data.series.is_some(),
                "missing",
                "drop applies to series only: choose error, interpolate or zero",
            ),
            (
                data.missing != Missing::Zero || data.labelled.is_some(),
                "missing",
                "zero applies to labelled sequences only: choose error, interpolate or drop",
            ),
            (
                data.vocab_size == 0 || data.vocab_size >= 3,
                "vocab_size",
                "needs 3 or more, or 0 for all words",
            ),
            (
                data.vocab_size == 0 || data.vocab.is_none(),
                "vocab_size",
                "cannot be combined with --vocab, which has its own size: leave out one of the two",
            ),
        ];
        rules.extend(self.number_rules());
        rules
    }

    fn model_rules(&self) -> Vec<Rule> {
        let (data, model) = (&self.data, &self.model);
        let gated = matches!(model.cell, CellName::Gru | CellName::Lstm);
        let embedding_fits = model.embedding == 0 || model.embedding == model.hidden;
        let plain = !(model.bidirectional || model.layer_residual || model.layer_norm || model.learn_state);
        let predicts_tokens = data.text.is_some() || data.task.is_some_and(|task| task.task().is_none());
        vec![
            (
                model.cell != CellName::Custom,
                "cell",
                "the equations of such a cell are in another program: choose rnn, relu, identity, residual, gru or lstm",
            ),
            (model.loss != ValueLoss::Labels, "loss", "needs squared or absolute"),
            ((1..=MOST_LAYERS).contains(&model.layers), "layers", "needs 1 to 1000"),
            (model.hidden >= 1, "hidden", "needs 1 or more"),
            ((0.0..1.0).contains(&model.dropout), "dropout", "must be at least 0 and less than 1"),
            (!model.bidirectional || data.text.is_none(), "bidirectional", BIDIRECTIONAL),
            (
                model.bidirectional || model.pool != Pooling::BothEnds,
                "pool",
                "ends needs --bidirectional true",
            ),
            (
                !model.tie_weights || embedding_fits,
                "embedding",
                "tied weights need an embedding as wide as --hidden",
            ),
            (
                !model.tie_weights || predicts_tokens,
                "tie_weights",
                "tied weights need data whose next token is predicted",
            ),
            (
                !model.encoder_decoder || data.task == Some(TaskKind::Reversal),
                "encoder_decoder",
                "needs --task reversal: only its data have one sequence to read and another to write",
            ),
            (
                !model.encoder_decoder || plain,
                "encoder_decoder",
                "cannot be combined with --bidirectional, --layer-residual, --layer-norm or --learn-state: leave them out",
            ),
            (model.residual_step.is_finite(), "residual_step", "needs a finite number"),
            (
                gated || !matches!(model.init, Init::Chrono { .. }),
                "init",
                "chrono sets the biases of gates, but this cell has no gates: choose --cell gru or lstm",
            ),
            (model.forget_bias.is_finite(), "forget_bias", "needs a finite number"),
        ]
    }

    fn optimizer_rules(&self) -> Vec<Rule> {
        let lr = self.optimizer.lr;
        let cosine = matches!(self.optimizer.schedule, Schedule::Cosine { warmup: 1.. });
        vec![
            (lr.is_finite() && lr > 0.0, "lr", "needs a finite number above 0"),
            (
                self.optimizer.warmup == 0 || !cosine,
                "warmup",
                "this --schedule has a warm-up of its own: leave out one of the two",
            ),
        ]
    }

    fn run_rules(&self) -> Vec<Rule> {
        let run = &self.run;
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        vec![
            (run.epochs >= 1 || run.steps >= 1, "epochs", "needs 1 or more, or choose --steps"),
            (run.threads <= 1024, "threads", "needs at most 1024"),
            (
                !self.model.encoder_decoder || run.bptt_memory.0 == 0,
                "bptt_memory",
                "cannot be limited with --encoder-decoder: leave it at 0",
            ),
            (not_negative(run.stop_after), "stop_after", "needs a finite number of seconds, 0 or more"),
            (
                not_negative(run.checkpoint_every),
                "checkpoint_every",
                "needs a finite number of seconds, 0 or more",
            ),
            ((1..=1000).contains(&run.keep), "keep", "needs 1 to 1000"),
            (run.max_faults <= 1000, "max_faults", "needs at most 1000"),
            (run.observe_every >= 1, "observe_every", "needs 1 or more; --observe off records nothing"),
        ]
    }

    /// The sources of data, and whether each was given.
    fn sources(&self) -> [(&'static str, bool); 4] {
        let data = &self.data;
        [
            ("text", data.text.is_some()),
            ("labelled", data.labelled.is_some()),
            ("series", data.series.is_some()),
            ("task", data.task.is_some()),
        ]
    }
}
