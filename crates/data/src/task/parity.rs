//! Parity: N random bits are read, and the last step predicts whether the number of ones is odd.
//!
//! ```text
//! read       1 0 1 1
//! predict          1      the sum modulo 2
//! ```
//!
//! Every bit is needed, and all but one are worthless: the baseline loss is ln 2 nats.
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997, who solve it by guessing weights at
//! random: gradient descent finds the task hard although it needs little memory.

use super::definition::{Predicts, Reads, Task};

/// The parity task, see the module. N bits; the first one is needed N − 1 steps later.
pub static PARITY: Task = Task {
    name: "parity",
    layer: 5,
    reads: Reads::Symbols("0 1"),
    predicts: Predicts::Classes(2),
    shortest: 2,
    steps: |bits| bits,
    dependency: |bits| bits - 1,
    scored: |_| 1,
    baseline: |_| std::f64::consts::LN_2,
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
