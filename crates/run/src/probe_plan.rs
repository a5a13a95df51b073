//! What a probe measures within a time limit: chosen before it starts, from the measured speed of training.
//!
//! The unit of all estimates is the time that training takes for one position, forward and backward. Let P be the
//! number of positions of the windows that hold S sequences, T the steps of a window and B its rows:
//!
//! ```text
//! gates, lag profile    8 P + quantiles, intervals and slopes of every lag
//! truncation            2 P (1 + number of truncations shorter than T), over the compared windows only
//! sensitivity           6 · 3 T · sequences, each alone and with every power of two of steps
//! used lag              0.9 P (1 + number of lags)
//! exponents             steps · trajectories · (1 + k)
//! products              steps · rows, and 0.2 µs · d³ for each row, d the dimension of the state
//! ```
//!
//! Gates and the lag profile come first, with as many sequences as fit. Then each other quantity is added, in the order
//! in which the rules need it, if it still fits.

use longspan::model::ModelSpec;
use longspan::probe::credit::Stage;
use longspan::probe::{ProbeOptions, WIDEST};
use longspan_record::ProbeRecord;
use longspan_record::credit::{Measured, Reason};

/// Positions of training that take as long as one position of the gates and the lag profile: two passes in f64, one of
/// them recorded.
const REACH: f64 = 8.0;
/// The same for a pass in f64.
const PASS: f64 = 2.0;
/// The same for a forward pass in f64 that scores positions.
const SCORED: f64 = 0.9;
/// The same for a pass over a single row, which reads all weights for one position.
const ALONE: f64 = 6.0;
/// The same for a step of a trajectory and of each of its directions.
const STEP: f64 = 1.0;
/// Seconds for each lag and each pair of lags, for all layers together and for each layer: quantiles, intervals and
/// slopes.
const LAG: f64 = 5e-5;
const PAIR: f64 = 5e-8;
/// Seconds for each d³ of the products of one row.
const PRODUCT: f64 = 2e-7;

/// Numbers of sequences that are tried if the wanted number does not fit.
const SEQUENCES: [usize; 3] = [64, 32, 16];
/// Trajectories, their steps and leading exponents that are tried if the wanted ones do not fit.
const TRAJECTORIES: [(usize, usize, usize); 4] = [(8, 1000, 8), (8, 500, 4), (4, 250, 2), (4, 100, 1)];

/// The numbers from which the time of a probe is estimated.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Training time of a position in seconds.
    pub position: f64,
    /// Whether trajectories continue from window to window.
    pub carried: bool,
    /// Number of layers.
    pub layers: usize,
    /// Dimension of the joint state of all layers.
    pub state: usize,
    /// Steps of a window, T.
    pub steps: usize,
    /// Rows of a window, B.
    pub rows: usize,
}

impl Cost {
    /// The numbers of a model on windows of shape `[steps, rows]`.
    pub fn new(spec: &ModelSpec, (steps, rows): (usize, usize), position: f64, carried: bool) -> Self {
        let state = spec.layers * spec.hidden * spec.cell.spec().parts;
        Self { position, carried, layers: spec.layers, state, steps, rows }
    }

    /// Positions of the windows that hold this many sequences; whole windows are computed.
    fn positions(&self, sequences: usize) -> f64 {
        (sequences.div_ceil(self.rows.max(1)) * self.rows * self.steps) as f64
    }

    /// Seconds for gates and the lag profile.
    fn reach(&self, sequences: usize) -> f64 {
        let lags = self.steps.min(1000) as f64;
        let counted = (1 + self.layers) as f64 * lags * (LAG + PAIR * lags);
        self.position * REACH * self.positions(sequences) + counted
    }

    /// Seconds for exponents.
    fn exponents(&self, (trajectories, steps, exponents): (usize, usize, usize)) -> f64 {
        let steps = if self.carried { steps } else { steps.min(self.steps) };
        self.position * STEP * (trajectories.min(self.rows) * steps * (1 + exponents)) as f64
    }

