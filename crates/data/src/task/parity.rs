//! Parity: N random bits are read, and the last step says whether the number of ones is odd.
//!
//! ```text
//! read       1 0 1 1
//! predict          1      the sum modulo 2
//! ```
//!
//! Every bit is needed, and knowing all but one is worth nothing: chance has ln 2 nats.
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997, where it is solved by random guessing of
//! weights: a task that gradients find hard although little has to be kept.

use super::samples::{Predicts, Reads, Task};

/// See the module. N bits; the first is needed N − 1 steps later.
pub static PARITY: Task = Task {
    name: "parity",
    layer: 5,
    reads: Reads::Symbols("0 1"),
    predicts: Predicts::Classes(2),
    shortest: 2,
    steps: |bits| bits,
    dependency: |bits| bits - 1,
    scored: |_| 1,
    chance: |_| std::f64::consts::LN_2,
    write: |bits, draw, row| {
        let mut odd = 0;
        for t in 0..bits {
            let bit = draw.below(2);
            row.read(t, bit);
            odd ^= bit;
        }
        row.predict(bits - 1, odd);
    },
};
