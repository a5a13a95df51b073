//! Streaming predictions: each line of standard input is a step, or some tokens, and is answered with one line at once. The state is
//! kept from line to line; a blank line begins a new sequence.
//!
//! Classes are those of a sequence that ends here. A forecast depends on all lines since the last blank one, while a forecast of
//! training depends on one window: both are equal after exactly as many lines as a window has rows.

mod answer;
mod lines;
mod numbers;

use longspan::model::{StepInput, Steps};
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_data::vocabulary::{TokenLevel, Vocabulary};

use super::finite;
use super::output::Output;
use super::table::{Cell, Table};
use crate::commands::eval::Loaded;
use crate::failure::{Failure, fail};
use answer::Answer;
use lines::Lines;
use numbers::Fields;

pub(super) fn run(
    loaded: &mut Loaded,
    schema: &Schema,
    mut output: Output,
    json: bool,
) -> Result<(), Failure> {
    if loaded.model.spec().bidirectional {
        return Err(fail(
            "the model reads sequences in both directions, so it needs the whole sequence: use --input FILE instead of --stream",
        ));
    }
    if let Predicts::Forecast(forecast) = &schema.predicts {
        eprintln!(
            "note: each forecast depends on all lines since the last blank one; in training it depended on a window of {} \
             rows",
            forecast.window
        );
    }
    let answer = Answer::new(schema);
    let names = ["line", "step"].map(str::to_owned).into_iter().chain(answer.columns());
    let mut table = Table::begin(&mut output, names.collect(), json)?;
    table.flush()?;
    let mut reader = Reader::new(loaded, schema);
    let mut lines = Lines::new(std::io::stdin().lock());
    while let Some((number, line)) = lines.next()? {
        let read = reader.read(number, line)?;
        if read == Answered::No {
            continue;
        }
        let position = [Cell::Whole(number), Cell::Whole(reader.steps.count())];
        let cells = answer.cells(&mut reader)?;
        table.row(position.into_iter().chain(cells))?;
        table.flush()?;
    }
    output.finish()
}

/// Whether a line is answered.
#[derive(PartialEq, Eq)]
enum Answered {
    Yes,
    /// The line is blank, or names the columns.
    No,
}

/// A model that reads standard input line by line.
struct Reader<'a> {
    loaded: &'a mut Loaded,
    reads: &'a Reads,
    steps: Steps<f32>,
    /// A copy of the state, in which the model reads its own forecasts.
    aside: Steps<f32>,
    /// The outputs after the last step.
    out: Vec<f32>,
    fields: Fields,
    /// The numbers of a step, or the tokens of a line.
    numbers: Vec<f32>,
    tokens: Vec<u32>,
}

impl<'a> Reader<'a> {
    fn new(loaded: &'a mut Loaded, schema: &'a Schema) -> Self {
        let (steps, aside) = (loaded.model.steps(&loaded.params, 1), loaded.model.steps(&loaded.params, 1));
        let out = vec![0.0; loaded.model.spec().output.width()];
        let fields = Fields::new(loaded.config.data.missing);
        let (numbers, tokens) = (Vec::new(), Vec::new());
        Self { loaded, reads: &schema.reads, steps, aside, out, fields, numbers, tokens }
    }

    /// Reads a line.
    ///
    /// # Errors
    /// A message if the line cannot be used, or the outputs are not finite.
    fn read(&mut self, number: u64, line: &[u8]) -> Result<Answered, Failure> {
        let Loaded { ctx, model, params, .. } = &mut *self.loaded;
        match self.reads {
            Reads::Numbers { channels, scaling } => {
                if line.trim_ascii().is_empty() {
                    self.steps.clear();
                    return Ok(Answered::No);
                }
                if !self.fields.read(number, line, channels, scaling, &mut self.numbers)? {
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

    /// Feeds a forecast back as input and writes the outputs to `out`; the `first` one follows the last line.
    fn feed_back(&mut self, first: bool, numbers: &[f32], out: &mut [f32]) {
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
    let text = lines::utf8(number, line)?;
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