    /// Seconds for another quantity.
    fn of(&self, stage: Stage, options: &ProbeOptions) -> f64 {
        let reach = &options.reach;
        let positions = self.positions(reach.sequences);
        match stage {
            Stage::Truncation => {
                let compared = positions.min((reach.truncation_batches * self.rows * self.steps) as f64);
                let lengths = reach.truncations.iter().filter(|&&k| k < self.steps).count();
                self.position * PASS * compared * (1 + lengths) as f64
            }
            Stage::Sensitivity => {
                self.position * ALONE * (3 * self.steps * reach.sensitivity_sequences) as f64
            }
            Stage::UsedLag => {
                let lags = 9.0 + 2.0 * (self.steps as f64 / 8.0).max(1.0).log2();
                self.position * SCORED * positions * (1.0 + lags)
            }
            Stage::Exponents => {
                let exponents = options.exponents.unwrap_or(self.state);
                self.exponents((options.trajectories, options.trajectory_steps, exponents))
            }
            Stage::Products if self.state > WIDEST => 0.0,
            Stage::Products => {
                let rows = self.rows.min(4) as f64;
                let steps = options.trajectory_steps as f64;
                rows * (self.position * steps + PRODUCT * (self.state as f64).powi(3))
            }
            Stage::Read | Stage::Survey | Stage::Lag | Stage::Intervals => 0.0,
        }
    }
}

/// What a probe will measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its options.
    pub options: ProbeOptions,
    /// The estimated time in seconds.
    pub seconds: f64,
    /// The quantities that were wanted and do not fit.
    pub left_out: Vec<Stage>,
}

/// The quantities that may be left out, the first needed most.
const OPTIONAL: [Stage; 5] =
    [Stage::Exponents, Stage::Sensitivity, Stage::Truncation, Stage::UsedLag, Stage::Products];

impl Plan {
    /// Everything that is wanted, whatever it takes.
    pub fn whole(cost: &Cost, wanted: &ProbeOptions) -> Self {
        let optional = OPTIONAL.into_iter().filter(|&stage| wants(wanted, stage));
        let seconds = cost.reach(wanted.reach.sequences) + optional.map(|s| cost.of(s, wanted)).sum::<f64>();
        Self { options: wanted.clone(), seconds, left_out: Vec::new() }
    }

    /// As much of what is wanted as fits into `limit` seconds; None if not even the smallest lag profile fits.
    pub fn within(limit: f64, cost: &Cost, wanted: &ProbeOptions) -> Option<Self> {
        let mut options = wanted.clone();
        let fewer = SEQUENCES.into_iter().filter(|&sequences| sequences < wanted.reach.sequences);
        let mut sequences = std::iter::once(wanted.reach.sequences).chain(fewer);
        options.reach.sequences = sequences.find(|&sequences| cost.reach(sequences) <= limit)?;
        let mut seconds = cost.reach(options.reach.sequences);
        let mut left_out = Vec::new();
        for stage in OPTIONAL.into_iter().filter(|&stage| wants(wanted, stage)) {
            if stage == Stage::Exponents {
                let fits = |options: &ProbeOptions| seconds + cost.of(stage, options) <= limit;
                let smaller = TRAJECTORIES.into_iter().map(|(trajectories, steps, exponents)| {
                    let mut smaller = options.clone();
                    smaller.trajectories = trajectories.min(wanted.trajectories);
                    smaller.trajectory_steps = steps.min(wanted.trajectory_steps);
                    smaller.exponents = Some(exponents.min(wanted.exponents.unwrap_or(exponents)));
                    smaller
                });
                if let Some(fitting) = std::iter::once(options.clone()).chain(smaller).find(fits) {
                    options = fitting;
                }
            }
            let more = cost.of(stage, &options);
            if seconds + more <= limit {
                seconds += more;
            } else {
                leave_out(&mut options, stage);
                left_out.push(stage);
            }
        }
        Some(Self { options, seconds, left_out })
    }

