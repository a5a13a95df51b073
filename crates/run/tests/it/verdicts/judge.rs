//! Gives a trace to the rules, as the files of a run would be.

use longspan::optim::clip::Clip;
use longspan_diagnose::{Evidence, Facts, Finding, Probed, TrainedBy, diagnose};
use longspan_run::config::KEYS;

use super::plan::Plan;
use super::trace::Trace;

/// The findings of the rules.
pub(crate) fn findings(plan: &Plan, trace: &Trace) -> Vec<Finding> {
    diagnose(&evidence(plan, trace)).findings
}

fn evidence(plan: &Plan, trace: &Trace) -> Evidence {
    let config = &plan.config;
    let settings = KEYS.iter().filter_map(|key| Some((key.name.to_owned(), config.get(key.name).text()?)));
    Evidence {
        facts: Facts {
            run: plan.name.clone(),
            cell: config.get("cell").to_string(),
            layers: config.model.layers,
            hidden: config.model.hidden,
            window_steps: trace.window_steps,
            carried: trace.carried,
            needed_lag_steps: trace.need_steps,
            baseline_loss: trace.chance_loss,
            baseline: String::new(),
            channels: Vec::new(),
            clip_limit: if let Clip::Norm(limit) = config.optimizer.clip { Some(limit) } else { None },
            clips: config.optimizer.clip != Clip::None,
            lr: config.optimizer.lr,
            planned_steps: config.run.steps,
            finished: trace.fault.is_none(),
            init_gain: config.model.init.gain(),
            trained_by: TrainedBy::Longspan,
            settings: settings.collect(),
        },
        steps: trace.steps.clone(),
        valid: trace.valid.clone(),
        fault: trace.fault.clone(),
        recoveries: Vec::new(),
        changes: Vec::new(),
        probe: Some(Probed { reach: trace.reach.clone(), spectrum: trace.spectrum.clone() }),
    }
}
