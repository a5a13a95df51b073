//! The cost of observing: training steps of one model in every tier, each step with a snapshot; and of the lag
//! profile, which is part of a snapshot at every fifth one only.
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

/// The tiers that take turns, and whether the snapshot has a lag profile.
const TIERS: [(Observe, bool); 5] = [
    (Observe::Off, false),
    (Observe::Norms, false),
    (Observe::Full, false),
    (Observe::Off, false),
    (Observe::Norms, true),
];

/// Steps from one lag profile to the next with the default settings.
const DEFAULT_INTERVAL: f64 = 50.0;

/// Milliseconds of steps without observers, and ratios.
pub(super) fn measure(step: &Step, options: &Options) -> Vec<(&'static str, Value)> {
    let mut training = Training::new(Context::new(options.isa, options.threads), step, None);
    let mut turn = |first: usize| {
        let mut seconds = [0.0; TIERS.len()];
        for at in (0..TIERS.len()).map(|i| (first + i) % TIERS.len()) {
            let (tier, lag) = TIERS[at];
            training.observe(tier, lag);
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
    let middle = |of: &dyn Fn(&[f64; 5]) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5)
    };
    vec![
        ("off_ms", json!(1e3 * middle(&|turn| turn[0]))),
        ("norms_ratio", json!(middle(&|turn| 2.0 * turn[1] / (turn[0] + turn[3])))),
        ("full_ratio", json!(middle(&|turn| 2.0 * turn[2] / (turn[0] + turn[3])))),
        ("lag_ratio", json!(middle(&|turn| 2.0 * turn[4] / (turn[0] + turn[3])))),
        (
            "lag_average_percent",
            json!(100.0 * middle(&|turn| 2.0 * (turn[4] - turn[1]) / (turn[0] + turn[3])) / DEFAULT_INTERVAL),
        ),
        ("off_ratio", json!(middle(&|turn| turn[3] / turn[0]))),
        ("repeats", json!(turns.len())),
    ]
}
