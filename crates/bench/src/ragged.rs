//! Rows of many lengths: the time of a pass over them, over as many positions in rows of one length, and over
//! rows padded to the longest.

use std::time::Instant;

use longspan_kernel::Context;
use longspan_kernel::packed_shape::PackedShape;
use serde_json::{Value, json};

use super::Options;
use super::specs::Ragged;
use super::stack::Pass;
use super::timing::{Workload, quantile, seconds_of};

/// Milliseconds of the three, and the ratios of the last two to the first. They take turns, so that other
/// load on the machine affects all of them; a ratio is the median of the ratios of the turns.
pub(super) fn measure(row: &Ragged, options: &Options) -> Vec<(&'static str, Value)> {
    let (lengths, rows) = (row.lengths(), row.stack.rows);
    let positions: usize = lengths.iter().sum();
    let mut ragged = PackedShape::default();
    ragged.set_lengths(&lengths);
    let extents = [ragged, PackedShape::even(positions / rows, rows), PackedShape::even(lengths[0], rows)];
    let mut works =
        extents.map(|extent| Pass::over(Context::new(options.isa, options.threads), row.stack, extent, None));
    works.iter_mut().for_each(|work| work.run());
    let (budget, start) = (options.budget(), Instant::now());
    let mut turns: Vec<[f64; 3]> = Vec::new();
    while start.elapsed() < 3 * budget.time || turns.len() < budget.least {
        turns.push(works.each_mut().map(|work| seconds_of(|| work.run())));
    }
    let middle = |of: &dyn Fn(&[f64; 3]) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5)
    };
    let mut fields = vec![("repeats", json!(turns.len()))];
    for (i, name) in ["ragged_ms", "even_ms", "padded_ms"].into_iter().enumerate() {
        fields.push((name, json!(1e3 * middle(&|turn| turn[i]))));
    }
    for (i, name) in [(1, "even_ratio"), (2, "padded_ratio")] {
        fields.push((name, json!(middle(&|turn| turn[i] / turn[0]))));
    }
    fields
}
