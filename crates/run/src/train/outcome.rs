//! Events of a run, and how it ended.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::LightProbe;
use crate::dataset::DataRecord;
use crate::dialect::Dialect;
use crate::report::verdict::RemedyText;
use longspan::bptt::Plan;
use longspan::model::ModelSpec;
use longspan::model::head::{Score, Unit};
use longspan::optim::clip::ClipReport;
use longspan::telemetry::GradientProfile;
use longspan_data::text::Reading;
use longspan_diagnose::{Finding, Language, NON_FINITE, fault};
use longspan_kernel::InstructionSet;
use longspan_record::{
    FaultRecord, GroupScore, RecoveryAction, RecoveryRecord, ScoreRecord, StepRecord, json_float,
};

/// An event during a run.
pub enum Event<'a> {
    /// A long text is being read.
    Reading(Reading<'a>),
    /// Data and model are there, and the run's directory is about to be made or opened: until now there was nothing to
    /// lose.
    Opening,
    /// The last checkpoint is damaged, and an earlier one is used; or a setting has no effect.
    Warning(&'a str),
    /// The run is ready to train.
    Started(&'a Start),
    /// A step was taken.
    Stepped {
        /// Its record.
        record: &'a StepRecord,
        /// What clipping did to its gradient.
        clip: &'a ClipReport,
        /// The gradient profile of its window; without layers if the step was not observed.
        flow: &'a GradientProfile,
    },
    /// The validation data were scored.
    Validated {
        /// The score.
        score: Score,
        /// Its record.
        record: &'a ScoreRecord,
        /// The epoch that it ends; None within an epoch, and for a task.
        epoch: Option<u64>,
    },
    /// The sample of the training part was scored, at a step after which a run without validation data has nothing else to
    /// score.
    Scored {
        /// The steps taken.
        step: u64,
        /// The mean loss of the sample.
        loss: f64,
        /// The share of correct classes.
        accuracy: Option<f64>,
        /// The epoch that it ends; None within an epoch.
        epoch: Option<u64>,
    },
    /// A checkpoint was written.
    Saved(&'a Path),
    /// The disk is full, for this reason, and training continues in memory.
    DiskFull(&'a str),
    /// The disk can be written again, and everything is written.
    DiskWritable {
        /// The step after which it was full.
        from_step: u64,
        /// The step after which everything was written.
        step: u64,
    },
    /// A step failed, and training continues.
    Recovered(&'a RecoveryRecord),
}

/// The state of a run when it starts or resumes.
#[derive(Clone, Debug)]
pub struct Start {
    /// The run's directory.
    pub out: PathBuf,
    /// Steps taken by earlier attempts.
    pub step: u64,
    /// Planned steps in total.
    pub steps: u64,
    /// Planned epochs, of which the last may be a part; None for a task, whose samples have no end.
    pub epochs: Option<u64>,
    /// Sequences in a batch.
    pub batch: usize,
    /// The model.
    pub model: ModelSpec,
    /// Parameters of the model.
    pub parameters: usize,
    /// The data.
    pub data: DataRecord,
    /// The unit of positions: "tokens" or "steps".
    pub positions: &'static str,
    /// Instruction set.
    pub level: InstructionSet,
    /// The instruction set of earlier attempts, if it was another one: from here on, rounding differs.
    pub began_on: Option<String>,
    /// Threads.
    pub threads: usize,
    /// How a window is kept for the backward pass, if memory is limited.
    pub memory: Option<Plan>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All steps were taken.
    Finished,
    /// Validation did not improve any more.
    StoppedEarly,
    /// The time limit `stop_after` was reached; `--resume` continues.
    OutOfTime,
    /// The run was interrupted; `--resume` continues.
    Interrupted,
    /// The loss, the gradient or an update was not finite. The last checkpoint is from before that step.
    Diverged,
}

/// How a run ended, with its numbers: the content of `summary.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// How it ended.
    pub outcome: Outcome,
    /// The run's directory.
    #[serde(serialize_with = "crate::visible::serialize")]
    pub run: PathBuf,
    /// Steps taken.
    pub step: u64,
    /// Steps planned.
    pub steps: u64,
    /// Loss of the last step; None if no step was taken.
    pub train_loss: Option<f64>,
    /// Loss of the last validation.
    pub valid_loss: Option<f64>,
    /// Accuracy of the last validation.
    pub valid_accuracy: Option<f64>,
    /// Standard error of the last validation; None with a single unit.
    pub valid_standard_error: Option<f64>,
    /// Units of the last validation.
    pub valid_units: Option<u64>,
    /// The training score beside the last validation.
    pub train_score: Option<f64>,
    /// The accuracy of that sample, for classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_accuracy: Option<f64>,
    /// The last validation of each group of a series, if it has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupScore>,
    /// Loss of the best validation.
    pub best_loss: Option<f64>,
    /// Accuracy of that validation, for classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_accuracy: Option<f64>,
    /// Loss of the best weights on the test data.
    pub test_loss: Option<f64>,
    /// Accuracy of the best weights on the test data.
    pub test_accuracy: Option<f64>,
    /// The unit of losses.
    pub unit: Unit,
    /// The baseline loss.
    pub baseline_loss: f64,
    /// The name of the baseline.
    pub baseline: String,
    /// What the units of a validation are.
    #[serde(skip)]
    pub units: String,
    /// Wall-clock seconds of this attempt.
    pub seconds: f64,
    /// Seconds of this attempt in training steps alone, without validation.
    pub step_seconds: f64,
    /// Positions read per second of this attempt, with validation.
    pub tokens_per_second: f64,
    /// The unit of positions: "tokens" or "steps".
    #[serde(skip)]
    pub positions: &'static str,
    /// The findings, from the records of the run; their codes in the document.
    #[serde(serialize_with = "codes")]
    pub findings: Vec<Finding>,
    /// The first bad value of a run that diverged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultRecord>,
    /// The faults after which training continued, and how. In the document, `skipped_batches` and `rewinds` are their
    /// numbers, if there were any.
    #[serde(skip)]
    pub recoveries: Vec<RecoveryRecord>,
    /// The light probe of the last weights; None if it was not asked for, or the run was interrupted or
    /// diverged. In the document, `probe_left_out` gives the reason for a skipped probe.
    #[serde(skip)]
    pub probe: Option<LightProbe>,
    /// Whether the test and the probe at the end are done, or are not due. In the document, `complete` is false until
    /// then.
    #[serde(skip)]
    pub complete: bool,
}

fn codes<S: Serializer>(findings: &[Finding], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(findings.iter().map(Finding::code))
}

impl Summary {
    /// The remedies after a fault, the most promising first.
    pub fn ways_out(&self) -> impl Iterator<Item = RemedyText> {
        self.findings
            .iter()
            .filter(|finding| finding.code() == NON_FINITE)
            .flat_map(|finding| &finding.remedies)
            .map(|remedy| RemedyText::new(remedy, &Dialect::Longspan, Language::English))
    }

    /// The summary as a JSON document.
    ///
    /// # Panics
    /// Never: a summary can always be written as JSON.
    pub fn document(&self) -> Value {
        let mut document = serde_json::to_value(self).expect("names and numbers");
        let fields = document.as_object_mut().expect("a structure");
        if !self.complete {
            fields.insert("complete".into(), false.into());
        }
        if !self.recoveries.is_empty() {
            for (name, action) in
                [("skipped_batches", RecoveryAction::Skip), ("rewinds", RecoveryAction::Rewind)]
            {
                let count = self.recoveries.iter().filter(|record| record.action == action).count();
                fields.insert(name.into(), count.into());
            }
        }
        if let Some(LightProbe::LeftOut(why)) = &self.probe {
            fields.insert("probe_left_out".into(), why.as_str().into());
        }
        if let (Some(fault), Some(Value::Object(fields))) = (&self.fault, fields.get_mut("fault")) {
            // The steps before the fault are in the metrics and in fault/fault.json.
            fields.remove("before");
            fields.insert("reason".into(), fault::reason(fault, Language::English).into());
            fields.insert("ways_out".into(), self.ways_out().map(|way| way.what().into_owned()).collect());
        }
        json_float::document(document)
    }
}
