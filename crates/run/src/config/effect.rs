//! The settings that have no effect beside others, in one table: which, when, why, and what to do.
//!
//! Settings of another kind of data are refused, because the command is likely to be about those data. The others are
//! reported: a command that changes one setting of a run, such as `--config RUN/config.toml --cell gru`, keeps the others.

use super::{CellName, Config, ConfigError, OnFault, flag};
use longspan::model::init::Init;
use longspan::optim::Rule;
use longspan::optim::schedule::Schedule;
use longspan::telemetry::Observe;
use longspan_data::mask::LossMask;
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_data::vocabulary::TokenLevel;

/// What decides whether a setting has an effect.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// All settings.
    pub config: &'a Config,
    /// What the data turned out to be; None before they are read.
    pub schema: Option<&'a Schema>,
    /// Whether the weights come from another run or file.
    pub from: bool,
}

/// Settings that have no effect under a condition.
struct Row {
    /// Their names.
    keys: &'static [&'static str],
    /// When they have no effect; false before the data are read if it depends on them.
    when: fn(&Beside<'_>) -> bool,
    /// Why, and what to do.
    why: &'static str,
    /// Whether they are refused, rather than reported.
    refused: bool,
}

impl Row {
    const fn refused(
        keys: &'static [&'static str],
        when: fn(&Beside<'_>) -> bool,
        why: &'static str,
    ) -> Self {
        Self { keys, when, why, refused: true }
    }

    const fn told(keys: &'static [&'static str], when: fn(&Beside<'_>) -> bool, why: &'static str) -> Self {
        Self { keys, when, why, refused: false }
    }
}

