//! The light probe at the end of a run: the gradient horizon of the last weights, in at most 2 % of the run's
//! time.
//!
//! Its size is chosen before it starts, from the measured time of training: the largest of [`SIZES`] whose
//! estimate fits. A time limit ends it if the estimate was wrong. It does not change weights, metrics or
//! checkpoints.

use std::path::Path;
use std::time::Instant;

use crate::config::Config;
use crate::directory::probes;
use longspan::batch::Source;
use longspan::model::ModelSpec;
use longspan::params::Params;
use longspan::probe::credit::Watch;
use longspan::probe::{ProbeOptions, examine};
use longspan_kernel::Context;
use longspan_record::ProbeRecord;
use longspan_record::credit::CreditOptions;

/// The largest share of the run's time that the probe may take.
const SHARE: f64 = 0.02;

/// The sizes, largest first: number of sequences, trajectories with their steps, and leading exponents.
const SIZES: [Size; 4] = [
    Size { sequences: 64, trajectories: 8, steps: 500, exponents: 4 },
    Size { sequences: 32, trajectories: 4, steps: 250, exponents: 2 },
    Size { sequences: 16, trajectories: 4, steps: 100, exponents: 1 },
    Size { sequences: 16, trajectories: 0, steps: 0, exponents: 0 },
];

/// Cost of a position in the probe, in units of a position in training: two passes in f64, and the recording
/// of the gradient.
const POSITION: f64 = 8.0;
/// Cost of a step of a trajectory and of each of its directions, in the same unit.
const STEP: f64 = 2.0;
/// Seconds for each lag and each pair of lags, for all layers together and for each layer: quantiles,
/// intervals and slopes.
const LAG: f64 = 5e-5;
const PAIR: f64 = 5e-8;

#[derive(Clone, Copy, Debug)]
struct Size {
    sequences: usize,
    trajectories: usize,
    steps: usize,
    exponents: usize,
}

impl Size {
    /// The options of a light probe. It skips everything that runs the data several times: truncation bias,
    /// used lag, Jacobian products.
    fn options(self) -> ProbeOptions {
        let light = ProbeOptions::light();
        ProbeOptions {
            reach: CreditOptions { sequences: self.sequences, ..light.reach },
            exponents: Some(self.exponents),
            trajectories: self.trajectories.max(1),
            trajectory_steps: self.steps,
            ..light
        }
    }
}

/// The result of the probe at the end of a run.
#[derive(Clone, Debug)]
pub enum LightProbe {
    /// The probe is in `probe/STEP.json`.
    Done(Box<ProbeRecord>),
    /// The probe was skipped, for this reason.
    LeftOut(String),
}

/// The numbers from which the time of a probe is estimated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// Time of the run in seconds.
    pub(super) seconds: f64,
    /// Training time of a position in seconds.
    pub(super) position: f64,
    /// Whether trajectories continue from window to window.
    pub(super) carried: bool,
}

impl Cost {
    /// Estimated seconds of a probe of this size on windows of shape `[steps, rows]`.
    fn of(&self, size: Size, layers: usize, (steps, rows): (usize, usize)) -> f64 {
        let positions = size.sequences.div_ceil(rows.max(1)) * rows * steps;
        let trajectory = if self.carried { size.steps } else { size.steps.min(steps) };
        let trajectories = size.trajectories.min(rows) * trajectory * (1 + size.exponents);
        let lags = steps.min(1000) as f64;
        let counted = (1 + layers) as f64 * lags * (LAG + PAIR * lags);
        self.position * (POSITION * positions as f64 + STEP * trajectories as f64) + counted
    }

    /// The largest size whose estimate fits; None if there is none.
    fn size(&self, layers: usize, shape: (usize, usize)) -> Option<Size> {
        SIZES.into_iter().find(|&size| self.of(size, layers, shape) <= SHARE * self.seconds)
    }
}

/// What is probed: weights, their training step, and the data with their name.
pub(super) struct Subject<'a> {
    pub(super) spec: &'a ModelSpec,
    pub(super) params: &'a Params<f64>,
    pub(super) step: u64,
    pub(super) source: &'a dyn Source,
    pub(super) data: &'static str,
}

