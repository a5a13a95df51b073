//! Copying memory: ten symbols are read and said again after T blank steps.
//!
//! ```text
//! read       x_1 … x_10   _ (T − 1 times)   :   _ (10 times)
//! predict    _ (T + 10 times)                   x_1 … x_10
//! ```
//!
//! Each x_i is one of 8 at random. All T + 20 places are scored, as in the literature: who says blank at the first T + 10 and
//! guesses at the rest has 10 ln 8 / (T + 20) nats, and most places right.
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; in this layout Arjovsky, Shah, Bengio,
//! "Unitary evolution recurrent neural networks", ICML 2016.

use super::samples::{Predicts, Reads, Task};

/// Symbols to keep.
const KEPT: usize = 10;
/// What they are drawn from.
const SYMBOLS: u32 = 8;
/// Both the symbol and the class.
const BLANK: u32 = SYMBOLS;
const DELIMITER: u32 = SYMBOLS + 1;

/// See the module. N is T; x_i is needed T + 10 steps later.
pub static COPY: Task = Task {
    name: "copy",
    layer: 1,
    reads: Reads::Symbols("a b c d e f g h _ :"),
    predicts: Predicts::Classes(SYMBOLS as usize + 1),
    shortest: 1,
    steps: |blanks| blanks + 2 * KEPT,
    dependency: |blanks| blanks + KEPT,
    scored: |blanks| blanks + 2 * KEPT,
    chance: |_| KEPT as f64 * f64::from(SYMBOLS).ln(),
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