/// All settings without an effect. The first row that applies to a setting counts.
static ROWS: [Row; 39] = [
    // Settings of single kinds of data.
    Row::refused(
        &["valid", "test", "vocab_size", "vocab"],
        |b| !b.text(),
        "applies to --text only: leave it out",
    ),
    Row::refused(
        &["level"],
        |b| !(b.text() || b.labelled()),
        "applies to --text or --labelled only: leave it out",
    ),
    Row::refused(
        &["encoding"],
        |b| !(b.text() || b.labelled() || b.series()),
        "applies to --text or --labelled or --series only: leave it out",
    ),
    Row::refused(
        &["labelled_test", "label_column", "id_column", "label_type", "image_labels", "image_steps"],
        |b| !b.labelled(),
        "applies to --labelled only: leave it out",
    ),
    Row::refused(
        &[
            "columns",
            "target",
            "window",
            "horizon",
            "recursive",
            "gaps",
            "calendar",
            "reach_back",
            "group_column",
        ],
        |b| !b.series(),
        "applies to --series only: leave it out",
    ),
    Row::refused(
        &[
            "time_column",
            "sort_time",
            "day_first",
            "missing",
            "pool",
            "separator",
            "decimal",
            "no_header",
            "header",
            "na",
            "categorical",
        ],
        |b| !(b.labelled() || b.series()),
        "applies to --labelled or --series only: leave it out",
    ),
    Row::refused(&["length"], |b| !b.task(), "applies to --task only: leave it out"),
    Row::refused(
        &["test_fraction"],
        |b| !(b.labelled() || b.series()),
        "applies to series and labelled sequences only: for a text, use --test FILE",
    ),
    Row::refused(
        &["class_weights"],
        |b| b.series() || b.schema.is_some_and(|_| !b.predicts_classes()),
        "applies only to data whose classes or tokens are predicted: leave it out",
    ),
    Row::told(&["season", "scale"], |b| !b.series(), "only a series has seasons and groups: leave it out"),
    Row::told(
        &["scale"],
        |b| b.config.data.group_column.is_none(),
        "the series is one group: leave it out, or name the groups with --group-column",
    ),
    Row::told(
        &["unroll"],
        |b| b.series() || b.task() || b.schema.is_some_and(|schema| schema.predicts != Predicts::Next),
        "only texts and music are read in windows; other sequences are read as a whole: leave it out",
    ),
    Row::told(
        &["vocab_size"],
        |b| b.config.data.level != TokenLevel::Word,
        "it limits a vocabulary of words: choose --level word, or leave it out",
    ),
    Row::told(
        &["vocab", "vocab_size", "level"],
        |b| b.from && b.text(),
        "--from keeps the vocabulary of its weights: leave it out",
    ),
    Row::told(
        &["level"],
        |b| b.schema.is_some_and(|schema| schema.vocabulary().is_none()),
        "these data are numbers, not texts: leave it out",
    ),
    Row::told(
        &["level"],
        |b| b.tokens_of_another_level(),
        "the file of --vocab says what a token is: leave it out",
    ),
    Row::told(
        &["valid_fraction"],
        |b| b.config.data.valid.is_some(),
        "--valid names the text for validation: leave out one of the two",
    ),
    Row::told(
        &["valid_fraction"],
        |b| b.task(),
        "a task is validated on samples of its own, and every sample is new: leave it out",
    ),
    Row::told(
        &["reach_back"],
        |b| b.config.data.valid_fraction == 0.0 && b.config.data.test_fraction == 0.0,
        "nothing is held out: leave it out, or choose a --valid-fraction",
    ),
    Row::told(
        &["sort_time", "day_first", "gaps"],
        |b| b.series() && b.schema.is_some_and(|schema| schema.clock().is_none()),
        "the rows have no times: leave it out, or name the column with --time-column",
    ),
    Row::told(
        &["mask_loss"],
        |b| b.config.data.mask_loss == Some(LossMask::All) && !b.labels_sequences(),
        "all is what these data count already: leave it out",
    ),
    Row::told(
        &["mask_loss"],
        |b| b.config.data.mask_loss == Some(LossMask::Last) && b.predicts_once(),
        "these data have one position that counts already: leave it out",
    ),
    // The network.
    Row::told(
        &["embedding", "init_embedding"],
        |b| b.schema.is_some_and(|schema| matches!(schema.reads, Reads::Numbers { .. })),
        "only tokens have an embedding, and these data are numbers: leave it out",
    ),
    Row::told(
        &["pool"],
        |b| b.schema.is_some_and(|schema| schema.predicts == Predicts::Next),
        "music has a prediction at each step, not one for the whole: leave it out",
    ),
    Row::told(
        &["loss"],
        |b| b.schema.is_some_and(|schema| matches!(schema.predicts, Predicts::Next | Predicts::Classes(_))),
        "it is the loss of numbers, and these data have the cross-entropy: leave it out",
    ),
    Row::told(
        &["dropout_mask"],
        |b| b.config.model.dropout == 0.0,
        "nothing is dropped: leave it out, or choose a --dropout",
    ),
    Row::told(
        &["layer_residual"],
        |b| b.config.model.layers == 1,
        "there is no layer above the first: leave it out, or choose --layers 2",
    ),
    Row::told(
        &["init", "init_input", "init_embedding", "init_readout", "forget_bias"],
        |b| b.from,
        "the weights are those of --from: leave it out",
    ),
    Row::told(
        &["init_readout"],
        |b| b.config.model.tie_weights,
        "with --tie-weights the readout uses the weights of the embedding: choose --init-embedding instead",
    ),
    Row::told(
        &["reset_after"],
        |b| b.config.model.cell != CellName::Gru,
        "only the gru has a reset gate: leave it out, or choose --cell gru",
    ),
    Row::told(
        &["peepholes", "coupled", "forget_bias"],
        |b| b.config.model.cell != CellName::Lstm,
        "only the lstm has it: leave it out, or choose --cell lstm",
    ),
    Row::told(
        &["forget_bias"],
        |b| matches!(b.config.model.init, Init::Chrono { .. }),
        "--init chrono sets the bias of the forget gate: leave out one of the two",
    ),
    Row::told(
        &["residual_step", "residual_learned"],
        |b| b.config.model.cell != CellName::Residual,
        "only the residual cell has a step size: leave it out, or choose --cell residual",
    ),
    // The optimizer.
    Row::told(
        &["beta1", "beta2"],
        |b| !matches!(b.config.optimizer.rule, Rule::Adam | Rule::AdamW),
        "only adam and adamw have it: leave it out, or choose --optimizer adam",
    ),
    Row::told(
        &["smoothing"],
        |b| b.config.optimizer.rule != Rule::RmsProp,
        "only rmsprop has it: leave it out, or choose --optimizer rmsprop",
    ),
    Row::told(
        &["schedule"],
        |b| matches!(b.config.optimizer.schedule, Schedule::Plateau { .. }) && b.without_validation(),
        "plateau watches the validation loss, and nothing is validated: choose a --valid-fraction",
    ),
    Row::told(
        &["warmup"],
        |b| b.config.optimizer.warmup == 1,
        "the first step has the full rate then: choose 2 or more, or leave it out",
    ),
    Row::told(
        &["eval_every", "early_stop"],
        |b| b.without_validation(),
        "nothing is validated: leave it out, or choose a --valid-fraction",
    ),
    // The run.
    Row::told(
        &["epochs"],
        |b| b.config.run.steps > 0,
        "--steps says how long to train: leave out one of the two",
    ),
];