/// Probes the weights and writes the record into the run.
pub(super) fn probe(
    ctx: &Context<f64>,
    subject: &Subject<'_>,
    config: &Config,
    run: &Path,
    cost: Cost,
    cancelled: &dyn Fn() -> bool,
) -> LightProbe {
    let too_slow =
        || LightProbe::LeftOut(format!("the run was too short (limit: {:.0} % of its time)", 100.0 * SHARE));
    if config.run.memory_limit().is_some() {
        return LightProbe::LeftOut("it would need more memory than --bptt-memory allows".into());
    }
    let Some(size) = cost.size(subject.spec.layers, subject.source.shape()) else { return too_slow() };
    let start = Instant::now();
    let late = || start.elapsed().as_secs_f64() > SHARE * cost.seconds;
    let mut watch = Watch { progress: &mut |_, _, _| (), cancelled: &|| late() || cancelled() };
    let &Subject { spec, params, step, source, data } = subject;
    match (examine(ctx, spec, params, source, &size.options(), &mut watch), source.failure()) {
        (_, Some(failure)) => LightProbe::LeftOut(format!("the data can no longer be read ({failure})")),
        (Err(_), _) if cancelled() => LightProbe::LeftOut("it was interrupted".into()),
        (Err(_), _) => too_slow(),
        (Ok(record), None) => {
            let beside = probes::beside(config);
            let record = ProbeRecord { step, light: true, data: data.into(), beside, ..record };
            match probes::write(run, &record) {
                Ok(_) => LightProbe::Done(Box::new(record)),
                Err(error) => LightProbe::LeftOut(error.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;
    use crate::dataset::Dataset;
    use crate::test_dir::TestDir;
    use longspan::model::Model;
    use longspan_kernel::InstructionSet;

    const COST: Cost = Cost { seconds: 100.0, position: 1e-5, carried: true };
    const SHAPE: (usize, usize) = (128, 32);

    #[test]
    fn a_longer_run_has_a_larger_probe() {
        let sequences = |seconds: f64| Cost { seconds, ..COST }.size(1, SHAPE).map(|size| size.sequences);
        assert_eq!(sequences(1e4), Some(64));
        assert_eq!(sequences(1.0), None);
        let mut before = 0.0;
        for seconds in (0..200).map(|i| 1.1f64.powi(i)) {
            let cost = Cost { seconds, ..COST };
            let of = cost.size(1, SHAPE).map_or(0.0, |size| cost.of(size, 1, SHAPE));
            assert!(of >= before && of <= SHARE * seconds, "{of} s of {seconds} s");
            before = of;
        }
        assert!(before > 0.0);
    }

    #[test]
    fn sizes_descend_and_whole_windows_are_counted() {
        let costs: Vec<f64> = SIZES.iter().map(|&size| COST.of(size, 1, SHAPE)).collect();
        assert!(costs.is_sorted_by(|a, b| a > b), "{costs:?}");
        // Whole windows are computed, even if few of their rows are needed.
        let wide = SIZES.map(|size| COST.of(size, 1, (128, 1000)));
        assert!(wide[3] > 0.9 * wide[1], "{wide:?}");
        // A long window alone can be too slow, and so can many layers.
        assert!(COST.size(1, (100_000, 32)).is_none());
        assert!(Cost { position: 0.0, ..COST }.of(SIZES[3], 1000, SHAPE) > SHARE * COST.seconds);
    }

    /// Probes sine weights on a task, with an unlimited time.
    fn probed(run: &Path, config: &Config, cancelled: bool) -> LightProbe {
        let data = Dataset::open(config, None).unwrap();
        let spec = config.model_spec(&data.schema);
        let ctx = Context::<f64>::new(InstructionSet::detect(), 1);
        let mut params = Params::zeros(Model::<f64>::new(ctx.instruction_set(), &spec).layout().clone());
        params.flat_mut().iter_mut().enumerate().for_each(|(i, w)| *w = 0.3 * (i as f64).sin());
        let (source, name) = data.held_out();
        let subject = Subject { spec: &spec, params: &params, step: 7, source: source.as_ref(), data: name };
        probe(&ctx, &subject, config, run, Cost { seconds: 1e6, ..COST }, &|| cancelled)
    }

    #[test]
    fn an_interrupted_probe_writes_no_file() {
        let run = TestDir::new();
        let mut config = Config::default();
        for (name, value) in [("task", "agreement"), ("length", "9"), ("hidden", "5"), ("batch", "8")] {
            config.set(name, value, Origin::Flag).unwrap();
        }
        let skipped = |probe: LightProbe, because: &str| match probe {
            LightProbe::LeftOut(why) => assert!(why.contains(because), "{why}"),
            LightProbe::Done(record) => panic!("{record:?}"),
        };
        skipped(probed(run.path(), &config, true), "interrupted");
        let file = run.path().join("probe/7.json");
        assert!(!file.exists());
        let LightProbe::Done(record) = probed(run.path(), &config, false) else { panic!("skipped") };
        assert_eq!((record.step, record.light, record.beside.needed_lag_steps), (7, true, Some(9)));
        assert_eq!(probes::read(run.path()).records, [*record]);
        std::fs::remove_file(file).unwrap();
        config.set("bptt_memory", "1GiB", Origin::Flag).unwrap();
        skipped(probed(run.path(), &config, false), "--bptt-memory");
    }
}
