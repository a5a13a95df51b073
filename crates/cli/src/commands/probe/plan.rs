//! What a probe will measure, and how long it may take.

use std::path::Path;
use std::str::FromStr;

use longspan::batch::Source;
use longspan::model::ModelSpec;
use longspan::probe::ProbeOptions;
use longspan::probe::credit::Stage;
use longspan_run::config::Config;
use longspan_run::directory::{is_run, read_summary};
use longspan_run::probe_plan::{Cost, Plan};

use crate::failure::{Failure, fail};
use crate::progress::{counted, duration};

/// The smallest limit, so that a short run can be probed as well.
const LEAST: f64 = 1.0;

/// The largest time of a probe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Limit {
    /// In percent of the time that the run took to train.
    Percent(f64),
    /// No limit.
    None,
}

impl Default for Limit {
    fn default() -> Self {
        Self::Percent(20.0)
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.trim_end_matches('%').trim().parse::<f64>()) {
            ("none", _) => Ok(Self::None),
            (_, Ok(percent)) if percent > 0.0 && percent.is_finite() => Ok(Self::Percent(percent)),
            _ => Err("needs a percentage above 0, or none".into()),
        }
    }
}

/// A plan and the time limit in seconds, if there is one.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) seconds: Option<f64>,
    text: String,
}

impl Planned {
    /// Plans the probe of a run. A run that has not ended, or a checkpoint without a run, has no time to compare with, and
    /// thus no limit.
    pub(super) fn new(
        run: &Path,
        limit: Limit,
        wanted: &ProbeOptions,
        spec: &ModelSpec,
        source: &dyn Source,
        config: &Config,
    ) -> Result<Self, Failure> {
        let summary = if is_run(run) { read_summary(run)? } else { None }.unwrap_or_default();
        let speed = summary.tokens_per_second.filter(|speed| *speed > 0.0);
        let (Some(trained), Some(speed)) = (summary.seconds, speed) else {
            let plan = Plan { options: wanted.clone(), seconds: f64::NAN, left_out: Vec::new() };
            let text = format!("plan: {}", quantities(&plan.options));
            return Ok(Self { plan, seconds: None, text });
        };
        let position = summary.step_seconds.unwrap_or(trained) / (speed * trained);
        let cost = Cost::new(spec, source.shape(), position, config.is_truncated());
        let Limit::Percent(percent) = limit else {
            let plan = Plan::whole(&cost, wanted);
            let text = format!("plan: {}; about {}", quantities(&plan.options), duration(plan.seconds));
            return Ok(Self { plan, seconds: None, text });
        };
        let seconds = (trained * percent / 100.0).max(LEAST);
        let Some(plan) = Plan::within(seconds, &cost, wanted) else {
            return Err(fail(format!(
                "the smallest probe would take longer than {}, {percent} % of the time that the run took: \
                 longspan probe {} --limit none",
                duration(seconds),
                run.display()
            )));
        };
        let mut text = format!(
            "plan: {}; about {} (limit {})",
            quantities(&plan.options),
            duration(plan.seconds),
            duration(seconds)
        );
        if !plan.left_out.is_empty() {
            let names: Vec<&str> = plan.left_out.iter().map(|&stage| name(stage)).collect();
            text += &format!("\nleft out: {} (--limit none measures everything)", names.join(", "));
        }
        Ok(Self { plan, seconds: Some(seconds), text })
    }

    /// Says what will be measured, and for how long.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// What the options measure.
fn quantities(options: &ProbeOptions) -> String {
    let reach = &options.reach;
    let mut names = vec![format!("gates and lag profile of {}", counted(reach.sequences, "sequence"))];
    for (wanted, stage) in [
        (options.exponents != Some(0), Stage::Exponents),
        (reach.sensitivity_sequences > 0, Stage::Sensitivity),
        (!reach.truncations.is_empty(), Stage::Truncation),
        (reach.used, Stage::UsedLag),
        (options.products, Stage::Products),
    ] {
        if wanted {
            names.push(name(stage).into());
        }
    }
    names.join(", ")
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Exponents => "Lyapunov exponents",
        Stage::Sensitivity => "sensitivity",
        Stage::Truncation => "truncation bias",
        Stage::UsedLag => "used lag",
        Stage::Products => "Jacobian products",
        Stage::Read | Stage::Survey | Stage::Lag | Stage::Intervals => "gates and lag profile",
    }
}