/// The settings of records and faults that another one turns off.
static OFF: [Row; 2] = [
    Row::told(
        &["max_faults"],
        |b| b.config.run.on_fault == OnFault::Stop,
        "the first fault ends the run: leave it out, or choose --on-fault skip or rewind",
    ),
    Row::told(
        &["observe_every"],
        |b| b.config.run.observe == Observe::Off,
        "--observe off records nothing of the gradient: leave out one of the two",
    ),
];

impl Beside<'_> {
    fn text(&self) -> bool {
        self.config.data.text.is_some()
    }

    fn labelled(&self) -> bool {
        self.config.data.labelled.is_some()
    }

    fn series(&self) -> bool {
        self.config.data.series.is_some()
    }

    fn task(&self) -> bool {
        self.config.data.task.is_some()
    }

    fn predicts_classes(&self) -> bool {
        let tokens = |schema: &Schema| schema.predicts == Predicts::Next && schema.vocabulary().is_some();
        self.schema.is_some_and(|schema| tokens(schema) || matches!(schema.predicts, Predicts::Classes(_)))
    }

    /// Whether the data are sequences with a class or a target each; true before they are read if they may be.
    fn labels_sequences(&self) -> bool {
        self.labelled() && self.schema.is_none_or(|schema| schema.predicts != Predicts::Next)
    }

    /// Whether a row of a batch has one position that counts.
    fn predicts_once(&self) -> bool {
        match self.config.data.task {
            Some(kind) => kind.task().is_none_or(|task| task.predicts_once()),
            None => !self.text() && self.schema.is_some_and(|schema| schema.predicts != Predicts::Next),
        }
    }

    fn tokens_of_another_level(&self) -> bool {
        let level = self.schema.and_then(|schema| schema.vocabulary()).map(|vocabulary| vocabulary.level());
        self.config.data.vocab.is_some() && level.is_some_and(|level| level != self.config.data.level)
    }

    /// Whether no part of the data is for validation.
    fn without_validation(&self) -> bool {
        let (data, next) = (&self.config.data, |schema: &Schema| schema.predicts == Predicts::Next);
        let file =
            if self.labelled() { self.schema.is_none_or(next) } else { data.valid.is_some() || self.task() };
        data.valid_fraction == 0.0 && !file
    }

    /// The rows of settings that differ from their default and have no effect, each with the name of the setting.
    fn rows(&self) -> impl Iterator<Item = (&'static Row, &'static str)> {
        let default = Config::default();
        let mut seen = Vec::new();
        let mut found = Vec::new();
        for row in ROWS.iter().chain(&OFF).filter(|row| (row.when)(self)) {
            for &key in row.keys {
                if self.config.get(key) != default.get(key) && !seen.contains(&key) {
                    seen.push(key);
                    found.push((row, key));
                }
            }
        }
        found.into_iter()
    }

    /// Refuses a setting of other data than these.
    ///
    /// # Errors
    /// [`ConfigError::Value`] with why the setting has no effect.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self.rows().find(|(row, _)| row.refused) {
            None => Ok(()),
            Some((row, key)) => {
                Err(ConfigError::Value { given: self.config.given(key), need: row.why.into() })
            }
        }
    }

    /// The names of the settings that have no effect, and a sentence about each that is not refused.
    pub fn without_effect(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.rows().map(|(row, key)| (key, format!("{} has no effect: {}", flag(key), row.why)))
    }
}
