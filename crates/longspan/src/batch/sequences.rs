//! Sequences in memory as a source: the way to train on your own arrays.

use super::deal::{Deal, Order};
use super::{Batch, IGNORE, Source};
use crate::model::pooling::Pooling;
use crate::model::{InputSpec, ModelSpec, OutputSpec};

/// What a model reads: one sequence of T_i ≥ 1 steps for each item.
#[derive(Clone, Debug)]
pub enum Inputs {
    /// D numbers at each step, step after step: `[T_i, D]`.
    Numbers(Vec<Vec<f32>>),
    /// A token at each step: `[T_i]`.
    Tokens(Vec<Vec<u32>>),
}

/// What a model predicts for each item. A target for the sequence is predicted at its last step, or from what the
/// readout pools ([`ModelSpec::pool`]).
#[derive(Clone, Debug)]
pub enum Targets {
    /// A class for each sequence.
    Classes(Vec<u32>),
    /// A class at each step, `[T_i]`; [`IGNORE`] at steps that are not scored.
    ClassesByStep(Vec<Vec<u32>>),
    /// K numbers for each sequence.
    Values(Vec<Vec<f32>>),
    /// K numbers at each step, `[T_i, K]`; a step with a NaN is not scored.
    ValuesByStep(Vec<Vec<f32>>),
}

/// Arrays that do not fit one another or the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SequencesError {
    /// The model reads or predicts something else.
    #[error("{given} do not fit a model with {model}")]
    Kind {
        /// What was given.
        given: &'static str,
        /// The part of the model.
        model: String,
    },
    /// There are no sequences, or no rows.
    #[error("a source needs at least one sequence and batches of at least one row")]
    Empty,
    /// There are not as many targets as sequences.
    #[error("{inputs} sequences have {targets} targets")]
    Count {
        /// Number of sequences.
        inputs: usize,
        /// Number of targets.
        targets: usize,
    },
    /// A sequence or its target has another length.
    #[error("{what} of sequence {index} has {found} numbers, but needs {need}")]
    Length {
        /// The array.
        what: &'static str,
        /// The sequence, from 0.
        index: usize,
        /// Its length.
        found: usize,
        /// What it needs.
        need: String,
    },
    /// A number that a model cannot read or predict.
    #[error("{what} of sequence {index} has {value} at index {at}, but needs {need}")]
    Value {
        /// The array.
        what: &'static str,
        /// The sequence, from 0.
        index: usize,
        /// The index in its array.
        at: usize,
        /// The value.
        value: String,
        /// What it needs.
        need: String,
    },
}

/// Sequences in memory, with a target for each sequence or each step: a [`Source`] of independent rows, which may have
/// different lengths.
///
/// # Examples
/// Three sequences of two numbers per step, in batches of two:
///
/// ```
/// use longspan::prelude::*;
///
/// let output = OutputSpec::Classes { count: 2, tied: false };
/// let model = ModelSpec::new(CellKind::Rnn, InputSpec::Numbers { width: 2 }, 8, 1, output);
/// let x = vec![vec![0.1, 0.2, 0.3, 0.4], vec![0.5, 0.6], vec![0.7, 0.8, 0.9, 1.0]];
/// let data = Sequences::new(&model, Inputs::Numbers(x), Targets::Classes(vec![0, 1, 1]), 2, Order::Once)?;
/// assert_eq!((data.windows(), data.shape()), (2, (2, 2)));
///
/// let wrong = Sequences::new(&model, Inputs::Tokens(vec![vec![3]]), Targets::Classes(vec![0]), 2, Order::Once);
/// assert_eq!(wrong.unwrap_err().to_string(), "tokens do not fit a model with input Numbers { width: 2 }");
/// # Ok::<(), SequencesError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sequences {
    inputs: Inputs,
    targets: Targets,
    /// T_i of each sequence.
    lengths: Vec<usize>,
    pool: Pooling,
    deal: Deal,
}