    /// Writes the time limit as the reason for what the plan left out.
    pub fn mark(&self, record: &mut ProbeRecord) {
        for stage in &self.left_out {
            match stage {
                Stage::Exponents => time_limit(&mut record.spectrum),
                Stage::Products => time_limit(&mut record.products),
                _ => {}
            }
            let Measured::Known(reach) = &mut record.reach else { continue };
            match stage {
                Stage::Truncation => time_limit(&mut reach.truncation),
                Stage::Sensitivity => time_limit(&mut reach.sensitivity),
                Stage::UsedLag => time_limit(&mut reach.used_lag),
                _ => {}
            }
        }
    }
}

/// Whether the options ask for a quantity.
fn wants(options: &ProbeOptions, stage: Stage) -> bool {
    match stage {
        Stage::Exponents => options.exponents != Some(0),
        Stage::Sensitivity => options.reach.sensitivity_sequences > 0,
        Stage::Truncation => !options.reach.truncations.is_empty(),
        Stage::UsedLag => options.reach.used,
        Stage::Products => options.products,
        Stage::Read | Stage::Survey | Stage::Lag | Stage::Intervals => true,
    }
}

fn leave_out(options: &mut ProbeOptions, stage: Stage) {
    match stage {
        Stage::Exponents => options.exponents = Some(0),
        Stage::Sensitivity => options.reach.sensitivity_sequences = 0,
        Stage::Truncation => options.reach.truncations.clear(),
        Stage::UsedLag => options.reach.used = false,
        Stage::Products => options.products = false,
        Stage::Read | Stage::Survey | Stage::Lag | Stage::Intervals => {}
    }
}

/// Replaces the reasons of a quantity that was not asked for; others, such as those of the model, stay.
fn time_limit<T>(measured: &mut Measured<T>) {
    if let Measured::Unknown(reason @ (Reason::NotAsked | Reason::NoTruncation)) = measured {
        *reason = Reason::TimeLimit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: Cost = Cost { position: 1e-5, carried: true, layers: 1, state: 128, steps: 128, rows: 32 };

    #[test]
    fn a_longer_time_holds_more_and_is_kept() {
        for wanted in [ProbeOptions::default(), ProbeOptions::light()] {
            let whole = Plan::whole(&COST, &wanted);
            let mut before = 0.0;
            for limit in (-40..80).map(|i| 1.1f64.powi(i)) {
                let Some(plan) = Plan::within(limit, &COST, &wanted) else {
                    assert_eq!(before, 0.0, "a longer limit holds no less");
                    continue;
                };
                assert!(plan.seconds <= limit, "{} s of {limit} s", plan.seconds);
                before = plan.seconds;
            }
            let all = Plan::within(1e9, &COST, &wanted).unwrap();
            assert_eq!((&all.options, all.left_out.as_slice()), (&whole.options, &[][..]));
            assert!((all.seconds - whole.seconds).abs() < 1e-9 * whole.seconds);
            assert!(before > 0.5 * whole.seconds);
        }
    }

    #[test]
    fn whole_windows_are_counted() {
        // Whole windows are computed, even if few of their rows are needed.
        let wide = Cost { rows: 1000, ..COST };
        assert_eq!(wide.reach(16), wide.reach(64));
        // A long window alone can be too slow, and so can many layers.
        let light = ProbeOptions::light();
        assert_eq!(Plan::within(2.0, &Cost { steps: 100_000, ..COST }, &light), None);
        assert_eq!(Plan::within(2.0, &Cost { position: 0.0, layers: 1000, ..COST }, &light), None);
    }

    #[test]
    fn what_the_rules_need_least_goes_first() {
        let wanted = ProbeOptions::default();
        let whole = Plan::whole(&COST, &wanted);
        let plan = Plan::within(0.9 * whole.seconds, &COST, &wanted).unwrap();
        assert!(!plan.left_out.is_empty() && !plan.left_out.contains(&Stage::Exponents), "{plan:?}");
        // A window has 32 rows, so 16 sequences take as long as 32.
        let least = Plan::within(COST.reach(32), &COST, &wanted).unwrap();
        assert_eq!((least.options.reach.sequences, least.left_out.as_slice()), (32, &OPTIONAL[..]));
    }
}
