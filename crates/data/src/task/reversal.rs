//! Reversal: N symbols are read, and reproduced from the last to the first.
//!
//! ```text
//! read       x_1 … x_N   _ (N times)
//! predict                x_N … x_1
//! ```
//!
//! Each x_i is one of 8 symbols at random. The positions of the second half are scored, and their symbols were read 1,
//! 3, … 2N − 1 steps earlier. The baseline loss is ln 8 nats.
//!
//! # References
//! Grefenstette, Hermann, Suleyman, Blunsom, "Learning to transduce with unbounded memory", NeurIPS 2015 (sequence reversal).

use super::definition::{Predicts, Reads, Task};

const SYMBOLS: u32 = 8;
const BLANK: u32 = SYMBOLS;

/// The reversal task, see the module. N symbols; the first one is needed 2N − 1 steps later.
pub static REVERSAL: Task = Task {
    name: "reversal",
    layer: 6,
    reads: Reads::Symbols("a b c d e f g h _"),
    predicts: Predicts::Classes(SYMBOLS as usize),
    shortest: 1,
    steps: |symbols| 2 * symbols,
    dependency: |symbols| 2 * symbols - 1,
    scored: |symbols| symbols,
    baseline: |symbols| symbols as f64 * f64::from(SYMBOLS).ln(),
    write: |symbols, draw, row| {
        for t in 0..symbols {
            let (symbol, asked) = (draw.below(SYMBOLS), 2 * symbols - 1 - t);
            row.read(t, symbol);
            row.read(asked, BLANK);
            row.predict(asked, symbol);
        }
    },
};