impl Sequences {
    /// Checks the arrays and prepares batches of `rows` sequences for `model`.
    ///
    /// For training, `order` is [`Order::Shuffled`]: every batch is full, and every sequence is used equally often. For
    /// validation it is [`Order::Once`].
    ///
    /// # Errors
    /// [`SequencesError`] with the first array or value that does not fit. All inputs are finite, tokens are below the
    /// vocabulary and classes below their number.
    pub fn new(
        model: &ModelSpec,
        inputs: Inputs,
        targets: Targets,
        rows: usize,
        order: Order,
    ) -> Result<Self, SequencesError> {
        let lengths = lengths(model, &inputs)?;
        check_targets(model, &targets, &lengths)?;
        let deal = (rows > 0).then(|| Deal::new(lengths.len(), rows, order)).flatten();
        Ok(Self { inputs, targets, lengths, pool: model.pool, deal: deal.ok_or(SequencesError::Empty)? })
    }
}

/// Checks the sequences and returns their lengths in steps.
fn lengths(model: &ModelSpec, inputs: &Inputs) -> Result<Vec<usize>, SequencesError> {
    if model.encoder.is_some() {
        return Err(SequencesError::Kind { given: "sequences", model: "an encoder".into() });
    }
    let mut lengths = Vec::new();
    match (inputs, model.input) {
        (Inputs::Numbers(sequences), InputSpec::Numbers { width }) => {
            for (index, x) in sequences.iter().enumerate() {
                if x.is_empty() || width == 0 || !x.len().is_multiple_of(width) {
                    let need = format!("a multiple of {width}, the input width, above 0");
                    return Err(SequencesError::Length { what: "the input", index, found: x.len(), need });
                }
                check_values("the input", index, x, |x| x.is_finite(), || "finite numbers".into())?;
                lengths.push(x.len() / width);
            }
        }
        (Inputs::Tokens(sequences), InputSpec::Tokens { vocabulary, .. }) => {
            for (index, x) in sequences.iter().enumerate() {
                if x.is_empty() {
                    let need = "at least 1".into();
                    return Err(SequencesError::Length { what: "the input", index, found: 0, need });
                }
                let need = || format!("tokens below {vocabulary}, the vocabulary");
                check_values("the input", index, x, |&token| (token as usize) < vocabulary, need)?;
                lengths.push(x.len());
            }
        }
        (inputs, input) => {
            let given = if let Inputs::Numbers(_) = inputs { "numbers" } else { "tokens" };
            return Err(SequencesError::Kind { given, model: format!("input {input:?}") });
        }
    }
    Ok(lengths)
}

fn check_targets(model: &ModelSpec, targets: &Targets, lengths: &[usize]) -> Result<(), SequencesError> {
    let (count, by_step) = match targets {
        Targets::Classes(y) => (y.len(), false),
        Targets::ClassesByStep(y) => (y.len(), true),
        Targets::Values(y) => (y.len(), false),
        Targets::ValuesByStep(y) => (y.len(), true),
    };
    if count != lengths.len() {
        return Err(SequencesError::Count { inputs: lengths.len(), targets: count });
    }
    if by_step && model.pool != Pooling::Last {
        let model = format!("pooling {}, which predicts once for a sequence", model.pool);
        return Err(SequencesError::Kind { given: "targets at each step", model });
    }
    let fits = |index: usize, found: usize, need: usize| match found == need {
        true => Ok(()),
        false => Err(SequencesError::Length { what: "the target", index, found, need: need.to_string() }),
    };
    let steps = |index: usize| if by_step { lengths[index] } else { 1 };
    match (targets, model.output) {
        (Targets::Classes(y), OutputSpec::Classes { count, .. }) => {
            y.iter().enumerate().try_for_each(|(index, &class)| check_classes(index, &[class], count))
        }
        (Targets::ClassesByStep(y), OutputSpec::Classes { count, .. }) => {
            y.iter().enumerate().try_for_each(|(index, y)| {
                fits(index, y.len(), steps(index))?;
                check_classes(index, y, count)
            })
        }
        (Targets::Values(y) | Targets::ValuesByStep(y), OutputSpec::Values { width, .. }) => {
            y.iter().enumerate().try_for_each(|(index, y)| {
                fits(index, y.len(), steps(index) * width)?;
                let (good, need): (fn(&f32) -> bool, _) = match by_step {
                    true => (|y| !y.is_infinite(), "finite numbers, or NaN for a step that is not scored"),
                    false => (|y| y.is_finite(), "finite numbers"),
                };
                check_values("the target", index, y, good, || need.into())
            })
        }
        (targets, output) => {
            let classes = matches!(targets, Targets::Classes(_) | Targets::ClassesByStep(_));
            let given = if classes { "classes" } else { "values" };
            Err(SequencesError::Kind { given, model: format!("output {output:?}") })
        }
    }
}

