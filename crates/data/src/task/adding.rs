//! Adding: the sum of the two marked numbers among T random numbers.
//!
//! ```text
//! read       (.31, 0) (.84, 1) (.06, 0) (.57, 0) (.20, 1) (.73, 0)
//! predict                                                 1.04 = .84 + .20
//! ```
//!
//! The numbers are uniform on [0, 1). One mark is in the first ⌊T/2⌋ steps and one in the rest. The loss is the squared
//! error; the best constant, 1, has the variance of the sum as its loss, 1/6.
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997, experiment 4; in this form Arjovsky, Shah,
//! Bengio, "Unitary evolution recurrent neural networks", ICML 2016.

use super::definition::{Predicts, Reads, Row, Task};
use longspan_kernel::rng::Stream;

/// The adding task, see the module. N is T; a number is needed at most T − 1 steps later.
pub static ADDING: Task =
    task("adding", 9, |_| 1.0 / 6.0, |steps, draw, row| write(steps, draw, row, |a, b| a + b));

/// Defines a task of two marked numbers.
pub(super) const fn task(
    name: &'static str,
    layer: u32,
    baseline: fn(usize) -> f64,
    write: fn(usize, &mut Stream, &mut Row<'_>),
) -> Task {
    Task {
        name,
        layer,
        reads: Reads::Numbers(2),
        predicts: Predicts::Value,
        shortest: 2,
        steps: |steps| steps,
        dependency: |steps| steps - 1,
        scored: |_| 1,
        baseline,
        write,
    }
}

/// Writes a sample whose target is `of` the marked numbers.
pub(super) fn write(steps: usize, draw: &mut Stream, row: &mut Row<'_>, of: fn(f32, f32) -> f32) {
    let half = steps / 2;
    let first = draw.below(half as u32) as usize;
    let second = half + draw.below((steps - half) as u32) as usize;
    let mut marked = [0.0; 2];
    for t in 0..steps {
        // 24 bits are exact in f32, and the number is below 1.
        let number = (draw.next_u32() >> 8) as f32 / (1 << 24) as f32;
        let mark = t == first || t == second;
        if mark {
            marked[usize::from(t == second)] = number;
        }
        row.read_numbers(t, [number, f32::from(u8::from(mark))]);
    }
    row.predict_value(of(marked[0], marked[1]));
}
