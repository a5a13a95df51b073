//! Delayed match to sample: whether the last symbol equals the first.
//!
//! ```text
//! read       c  1 4 2 2 … 3  c
//! predict                    1: the same
//! ```
//!
//! The first and the last step have one of 8 symbols, which are equal in half of the samples and two random different
//! ones otherwise. The N − 1 steps between them have one of four other symbols at random. Neither symbol alone is
//! informative: the baseline loss is ln 2 nats.
//!
//! # References
//! A classic of the psychology of working memory: Blough, "Delayed matching in the pigeon", Journal of the Experimental
//! Analysis of Behavior 2, 1959.

use super::definition::{Predicts, Reads, Task};

const SYMBOLS: u32 = 8;
const DISTRACTORS: u32 = 4;

/// The match task, see the module. The first symbol is needed N steps later.
pub static MATCH: Task = Task {
    name: "match",
    layer: 7,
    reads: Reads::Symbols("a b c d e f g h 1 2 3 4"),
    predicts: Predicts::Classes(2),
    shortest: 1,
    steps: |delay| delay + 1,
    dependency: |delay| delay,
    scored: |_| 1,
    baseline: |_| std::f64::consts::LN_2,
    write: |delay, draw, row| {
        let (sample, same) = (draw.below(SYMBOLS), draw.below(2));
        let other = (sample + 1 + draw.below(SYMBOLS - 1)) % SYMBOLS;
        row.read(0, sample);
        (1..delay).for_each(|t| row.read(t, SYMBOLS + draw.below(DISTRACTORS)));
        row.read(delay, if same == 1 { sample } else { other });
        row.predict(delay, same);
    },
};