fn check_classes(index: usize, classes: &[u32], count: usize) -> Result<(), SequencesError> {
    let good = |&class: &u32| (class as usize) < count || class == IGNORE;
    check_values("the target", index, classes, good, || format!("classes below {count}, or IGNORE"))
}

fn check_values<T: ToString>(
    what: &'static str,
    index: usize,
    values: &[T],
    good: impl Fn(&T) -> bool,
    need: impl Fn() -> String,
) -> Result<(), SequencesError> {
    match values.iter().position(|value| !good(value)) {
        None => Ok(()),
        Some(at) => {
            Err(SequencesError::Value { what, index, at, value: values[at].to_string(), need: need() })
        }
    }
}

impl Sequences {
    fn fill_inputs(&self, batch: &mut Batch) {
        let Batch { shape, items, inputs, numbers, .. } = batch;
        match &self.inputs {
            Inputs::Tokens(tokens) => {
                for (at, input) in inputs.iter_mut().enumerate() {
                    let (t, row) = shape.position(at);
                    *input = tokens[items[row]][t];
                }
            }
            Inputs::Numbers(sequences) => {
                for (t, row) in (0..shape.positions()).map(|at| shape.position(at)) {
                    let item = items[row];
                    let width = sequences[item].len() / self.lengths[item];
                    numbers.extend_from_slice(&sequences[item][t * width..][..width]);
                }
            }
        }
    }

    fn fill_targets(&self, batch: &mut Batch) {
        let Batch { shape, items, targets, values, .. } = batch;
        if self.pool != Pooling::Last {
            targets.clear();
            targets.resize(items.len(), IGNORE);
        }
        match &self.targets {
            Targets::Classes(y) => {
                (0..items.len()).for_each(|row| targets[self.pool.end(shape, row)] = y[items[row]]);
            }
            Targets::ClassesByStep(y) => {
                for (at, target) in targets.iter_mut().enumerate() {
                    let (t, row) = shape.position(at);
                    *target = y[items[row]][t];
                }
            }
            Targets::Values(y) => {
                let mut ends: Vec<_> = (0..items.len()).map(|row| (self.pool.end(shape, row), row)).collect();
                ends.sort_unstable();
                for (position, row) in ends {
                    values.positions.push(position as u32);
                    values.targets.extend_from_slice(&y[items[row]]);
                }
            }
            Targets::ValuesByStep(y) => {
                for at in 0..shape.positions() {
                    let (t, row) = shape.position(at);
                    let y = &y[items[row]];
                    let width = y.len() / shape.length(row);
                    let target = &y[t * width..][..width];
                    if !target.iter().any(|y| y.is_nan()) {
                        values.positions.push(at as u32);
                        values.targets.extend_from_slice(target);
                    }
                }
            }
        }
    }
}

impl Source for Sequences {
    fn windows(&self) -> u64 {
        self.deal.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        self.deal.open(epoch, window, batch, |item| self.lengths[item]);
        self.fill_inputs(batch);
        self.fill_targets(batch);
    }

