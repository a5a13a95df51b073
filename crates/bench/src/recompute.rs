//! The time cost of a memory limit: the same pass with everything kept for the backward pass, with half of
//! it, and with the minimum.

use std::time::Instant;

use longspan::bptt::Plan;
use longspan_kernel::Context;
use serde_json::{Value, json};

use super::Options;
use super::rows::Row;
use super::stack::Pass;
use super::step::Training;
use super::timing::{Workload, quantile, seconds_of};
use crate::{Failure, fail};

/// Names of the fields of the three passes.
const NAMES: [[&str; 3]; 3] = [
    ["whole_ms", "whole_bytes", "whole_ratio"],
    ["half_ms", "half_bytes", "half_ratio"],
    ["least_ms", "least_bytes", "least_ratio"],
];

/// Milliseconds, bytes, and the time relative to the pass that keeps everything. The three take turns, so
/// that other load on the machine affects all of them; a ratio is the median of the ratios of the turns.
pub(super) fn measure(row: &Row, options: &Options) -> Result<Vec<(&'static str, Value)>, Failure> {
    let build = |limit| build(row, Context::new(options.isa, options.threads), limit);
    let whole = build(None)?;
    let half = whole.plan(None)?.bytes() / 2;
    let least = whole.plan(Some(0)).map_or_else(|error| error.least(), |plan| plan.bytes());
    let mut works = [whole, build(Some(half.max(least)))?, build(Some(least))?];
    works.iter_mut().for_each(|work| work.run());
    let (budget, start) = (options.budget(), Instant::now());
    let mut turns: Vec<[f64; 3]> = Vec::new();
    while start.elapsed() < 3 * budget.time || turns.len() < budget.least {
        turns.push(works.each_mut().map(|work| seconds_of(|| work.run())));
    }
    let plans: [Plan; 3] =
        [works[0].plan(None)?, works[1].plan(Some(half.max(least)))?, works[2].plan(Some(least))?];
    let middle = |of: &dyn Fn(&[f64; 3]) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5)
    };
    let mut fields = vec![("repeats", json!(turns.len()))];
    for (i, [ms, bytes, ratio]) in NAMES.into_iter().enumerate() {
        fields.push((ms, json!(1e3 * middle(&|turn| turn[i]))));
        fields.push((bytes, json!(plans[i].bytes())));
        fields.push((ratio, json!(middle(&|turn| turn[i] / turn[0]))));
    }
    Ok(fields)
}

fn build(row: &Row, ctx: Context<f32>, limit: Option<usize>) -> Result<Box<dyn Workload>, Failure> {
    match row {
        Row::StackRecompute(stack) => Ok(Box::new(Pass::new(ctx, *stack, limit))),
        Row::StepRecompute(step) => Ok(Box::new(Training::new(ctx, step, limit))),
        _ => Err(fail(format!("{} has no memory limit to measure", row.name()))),
    }
}
