//! What a run tells while it goes on, and how it ended.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::LightProbe;
use crate::dataset::DataRecord;
use crate::report::verdict::RemedyText;
use longspan::bptt::Plan;
use longspan::model::head::{Score, Unit};
use longspan::optim::clip::ClipReport;
use longspan::telemetry::GradientProfile;
use longspan_data::text::Reading;
use longspan_diagnose::{Finding, Language, NON_FINITE, fault};
use longspan_kernel::InstructionSet;
use longspan_record::{FaultRecord, StepRecord};

/// What happens in a run, as it happens.
pub enum Event<'a> {
    /// A long text is being read.
    Reading(Reading<'a>),
    /// Everything is ready.
    Started(&'a Start),
    /// A step was taken.
    Stepped {
        /// Its record.
        record: &'a StepRecord,
        /// What clipping did to its gradient.
        clip: &'a ClipReport,
        /// The gradient along its window; without layers where it was not observed.
        flow: &'a GradientProfile,
    },
    /// The validation data were scored; `best` if never better.
    Validated {
        /// Steps taken.
        step: u64,
        /// What the model made of them.
        score: Score,
        /// Whether this is the best so far.
        best: bool,
    },
    /// A checkpoint was written.
    Saved(&'a Path),
}

/// What a run begins with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The run's directory.
    pub out: PathBuf,
    /// Steps taken before.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Parameters.
    pub parameters: usize,
    /// The data.
    pub data: DataRecord,
    /// What stands at a place: "tokens" or "steps".
    pub positions: &'static str,
    /// Instruction set.
    pub level: InstructionSet,
    /// The instruction set that a resumed run began on, where it is another one: the rounding differs from here on.
    pub began_on: Option<String>,
    /// Threads.
    pub threads: usize,
    /// How a window is kept for backward, where memory is limited.
    pub memory: Option<Plan>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All steps were taken.
    Finished,
    /// Validation did not get better any more.
    StoppedEarly,
    /// `stop_after` has passed; `--resume` goes on.
    OutOfTime,
    /// It was interrupted; `--resume` goes on.
    Interrupted,
    /// The loss or the gradient is not finite. The last checkpoint is from before.
    Diverged,
}

/// How a run ended, with its numbers: `summary.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// How it ended.
    pub outcome: Outcome,
    /// The run's directory.
    pub run: PathBuf,
    /// Steps taken.
    pub step: u64,
    /// Steps planned.
    pub steps: u64,
    /// Loss of the last step; None before the first.
    pub train_loss: Option<f64>,
    /// Loss of the last validation.
    pub valid_loss: Option<f64>,
    /// Share of the last validation's targets that were the model's first choice.
    pub valid_accuracy: Option<f64>,
    /// Loss of the best validation.
    pub best_loss: Option<f64>,
    /// Loss of the best weights on the test data.
    pub test_loss: Option<f64>,
    /// Share of the test's targets that were these weights' first choice.
    pub test_accuracy: Option<f64>,
    /// What losses are counted in.
    pub unit: Unit,
    /// Loss of the best guess that looks at nothing, or of the naive one.
    pub chance_loss: f64,
    /// What that guess is.
    pub chance: String,
    /// Wall-clock seconds of this attempt.
    pub seconds: f64,
    /// Places read per second of this attempt, validation included.
    pub tokens_per_second: f64,
    /// What stands at a place: "tokens" or "steps".
    #[serde(skip)]
    pub positions: &'static str,
    /// What is wrong with it, by its own records; in the document the codes.
    #[serde(serialize_with = "codes")]
    pub findings: Vec<Finding>,
    /// The first bad value, for a run that diverged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultRecord>,
    /// The small probe of the last weights; None where none was asked for, or the run has not ended by itself. In the document
    /// `probe_left_out` says why there is none.
    #[serde(skip)]
    pub probe: Option<LightProbe>,
}

fn codes<S: Serializer>(findings: &[Finding], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(findings.iter().map(Finding::code))
}

impl Summary {
    /// What to try after a fault, the likeliest first.
    pub fn ways_out(&self) -> impl Iterator<Item = RemedyText> {
        self.findings
            .iter()
            .filter(|finding| finding.code() == NON_FINITE)
            .flat_map(|finding| &finding.remedies)
            .map(|remedy| RemedyText::new(remedy, Language::English))
    }

    /// The summary as a JSON document, in which the names of losses end with what they are counted in.
    ///
    /// # Panics
    /// Never: a summary can be written as JSON.
    pub fn document(&self) -> Value {
        let mut document = serde_json::to_value(self).expect("names and numbers");
        let fields = document.as_object_mut().expect("a structure");
        for name in ["train_loss", "valid_loss", "best_loss", "test_loss"] {
            let value = fields.remove(name).unwrap_or_default();
            fields.insert(format!("{name}_{}", self.unit), value);
        }
        let chance = fields.remove("chance_loss").unwrap_or_default();
        fields.insert(format!("chance_{}", self.unit), chance);
        if let Some(LightProbe::LeftOut(why)) = &self.probe {
            fields.insert("probe_left_out".into(), why.as_str().into());
        }
        if let (Some(fault), Some(Value::Object(fields))) = (&self.fault, fields.get_mut("fault")) {
            // The steps before stand in the metrics and in fault/fault.json.
            fields.remove("before");
            fields.insert("reason".into(), fault::reason(fault, Language::English).into());
            fields.insert("ways_out".into(), self.ways_out().map(|way| way.what().to_owned()).collect());
        }
        document
    }
}
