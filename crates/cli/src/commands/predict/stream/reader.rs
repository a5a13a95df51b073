//! A model that reads lines.

use longspan::model::{StepInput, Steps};
use longspan_data::categorical::columns;
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_data::series::{Clock, Time};
use longspan_data::table::TableOptions;
use longspan_data::vocabulary::{TokenLevel, Vocabulary};

use super::super::values::finite;
use super::lines::utf8;
use super::numbers::{Fields, Inputs};
use crate::commands::eval::Loaded;
use crate::failure::{Failure, fail};

/// Whether a line is answered.
#[derive(PartialEq, Eq)]
pub(super) enum Answered {
    Yes,
    /// The line is blank, or names the columns.
    No,
}

/// A model that reads standard input line by line.
pub(super) struct Reader<'a> {
    loaded: &'a mut Loaded,
    reads: &'a Reads,
    pub(super) steps: Steps<f32>,
    /// A copy of the state, in which the model reads its own forecasts.
    aside: Steps<f32>,
    /// The outputs after the last step.
    pub(super) out: Vec<f32>,
    fields: Fields<'a>,
    /// The numbers of a step, or the tokens of a line.
    numbers: Vec<f32>,
    tokens: Vec<u32>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(loaded: &'a mut Loaded, schema: &'a Schema) -> Self {
        let (steps, aside) = (loaded.model.steps(&loaded.params, 1), loaded.model.steps(&loaded.params, 1));
        let out = vec![0.0; loaded.model.spec().output.width()];
        // The columns of a series may have numbers as names; those of .ts files always do, and no line names them.
        let known = match (&schema.predicts, &schema.reads) {
            (Predicts::Forecast(_), Reads::Numbers { channels, categorical, .. }) => {
                let calendar = schema.clock().map_or(0, Clock::channels);
                columns(&channels[..channels.len() - calendar], categorical)
            }
            _ => Vec::new(),
        };
        let table = TableOptions { known, ..loaded.config.data.table() };
        let fields = Fields::new(loaded.config.data.missing, table, schema.clock());
        let (numbers, tokens) = (Vec::new(), Vec::new());
        Self { loaded, reads: &schema.reads, steps, aside, out, fields, numbers, tokens }
    }

    /// Reads a line.
    ///
    /// # Errors
    /// A message if the line cannot be used, or the outputs are not finite.
    pub(super) fn read(&mut self, number: u64, line: &[u8]) -> Result<Answered, Failure> {
        let Loaded { ctx, model, params, .. } = &mut *self.loaded;
        match self.reads {
            Reads::Numbers { channels, scaling, categorical } => {
                if line.trim_ascii().is_empty() {
                    self.steps.clear();
                    self.fields.begin();
                    return Ok(Answered::No);
                }
                let inputs = Inputs { channels, scaling, categorical };
                if !self.fields.read(number, line, &inputs, &mut self.numbers)? {
                    return Ok(Answered::No);
                }
                let step = StepInput::Numbers(&self.numbers);
                model.step(ctx, params, step, &mut self.steps, &mut self.out);
            }
            Reads::Tokens(vocabulary) => {
                tokens(vocabulary, number, line, &mut self.tokens)?;
                if self.tokens.is_empty() {
                    self.steps.clear();
                    return Ok(Answered::No);
                }
                for token in &self.tokens {
                    let step = StepInput::Tokens(std::slice::from_ref(token));
                    model.step(ctx, params, step, &mut self.steps, &mut self.out);
                }
            }
        }
        finite(&self.out)?;
        Ok(Answered::Yes)
    }

    /// Time of the last line, if lines have times.
    pub(super) fn time(&self) -> Option<&Time> {
        self.fields.time()
    }

    /// Feeds a forecast back as input and writes the outputs to `out`; the `first` one follows the last line.
    pub(super) fn feed_back(&mut self, first: bool, numbers: &[f32], out: &mut [f32]) {
        let Loaded { ctx, model, params, .. } = &mut *self.loaded;
        if first {
            self.aside.copy_from(&self.steps);
        }
        model.step(ctx, params, StepInput::Numbers(numbers), &mut self.aside, out);
    }
}

/// The tokens of a line, without the end of the line.
///
/// # Errors
/// A message if a character does not occur in the vocabulary.
fn tokens(vocabulary: &Vocabulary, number: u64, line: &[u8], tokens: &mut Vec<u32>) -> Result<(), Failure> {
    tokens.clear();
    if vocabulary.level() == TokenLevel::Byte {
        tokens.extend(line.iter().map(|&byte| u32::from(byte)));
        return Ok(());
    }
    let text = utf8(number, line)?;
    if vocabulary.level() == TokenLevel::Word {
        let token = |word| vocabulary.id(word).or(vocabulary.unknown());
        tokens.extend(text.split_whitespace().filter_map(token));
        return Ok(());
    }
    for character in text.chars() {
        let token = vocabulary.id(character.encode_utf8(&mut [0; 4]));
        tokens.push(token.ok_or_else(|| {
            fail(format!(
                "standard input: line {number}: the character {character:?} (U+{:04X}) does not occur in the training \
                 data: remove it",
                u32::from(character)
            ))
        })?);
    }
    Ok(())
}
