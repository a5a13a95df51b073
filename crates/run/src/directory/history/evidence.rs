//! The evidence of a run, for the rules of the diagnosis.

use super::History;
use crate::config::KEYS;
use crate::directory::Watched;
use crate::visible;
use longspan::optim::clip::Clip;
use longspan_diagnose::{Evidence, Facts, TrainedBy};

/// Upper limit for numbers of steps and units, above what any run has. A damaged file may have larger
/// numbers, whose sums would overflow.
const MOST: usize = u32::MAX as usize;

impl History {
    /// The evidence that rules read.
    pub fn evidence(&self) -> Evidence {
        Evidence {
            facts: self.facts(),
            steps: self.steps.clone(),
            valid: self.valid.clone(),
            fault: self.fault.clone(),
            recoveries: self.recoveries.clone(),
            changes: self.record.changes.clone(),
            probe: self.probe.as_ref().map(Into::into),
        }
    }

    fn facts(&self) -> Facts {
        let (config, record) = (&self.config, &self.record);
        let watched = record.watched.as_ref();
        let settings =
            KEYS.iter().filter_map(|key| Some((key.name.to_owned(), config.get(key.name).text()?)));
        Facts {
            run: visible::path(&self.path),
            cell: config.get("cell").to_string(),
            layers: config.model.layers.min(MOST),
            hidden: config.model.hidden.min(MOST),
            window_steps: record.window_steps.min(MOST),
            carried: watched.map_or(config.is_truncated(), |watched| watched.carried),
            needed_lag_steps: watched.map_or(config.needed_lag_steps(), |watched| watched.needed_lag_steps),
            baseline_loss: record.data.baseline_loss,
            baseline: record.data.baseline.clone(),
            channels: record.data.channels.clone(),
            clip_limit: if let Clip::Norm(limit) = config.optimizer.clip { Some(limit) } else { None },
            clips: config.optimizer.clip != Clip::None,
            lr: config.optimizer.lr,
            planned_steps: config.run.planned_steps(record.windows).min(MOST as u64),
            finished: self.outcome().is_some_and(|outcome| ["finished", "stopped_early"].contains(&outcome)),
            init_gain: config.model.init.gain(),
            trained_by: self.trained_by(),
            settings: settings.collect(),
        }
    }

    /// Who trains.
    pub fn trained_by(&self) -> TrainedBy {
        self.record.watched.as_ref().map_or(TrainedBy::Longspan, Watched::trained_by)
    }

    /// How the run ended, as a word; None if it has not ended.
    pub fn outcome(&self) -> Option<&str> {
        self.summary.as_ref()?.outcome.as_deref()
    }
}
