//! Windows of a long text: side by side for training, every prediction exactly once for evaluation.

use std::io;

use super::text::{TextError, TextPart};
use longspan::batch::{Batch, IGNORE, Source};

/// Training windows: B rows read B stretches of the text side by side, and the recurrent state carries over.
///
/// A text of N tokens gives rows of n = ⌊(N−1)/B⌋ steps. Row b reads token b·n + p and predicts the next one. Window w
/// covers p from w·unroll to min((w+1)·unroll, n), so the last window may be shorter. The remaining predictions, fewer
/// than B, are not used. Every epoch is the same.
#[derive(Clone, Debug)]
pub struct TextStream {
    part: TextPart,
    rows: usize,
    unroll: usize,
    steps: usize,
}

impl TextStream {
    /// Reads `part` in `rows` stretches, `unroll` steps at a time.
    ///
    /// # Errors
    /// [`TextError::TooShort`] if the text is shorter than one window: N − 1 < rows · unroll.
    ///
    /// # Panics
    /// If `rows` or `unroll` is 0.
    pub fn new(part: &TextPart, rows: usize, unroll: usize) -> Result<Self, TextError> {
        check(rows, unroll);
        let tokens = part.len();
        let needed = rows.saturating_mul(unroll).saturating_add(1);
        if tokens < needed {
            let path = part.path().to_owned();
            return Err(TextError::TooShort { path, tokens, rows, unroll, needed });
        }
        Ok(Self { part: part.clone(), rows, unroll, steps: (tokens - 1) / rows })
    }

    /// Number of steps of each row in one epoch.
    pub fn steps(&self) -> usize {
        self.steps
    }
}

impl Source for TextStream {
    fn windows(&self) -> u64 {
        self.steps.div_ceil(self.unroll) as u64
    }

    fn fill(&self, _epoch: u64, window: u64, batch: &mut Batch) {
        assert!(window < self.windows(), "window {window} of {}", self.windows());
        let start = window as usize * self.unroll;
        open(batch, window, self.unroll.min(self.steps - start), self.rows);
        for row in 0..self.rows {
            fill_row(batch, row, &self.part, row * self.steps + start, batch.steps());
        }
    }

    fn shape(&self) -> (usize, usize) {
        (self.unroll, self.rows)
    }

    fn failure(&self) -> Option<&io::Error> {
        self.part.failure()
    }
}

/// Evaluation windows: every next-token prediction of the text exactly once; the recurrent state carries over.
///
/// The P = N − 1 predictions are cut into B consecutive stretches, of which the first P mod B are one step longer. A
/// row that has ended reads token 0 and is not scored. With fewer predictions than rows, P rows are used. The first
/// token of each row is read without its context, so few rows give the most accurate loss, and many rows are fastest.
#[derive(Clone, Debug)]
pub struct EvaluationStream {
    part: TextPart,
    rows: usize,
    unroll: usize,
}

impl EvaluationStream {
    /// Reads `part` in at most `rows` stretches, at most `unroll` steps at a time.
    ///
    /// # Errors
    /// [`TextError::NothingToPredict`] if the text has fewer than two tokens.
    ///
    /// # Panics
    /// If `rows` or `unroll` is 0.
    pub fn new(part: &TextPart, rows: usize, unroll: usize) -> Result<Self, TextError> {
        check(rows, unroll);
        let tokens = part.len();
        if tokens < 2 {
            return Err(TextError::NothingToPredict { path: part.path().to_owned(), tokens });
        }
        Ok(Self { part: part.clone(), rows: rows.min(tokens - 1), unroll })
    }

    /// Number of predictions P.
    pub fn predictions(&self) -> usize {
        self.part.len() - 1
    }

    /// Number of steps of the longest row.
    fn steps(&self) -> usize {
        self.predictions().div_ceil(self.rows)
    }
}

impl Source for EvaluationStream {
    fn windows(&self) -> u64 {
        self.steps().div_ceil(self.unroll) as u64
    }

    fn fill(&self, _epoch: u64, window: u64, batch: &mut Batch) {
        assert!(window < self.windows(), "window {window} of {}", self.windows());
        let start = window as usize * self.unroll;
        open(batch, window, self.unroll.min(self.steps() - start), self.rows);
        let (short, longer) = (self.predictions() / self.rows, self.predictions() % self.rows);
        for row in 0..self.rows {
            let origin = row * short + row.min(longer);
            let length = short + usize::from(row < longer);
            let steps = batch.steps().min(length.saturating_sub(start));
            // The window of a row that has ended may begin after the end of the text.
            if steps > 0 {
                fill_row(batch, row, &self.part, origin + start, steps);
            }
        }
    }

    fn shape(&self) -> (usize, usize) {
        (self.unroll.min(self.steps()), self.rows)
    }

    fn failure(&self) -> Option<&io::Error> {
        self.part.failure()
    }
}

fn check(rows: usize, unroll: usize) {
    assert!(rows > 0 && unroll > 0, "a window needs at least 1 step and 1 row, not {unroll} and {rows}");
}

/// Shapes the batch, without scored positions.
fn open(batch: &mut Batch, window: u64, steps: usize, rows: usize) {
    batch.reshape(steps, rows);
    batch.carry = window > 0;
    batch.first_sample = 0;
    debug_assert!(batch.targets.iter().all(|&target| target == IGNORE));
}

