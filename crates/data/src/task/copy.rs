//! Copying memory: ten symbols are read, and reproduced after T blank steps.
//!
//! ```text
//! read       x_1 … x_10   _ (T − 1 times)   :   _ (10 times)
//! predict    _ (T + 10 times)                   x_1 … x_10
//! ```
//!
//! Each x_i is one of 8 symbols at random. All T + 20 positions are scored, as in the literature. The baseline predicts
//! blanks at the first T + 10 positions and guesses the rest: its loss is 10 ln 8 / (T + 20) nats, with most positions
//! correct.
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; in this layout Arjovsky, Shah, Bengio,
//! "Unitary evolution recurrent neural networks", ICML 2016.

use super::definition::{Predicts, Reads, Task};

/// Number of symbols to remember.
const KEPT: usize = 10;
/// Number of different symbols.
const SYMBOLS: u32 = 8;
/// The blank, as a symbol and as a class.
const BLANK: u32 = SYMBOLS;
const DELIMITER: u32 = SYMBOLS + 1;

/// The copy task, see the module. N is T; x_i is needed T + 10 steps later.
pub static COPY: Task = Task {
    name: "copy",
    layer: 1,
    reads: Reads::Symbols("a b c d e f g h _ :"),
    predicts: Predicts::Classes(SYMBOLS as usize + 1),
    shortest: 1,
    steps: |blanks| blanks + 2 * KEPT,
    dependency: |blanks| blanks + KEPT,
    scored: |blanks| blanks + 2 * KEPT,
    baseline: |_| KEPT as f64 * f64::from(SYMBOLS).ln(),
    write: |blanks, draw, row| {
        let asked = blanks + KEPT;
        for t in 0..asked + KEPT {
            row.read(t, BLANK);
            row.predict(t, BLANK);
        }
        row.read(asked - 1, DELIMITER);
        for i in 0..KEPT {
            let symbol = draw.below(SYMBOLS);
            row.read(i, symbol);
            row.predict(asked + i, symbol);
        }
    },
};
