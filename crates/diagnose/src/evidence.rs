//! What a judge may read: plain records of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use longspan_record::ProbeRecord;
use longspan_record::credit::CreditReport;
use longspan_record::json_float;
use longspan_record::spectrum::LyapunovSpectrum;
use longspan_record::{FaultRecord, ScoreRecord, StepRecord};

/// Everything that is known of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the run was.
    pub facts: Facts,
    /// Its steps, ascending.
    pub steps: Vec<StepRecord>,
    /// Its validations, ascending.
    pub valid: Vec<ScoreRecord>,
    /// The first value that was not finite.
    pub fault: Option<FaultRecord>,
    /// What was measured of its last weights.
    pub probe: Option<Probed>,
}

/// What was measured of weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Probed {
    /// How far the gradient reaches.
    pub reach: Option<CreditReport>,
    /// What the dynamics are.
    pub spectrum: Option<LyapunovSpectrum>,
}

impl From<&ProbeRecord> for Probed {
    fn from(record: &ProbeRecord) -> Self {
        Self { reach: record.reach.known().cloned(), spectrum: record.spectrum.known().cloned() }
    }
}

/// What a run was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Its directory, for commands.
    pub run: String,
    /// rnn, relu, identity, residual, gru or lstm.
    pub cell: String,
    /// Layers.
    pub layers: usize,
    /// Units of each.
    pub hidden: usize,
    /// Steps that a gradient goes back through: of a window, or of the longest sequence.
    pub window_steps: usize,
    /// Whether the state is carried from one window to the next, so that what lies before is cut off.
    pub carried: bool,
    /// Steps back that must be bridged, where the data say so.
    pub needed_lag_steps: Option<usize>,
    /// Loss of the baseline: the best prediction that does not use the input.
    #[serde(with = "json_float")]
    pub baseline_loss: f64,
    /// The limit of the clipping rule, where it is one on the global norm.
    pub clip_limit: Option<f64>,
    /// Whether anything clips.
    pub clips: bool,
    /// Learning rate at its highest.
    #[serde(with = "json_float")]
    pub lr: f64,
    /// Steps that were planned.
    pub planned_steps: u64,
    /// Whether the run has ended as planned.
    pub finished: bool,
    /// Gain of the recurrent weights that the run began with, where their rule has one.
    #[serde(default)]
    pub init_gain: Option<f64>,
    /// All settings, as text.
    pub settings: BTreeMap<String, String>,
}

impl Facts {
    /// A setting as text; empty where it is not known.
    pub fn setting(&self, key: &str) -> &str {
        self.settings.get(key).map_or("", String::as_str)
    }
}
