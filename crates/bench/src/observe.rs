//! The cost of observing: training steps of one model in every tier, each step observed in full.
//!
//! The tiers take turns on the same buffers in rotating order; ratios are medians of the ratios of the turns.
//! Steps without observers are measured twice: the ratio of these two shows the noise of the machine.

use std::time::Instant;

use longspan::telemetry::Observe;
use longspan_kernel::Context;
use serde_json::{Value, json};

use super::Options;
use super::specs::Step;
use super::step::Training;
use super::timing::{Workload, quantile, seconds_of};

/// The tiers that take turns.
const TIERS: [Observe; 4] = [Observe::Off, Observe::Norms, Observe::Full, Observe::Off];

/// Milliseconds of steps without observers, and ratios.
pub(super) fn measure(step: &Step, options: &Options) -> Vec<(&'static str, Value)> {
    let mut training = Training::new(Context::new(options.isa, options.threads), step, None);
    let mut turn = |first: usize| {
        let mut seconds = [0.0; TIERS.len()];
        for at in (0..TIERS.len()).map(|i| (first + i) % TIERS.len()) {
            training.observe(TIERS[at]);
            seconds[at] = seconds_of(|| training.run());
        }
        seconds
    };
    turn(0);
    let (budget, start) = (options.budget(), Instant::now());
    let mut turns = Vec::new();
    while start.elapsed() < 10 * budget.time || turns.len() < budget.least {
        turns.push(turn(turns.len()));
    }
    let middle = |of: &dyn Fn(&[f64; 4]) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5)
    };
    vec![
        ("off_ms", json!(1e3 * middle(&|turn| turn[0]))),
        ("norms_ratio", json!(middle(&|turn| 2.0 * turn[1] / (turn[0] + turn[3])))),
        ("full_ratio", json!(middle(&|turn| 2.0 * turn[2] / (turn[0] + turn[3])))),
        ("off_ratio", json!(middle(&|turn| turn[3] / turn[0]))),
        ("repeats", json!(turns.len())),
    ]
}
