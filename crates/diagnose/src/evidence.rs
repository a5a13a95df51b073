//! The evidence: plain records of a run that a rule may read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use longspan_record::ProbeRecord;
use longspan_record::credit::CreditReport;
use longspan_record::json_float;
use longspan_record::spectrum::LyapunovSpectrum;
use longspan_record::{ChannelRecord, FaultRecord, RecoveryRecord, ScoreRecord, SettingChange, StepRecord};

/// Everything that is known about a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Settings and properties of the run.
    pub facts: Facts,
    /// Training steps, ascending.
    pub steps: Vec<StepRecord>,
    /// Validations, ascending.
    pub valid: Vec<ScoreRecord>,
    /// The first bad value, if a step failed.
    pub fault: Option<FaultRecord>,
    /// The faults after which training continued, in order.
    #[serde(default)]
    pub recoveries: Vec<RecoveryRecord>,
    /// The settings that were changed when the run was resumed, in ascending order of steps. The facts have the last values.
    #[serde(default)]
    pub changes: Vec<SettingChange>,
    /// Measurements of the last weights.
    pub probe: Option<Probed>,
}

impl Evidence {
    /// The evidence of the steps that were taken with the present values of these settings.
    pub(crate) fn with_present(&self, settings: &[&str]) -> Cow<'_, Self> {
        let of = |change: &&SettingChange| settings.contains(&change.setting.as_str());
        match self.changes.iter().filter(of).map(|change| change.step).max() {
            None => Cow::Borrowed(self),
            Some(first) => {
                let steps = self.steps.iter().filter(|step| step.step >= first).cloned().collect();
                Cow::Owned(Self { steps, ..self.clone() })
            }
        }
    }
}

/// Measurements of fixed weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Probed {
    /// How far the gradient reaches.
    pub reach: Option<CreditReport>,
    /// Lyapunov exponents.
    pub spectrum: Option<LyapunovSpectrum>,
}

impl From<&ProbeRecord> for Probed {
    fn from(record: &ProbeRecord) -> Self {
        Self { reach: record.reach.known().cloned(), spectrum: record.spectrum.known().cloned() }
    }
}

/// Who trains a run, which decides how advice can be followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainedBy {
    /// The program `longspan`: by flags and commands.
    #[default]
    Longspan,
    /// A PyTorch program that is watched: by lines of Python.
    PyTorch,
    /// A loop in Rust, recorded by `RunRecorder`: by the settings of its trainer.
    Loop,
}

/// Settings and properties of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Run directory, for commands.
    pub run: String,
    /// Cell: rnn, relu, identity, residual, gru or lstm.
    pub cell: String,
    /// Number of layers.
    pub layers: usize,
    /// Units per layer.
    pub hidden: usize,
    /// Steps that the gradient goes back: the length of a window, or of the longest sequence.
    pub window_steps: usize,
    /// Whether the state is carried from one window to the next, so that the gradient is truncated.
    pub carried: bool,
    /// Needed lag, if the data define it.
    pub needed_lag_steps: Option<usize>,
    /// Loss of the baseline: the best prediction that does not use the input.
    #[serde(with = "json_float")]
    pub baseline_loss: f64,
    /// Name of the baseline.
    #[serde(default)]
    pub baseline: String,
    /// Columns of a series; empty for other data.
    #[serde(default)]
    pub channels: Vec<ChannelRecord>,
    /// Limit of clipping by global norm, if it is used.
    pub clip_limit: Option<f64>,
    /// Whether gradients are clipped in any way.
    pub clips: bool,
    /// Largest learning rate of the schedule.
    #[serde(with = "json_float")]
    pub lr: f64,
    /// Number of planned steps.
    pub planned_steps: u64,
    /// Whether the run has ended as planned.
    pub finished: bool,
    /// Gain of the initial recurrent weights, if the initialiser has one.
    #[serde(default)]
    pub init_gain: Option<f64>,
    /// Who trains.
    #[serde(default)]
    pub trained_by: TrainedBy,
    /// All settings, as text.
    pub settings: BTreeMap<String, String>,
}

impl Facts {
    /// Returns a setting as text; empty if it is not known.
    pub fn setting(&self, key: &str) -> &str {
        self.settings.get(key).map_or("", String::as_str)
    }
}
