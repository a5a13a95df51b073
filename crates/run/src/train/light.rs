//! The light probe at the end of a run: the gradient horizon of the last weights, in at most 2 % of the run's
//! time.
//!
//! Its size is chosen before it starts, from the measured time of training ([`Plan`]). A time limit ends it if
//! the estimate was wrong. It does not change weights, metrics or checkpoints.

use std::path::Path;
use std::time::Instant;

use crate::config::Config;
use crate::directory::probes;
use crate::probe_plan::{Cost, Plan};
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

/// The largest light probe. It leaves out everything that runs the data several times: truncation bias, used
/// lag, sensitivity, Jacobian products.
fn largest() -> ProbeOptions {
    let light = ProbeOptions::light();
    ProbeOptions {
        reach: CreditOptions { sequences: 64, ..light.reach },
        exponents: Some(4),
        trajectories: 8,
        trajectory_steps: 500,
        ..light
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

/// The measured speed of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Time of the run in seconds.
    pub(super) seconds: f64,
    /// Training time of a position in seconds.
    pub(super) position: f64,
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
    pace: Pace,
    cancelled: &dyn Fn() -> bool,
) -> LightProbe {
    let too_slow =
        || LightProbe::LeftOut(format!("the run was too short (limit: {:.0} % of its time)", 100.0 * SHARE));
    if config.run.memory_limit().is_some() {
        return LightProbe::LeftOut("it would need more memory than --bptt-memory allows".into());
    }
    let &Subject { spec, params, step, source, data } = subject;
    let limit = SHARE * pace.seconds;
    let cost = Cost::new(spec, source.shape(), pace.position, config.is_truncated());
    let Some(plan) = Plan::within(limit, &cost, &largest()) else { return too_slow() };
    let start = Instant::now();
    let ended = || start.elapsed().as_secs_f64() > limit || cancelled();
    let mut watch = Watch { progress: &mut |_, _, _| (), cancelled: &ended, late: &|| false };
    match (examine(ctx, spec, params, source, &plan.options, &mut watch), source.failure()) {
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

    /// Probes sine weights on a task, with an unlimited time.
    fn probed(run: &Path, config: &Config, cancelled: bool) -> LightProbe {
        let data = Dataset::open(config, None).unwrap();
        let spec = config.model_spec(&data.schema);
        let ctx = Context::<f64>::new(InstructionSet::detect(), 1);
        let mut params = Params::zeros(Model::<f64>::new(ctx.instruction_set(), &spec).layout().clone());
        params.flat_mut().iter_mut().enumerate().for_each(|(i, w)| *w = 0.3 * (i as f64).sin());
        let (source, name) = data.held_out();
        let subject = Subject { spec: &spec, params: &params, step: 7, source: source.as_ref(), data: name };
        probe(&ctx, &subject, config, run, Pace { seconds: 1e6, position: 1e-5 }, &|| cancelled)
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