/// Lets row `row` read `steps` tokens from `start` on and predict the next ones. After a failed read nothing is scored.
fn fill_row(batch: &mut Batch, row: usize, part: &TextPart, start: usize, steps: usize) {
    let Batch { shape, inputs, targets, .. } = batch;
    let read = part.each(start, steps + 1, |t, token| {
        if t < steps {
            inputs[shape.offset(t) + row] = token;
        }
        if t > 0 {
            targets[shape.offset(t - 1) + row] = token;
        }
    });
    if read.is_err() {
        targets.fill(IGNORE);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::vocabulary::Vocabulary;

    /// A text whose tokens are 0, 1, 2 …: a token is its own position.
    fn count(tokens: usize) -> TextPart {
        assert!(tokens <= 256);
        let bytes: Vec<u8> = (0..tokens).map(|i| i as u8).collect();
        TextPart::encode(Path::new("count"), &bytes, &Vocabulary::bytes()).unwrap()
    }

    /// Returns all windows of a source as (inputs, targets) of each row, and checks what holds for every stream.
    fn read(source: &impl Source) -> Vec<(Vec<u32>, Vec<u32>)> {
        let mut batch = Batch { first_sample: 9, ..Batch::default() };
        let mut rows = vec![(Vec::new(), Vec::new()); source.shape().1];
        for window in 0..source.windows() {
            source.fill(3, window, &mut batch);
            assert_eq!(batch.carry, window > 0);
            assert_eq!(batch.first_sample, 0);
            assert_eq!(batch.rows(), rows.len());
            let last = window + 1 == source.windows();
            assert!(
                batch.steps() >= 1
                    && (batch.steps() == source.shape().0 || last && batch.steps() < source.shape().0)
            );
            for t in 0..batch.steps() {
                for (row, (inputs, targets)) in rows.iter_mut().enumerate() {
                    inputs.push(batch.inputs[t * batch.rows() + row]);
                    targets.push(batch.targets[t * batch.rows() + row]);
                }
            }
        }
        rows
    }

    #[test]
    fn training_windows_tile_the_rows() {
        for (tokens, rows, unroll, windows) in
            [(21, 2, 5, 2), (22, 2, 4, 3), (256, 7, 10, 4), (13, 3, 4, 1), (2, 1, 1, 1)]
        {
            let stream = TextStream::new(&count(tokens), rows, unroll).unwrap();
            let steps = (tokens - 1) / rows;
            assert_eq!((stream.windows(), stream.steps()), (windows, steps));
            assert_eq!(stream.shape(), (unroll, rows));
            for (row, (inputs, targets)) in read(&stream).into_iter().enumerate() {
                let origin = (row * steps) as u32;
                assert!(inputs.into_iter().eq(origin..origin + steps as u32), "{tokens} {rows} {unroll}");
                assert!(targets.into_iter().eq(origin + 1..origin + 1 + steps as u32));
            }
        }
    }

    #[test]
    fn training_epochs_are_equal_and_windows_independent() {
        let stream = TextStream::new(&count(100), 3, 8).unwrap();
        let (mut a, mut b) = (Batch::default(), Batch::default());
        stream.fill(0, 4, &mut a);
        stream.fill(0, 0, &mut b);
        stream.fill(7, 4, &mut b);
        assert_eq!((&a.shape, &a.inputs, &a.targets, a.carry), (&b.shape, &b.inputs, &b.targets, b.carry));
    }

    #[test]
    fn a_text_shorter_than_one_window_is_refused() {
        assert!(TextStream::new(&count(13), 3, 4).is_ok());
        let error = TextStream::new(&count(12), 3, 4).unwrap_err().to_string();
        for part in ["count has 12 tokens", "4 steps in 3 rows needs 13", "--batch or --unroll"] {
            assert!(error.contains(part), "{error}");
        }
        // Overflow of the product is an error too.
        assert!(TextStream::new(&count(12), usize::MAX, 4).is_err());
    }

    #[test]
    fn evaluation_scores_every_prediction_once() {
        for tokens in (2..40).chain([255, 256]) {
            for rows in [1, 2, 3, 5, 8, 300] {
                for unroll in [1, 3, 7, 1000] {
                    let stream = EvaluationStream::new(&count(tokens), rows, unroll).unwrap();
                    assert_eq!(stream.predictions(), tokens - 1);
                    assert_eq!(stream.shape().1, rows.min(tokens - 1));
                    let mut scored = Vec::new();
                    for (inputs, targets) in read(&stream) {
                        for (t, (&input, &target)) in inputs.iter().zip(&targets).enumerate() {
                            if target == IGNORE {
                                assert_eq!(input, 0);
                                // Rows that have ended do not start again, so their state does not matter.
                                assert!(targets[t..].iter().all(|&target| target == IGNORE));
                            } else {
                                assert_eq!(target, input + 1);
                                scored.push(target);
                            }
                        }
                    }
                    // The order is right too: a row begins where the previous one ended.
                    assert!(scored.into_iter().eq(1..tokens as u32), "{tokens} {rows} {unroll}");
                }
            }
        }
    }

    #[test]
    fn evaluation_rows_differ_by_one_step_at_most() {
        let stream = EvaluationStream::new(&count(12), 4, 2).unwrap();
        let lengths: Vec<_> = read(&stream)
            .iter()
            .map(|(_, targets)| targets.iter().filter(|&&t| t != IGNORE).count())
            .collect();
        assert_eq!(lengths, [3, 3, 3, 2]);
        assert_eq!((stream.windows(), stream.shape()), (2, (2, 4)));
    }

    #[test]
    fn one_token_cannot_be_evaluated() {
        let error = EvaluationStream::new(&count(1), 4, 2).unwrap_err().to_string();
        assert!(error.contains("count has too few tokens for an evaluation (1,"), "{error}");
    }
}
