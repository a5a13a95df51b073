//! Temporal order: a few markers are hidden among random symbols, and the last step predicts their order.
//!
//! ```text
//! a d X b b c a Y d a      class 2 m_1 + m_2, with two markers        m_k is 0 for X and 1 for Y
//!     m_1       m_2        class 4 m_1 + 2 m_2 + m_3, with three
//! ```
//!
//! Two markers are in [T/10, 2T/10) and [5T/10, 6T/10), three in [T/10, 2T/10), [3T/10, 4T/10) and [6T/10, 7T/10), with
//! bounds rounded down. Each is X or Y at random; each other step has one of four symbols. The baseline loss is ln 4 or
//! ln 8 nats.
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997, experiments 6a and 6b; with positions
//! proportional to T, Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.

use super::definition::{Predicts, Reads, Row, Task};
use longspan_kernel::rng::Stream;

/// Number of symbols without meaning.
const DISTRACTORS: u32 = 4;

/// Tenths of the sequence that contain the markers.
const TWO: [usize; 2] = [1, 5];
const THREE: [usize; 3] = [1, 3, 6];

/// Temporal order with two markers, see the module. N is T; the first marker is needed at most T − 1 − ⌊T/10⌋ steps
/// later.
pub static ORDER2: Task = task("order2", 3, 4, |steps, draw, row| write(&TWO, steps, draw, row));

/// Temporal order with three markers, see the module. N is T; the first marker is needed at most T − 1 − ⌊T/10⌋ steps
/// later.
pub static ORDER3: Task = task("order3", 4, 8, |steps, draw, row| write(&THREE, steps, draw, row));

const fn task(
    name: &'static str,
    layer: u32,
    classes: usize,
    write: fn(usize, &mut Stream, &mut Row<'_>),
) -> Task {
    Task {
        name,
        layer,
        reads: Reads::Symbols("a b c d X Y"),
        predicts: Predicts::Classes(classes),
        // In shorter sequences some tenths have no step.
        shortest: 10,
        steps: |steps| steps,
        dependency: |steps| steps - 1 - steps / 10,
        scored: |_| 1,
        baseline: if classes == 4 { |_| 4f64.ln() } else { |_| 8f64.ln() },
        write,
    }
}

fn write(tenths: &[usize], steps: usize, draw: &mut Stream, row: &mut Row<'_>) {
    (0..steps).for_each(|t| row.read(t, draw.below(DISTRACTORS)));
    let mut class = 0;
    for &tenth in tenths {
        let (from, below) = (tenth * steps / 10, (tenth + 1) * steps / 10);
        let marker = draw.below(2);
        row.read(from + draw.below((below - from) as u32) as usize, DISTRACTORS + marker);
        class = 2 * class + marker;
    }
    row.predict(steps - 1, class);
}
