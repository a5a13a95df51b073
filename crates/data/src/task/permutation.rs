//! Random permutation: which of two symbols came first, before N other symbols in random order.
//!
//! ```text
//! read       2   57 9 100 31 … 4
//! predict                      1: it was the second symbol
//! ```
//!
//! The first step has symbol 1 or 2. The others, 3 to 100, follow in a random permutation, and after 98 steps in
//! another one. There is no regularity that helps; the baseline loss is ln 2 nats.
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997, experiment 2b; Martens, Sutskever,
//! "Learning recurrent neural networks with Hessian-free optimization", ICML 2011.

use super::definition::{Predicts, Reads, Task};

/// Number of first symbols.
const FIRST: u32 = 2;
/// Number of symbols that follow.
const OTHERS: usize = 98;

/// The permutation task, see the module. The first symbol is needed N steps later.
pub static PERMUTATION: Task = Task {
    name: "permutation",
    layer: 8,
    reads: Reads::Symbols(
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 \
         42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 \
         80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99 100",
    ),
    predicts: Predicts::Classes(FIRST as usize),
    shortest: 1,
    steps: |others| others + 1,
    dependency: |others| others,
    scored: |_| 1,
    baseline: |_| std::f64::consts::LN_2,
    write: |others, draw, row| {
        let class = draw.below(FIRST);
        row.read(0, class);
        let mut symbols: [u32; OTHERS] = std::array::from_fn(|i| FIRST + i as u32);
        for i in 0..others {
            // Fisher–Yates, one step at a time.
            let at = i % OTHERS;
            symbols.swap(at, at + draw.below((OTHERS - at) as u32) as usize);
            row.read(1 + i, symbols[at]);
        }
        row.predict(others, class);
    },
};
