//! Noiseless memorisation: five bits are read, and reproduced after T blank steps.
//!
//! ```text
//! read       b_1 … b_5   _ (T times)   :     _ (4 times)
//! predict                              b_1   b_2 … b_5
//! ```
//!
//! Only the last five positions are scored; the baseline loss is ln 2 nats. A length has only 32 different samples: the
//! task measures memory, not generalisation.
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; Martens, Sutskever, "Learning recurrent
//! neural networks with Hessian-free optimization", ICML 2011 (with five bits, and as "noiseless").

use super::definition::{Predicts, Reads, Task};

/// Number of bits to remember.
const KEPT: usize = 5;
const BLANK: u32 = 2;
const CUE: u32 = 3;

/// The memorise task, see the module. N is T; b_i is needed T + 5 steps later.
pub static MEMORISE: Task = Task {
    name: "memorise",
    layer: 2,
    reads: Reads::Symbols("0 1 _ :"),
    predicts: Predicts::Classes(2),
    shortest: 1,
    steps: |blanks| blanks + 2 * KEPT,
    dependency: |blanks| blanks + KEPT,
    scored: |_| KEPT,
    baseline: |_| KEPT as f64 * std::f64::consts::LN_2,
    write: |blanks, draw, row| {
        let asked = blanks + KEPT;
        (KEPT..asked + KEPT).for_each(|t| row.read(t, BLANK));
        row.read(asked, CUE);
        for i in 0..KEPT {
            let bit = draw.below(2);
            row.read(i, bit);
            row.predict(asked + i, bit);
        }
    },
};