    fn shape(&self) -> (usize, usize) {
        (self.lengths.iter().copied().max().unwrap_or(0), self.deal.rows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::CellKind;
    use crate::model::head::ValueLoss;

    const NUMBERS: InputSpec = InputSpec::Numbers { width: 2 };
    const VALUES: OutputSpec = OutputSpec::Values { width: 2, loss: ValueLoss::Squared };
    const CLASSES: OutputSpec = OutputSpec::Classes { count: 3, tied: false };

    fn model(input: InputSpec, output: OutputSpec) -> ModelSpec {
        ModelSpec::new(CellKind::Rnn, input, 4, 1, output)
    }

    fn first_batch(model: &ModelSpec, inputs: Inputs, targets: Targets) -> Batch {
        let source = Sequences::new(model, inputs, targets, 8, Order::Once).expect("arrays that fit");
        let mut batch = Batch::default();
        source.fill(0, 0, &mut batch);
        batch
    }

    /// One step, then two: the longer sequence is the first row.
    fn two() -> Inputs {
        Inputs::Numbers(vec![vec![1.0, 2.0], vec![3.0, 4.0, 5.0, 6.0]])
    }

    #[test]
    fn arrays_are_at_their_positions() {
        let y = Targets::Values(vec![vec![10.0, 11.0], vec![20.0, 21.0]]);
        let batch = first_batch(&model(NUMBERS, VALUES), two(), y);
        assert_eq!(
            (&batch.items[..], &batch.numbers[..]),
            (&[1, 0][..], &[3.0, 4.0, 1.0, 2.0, 5.0, 6.0][..])
        );
        // Positions: rows 0 and 1 of step 0, row 0 of step 1.
        assert_eq!(batch.values.positions, [1, 2]);
        assert_eq!(batch.values.targets, [10.0, 11.0, 20.0, 21.0]);

        let y = Targets::ValuesByStep(vec![vec![1.0, 2.0], vec![f32::NAN, 0.0, 3.0, 4.0]]);
        let batch = first_batch(&model(NUMBERS, VALUES), two(), y);
        assert_eq!((batch.values.positions, batch.values.targets), (vec![1, 2], vec![1.0, 2.0, 3.0, 4.0]));

        let tokens = model(InputSpec::Tokens { vocabulary: 9, embedding: 2 }, CLASSES);
        let read = || Inputs::Tokens(vec![vec![5], vec![6, 7]]);
        let batch = first_batch(&tokens, read(), Targets::ClassesByStep(vec![vec![2], vec![IGNORE, 1]]));
        assert_eq!((batch.inputs, batch.targets), (vec![6, 5, 7], vec![IGNORE, 2, 1]));
        let batch = first_batch(&tokens, read(), Targets::Classes(vec![2, 1]));
        assert_eq!(batch.targets, [IGNORE, 2, 1]);
        let mean = ModelSpec { pool: Pooling::Mean, ..tokens };
        assert_eq!(first_batch(&mean, read(), Targets::Classes(vec![2, 1])).targets, [1, 2]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let refused = |model: &ModelSpec, inputs, targets, rows| {
            Sequences::new(model, inputs, targets, rows, Order::Once).unwrap_err().to_string()
        };
        let (values, classes) = (model(NUMBERS, VALUES), model(NUMBERS, CLASSES));
        let number = |x: &[f32]| Inputs::Numbers(vec![x.to_vec()]);
        let one = || Targets::Classes(vec![0]);
        for (message, expected) in [
            (refused(&classes, two(), Targets::Classes(vec![0]), 1), "2 sequences have 1 targets"),
            (
                refused(&classes, Inputs::Numbers(vec![]), Targets::Classes(vec![]), 1),
                "a source needs at least",
            ),
            (refused(&classes, number(&[1.0, 2.0]), one(), 0), "a source needs at least one sequence"),
            (refused(&classes, number(&[1.0]), one(), 1), "the input of sequence 0 has 1 numbers"),
            (refused(&classes, number(&[]), one(), 1), "the input of sequence 0 has 0 numbers"),
            (refused(&classes, number(&[1.0, f32::NAN]), one(), 1), "has NaN at index 1, but needs finite"),
            (refused(&classes, number(&[1.0, 2.0]), Targets::Classes(vec![3]), 1), "needs classes below 3"),
            (refused(&values, number(&[1.0, 2.0]), one(), 1), "classes do not fit a model with output"),
            (
                refused(&values, number(&[1.0, 2.0]), Targets::Values(vec![vec![0.0]]), 1),
                "the target of sequence 0 has 1 numbers, but needs 2",
            ),
        ] {
            assert!(message.starts_with(expected) || message.contains(expected), "{message}");
        }
        let mean = ModelSpec { pool: Pooling::Mean, ..classes };
        let message = refused(&mean, number(&[1.0, 2.0]), Targets::ClassesByStep(vec![vec![0]]), 1);
        assert!(message.contains("predicts once for a sequence"), "{message}");
    }
}
