//! Multiplication: as [`adding`](super::adding), with the product of the two marked numbers.
//!
//! The best constant, 1/4, has the variance of the product as its loss, `E a² · E b² − 1/16 = 1/9 − 1/16 = 7/144`.
//!
//! # References
//! Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997, experiment 5.

use super::adding::{task, write};
use super::definition::Task;

/// The multiplication task, see the module. N is T; a number is needed at most T − 1 steps later.
pub static MULTIPLICATION: Task =
    task("multiplication", 10, |_| 7.0 / 144.0, |steps, draw, row| write(steps, draw, row, |a, b| a * b));
