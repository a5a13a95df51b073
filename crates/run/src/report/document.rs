//! The document of a run: everything that a page shows, made only from the records of the run.
//!
//! A part that cannot be read is absent, and the reason is in `problems`.

use std::path::Path;

use longspan::optim::clip::Clip;
use longspan_diagnose::{Language, TrainedBy, diagnose, fault};
use longspan_record::{
    FaultRecord, ProbeRecord, RecoveryAction, RecoveryRecord, ScoreRecord, SettingChange, json_float,
};
use serde::Serialize;

use super::curve::{Curve, Validations};
use super::gradient_map::Flow;
use super::groups::Groups;
use super::snapshots::Looks;
use super::verdict::VerdictText;
use crate::config::{Config, KEYS, Value, flag};
use crate::dialect::{Dialect, quoted};
use crate::directory::history::History;
use crate::directory::profiles::Profiles;
use crate::directory::{self, UNFINISHED, UNREADABLE};
use crate::visible;

/// The document of a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// Its name: the last part of its directory.
    pub name: String,
    /// Its directory.
    pub path: String,
    /// The version of the program that created it.
    pub version: String,
    /// Time at which it was created, in seconds since 1970.
    pub created: Option<u64>,
    /// How it ended: "finished", "stopped_early", "out_of_time", "interrupted" or "diverged". A run that has not ended is
    /// "training" for a server that sees a process train in it, else "unfinished"; one that cannot be read is "unreadable".
    pub outcome: String,
    /// What could not be read, one sentence each.
    pub problems: Vec<String>,
    /// The command that repeats the run; None if another program trains.
    pub command: Option<String>,
    /// The command, or for a run of another program the call in Python, that measures the weights.
    pub probe_command: String,
    /// All settings, with their last values.
    pub settings: Vec<SettingText>,
    /// The settings that were changed when the run was resumed, in ascending order of steps.
    pub changes: Vec<SettingChange>,
    /// Cell, layers and units: "lstm 1×8".
    pub model: String,
    /// Parameters of the model.
    pub parameters: Option<usize>,
    /// The data.
    pub data: Data,
    /// Losses and times.
    pub summary: Numbers,
    /// Training curves.
    pub curve: Curve,
    /// Validation curves.
    pub valid: Validations,
    /// The last validation, with its errors.
    #[serde(serialize_with = "json_float::part")]
    pub last_score: Option<ScoreRecord>,
    /// The groups of a series at the last validation, the worst first; None without groups.
    #[serde(serialize_with = "json_float::part")]
    pub groups: Option<Groups>,
    /// How gradients were clipped.
    pub clip: Clipping,
    /// Gradient profiles over training; None if none were recorded.
    pub flow: Option<Flow>,
    /// Snapshots over training: gates, activations and updates; None if none were recorded.
    pub looks: Option<Looks>,
    /// The last probe of its weights.
    #[serde(serialize_with = "json_float::part")]
    pub probe: Option<ProbeRecord>,
    /// What the gradient horizon is compared with.
    pub lags: Lags,
    /// The findings, in English.
    pub verdict: VerdictText,
    /// The findings, in Chinese.
    pub verdict_zh: VerdictText,
    /// The step that failed.
    #[serde(serialize_with = "json_float::part")]
    pub fault: Option<FaultRecord>,
    /// Texts about the first bad value.
    pub fault_told: Option<FaultTexts>,
    /// The faults after which training continued, in order.
    pub recoveries: Vec<RecoveryText>,
}

/// A fault after which training continued.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryText {
    /// The step that failed, from 1.
    pub step: u64,
    /// Its epoch, from 1.
    pub epoch: u64,
    /// The window of the epoch, from 1.
    pub window: u64,
    /// How training continued.
    pub action: RecoveryAction,
    /// The step with whose weights it continued.
    pub to_step: u64,
    /// Texts about the first bad value.
    pub told: FaultTexts,
}

/// A setting as text.
#[derive(Clone, Debug, Serialize)]
pub struct SettingText {
    /// The section of its key.
    pub section: &'static str,
    /// Its key.
    pub key: &'static str,
    /// Its value; empty if it has none.
    pub value: String,
    /// Whether the value differs from the default.
    pub given: bool,
}

/// The data of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Data {
    /// A short description.
    pub description: String,
    /// Notices about the data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// The unit of losses.
    pub unit: String,
    /// Loss of the baseline.
    pub baseline_loss: Option<f64>,
    /// What the baseline is.
    pub baseline: Option<String>,
}

/// Losses and times of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Numbers {
    /// Steps taken.
    pub step: u64,
    /// Steps planned.
    pub steps: Option<u64>,
    /// Loss of the last step.
    pub train_loss: Option<f64>,
    /// Loss of the best validation.
    pub best_loss: Option<f64>,
    /// Loss of the last validation.
    pub valid_loss: Option<f64>,
    /// Accuracy of the last validation, for classes.
    pub valid_accuracy: Option<f64>,
    /// Loss of the best weights on the test data.
    pub test_loss: Option<f64>,
    /// Accuracy of the best weights on the test data, for classes.
    pub test_accuracy: Option<f64>,
    /// Wall-clock seconds of the last attempt.
    pub seconds: Option<f64>,
    /// Positions read per second of the last attempt.
    pub tokens_per_second: Option<f64>,
}

/// How gradients were clipped.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Clipping {
    /// The rule, as a setting.
    pub rule: String,
    /// Its limit, if the rule clips the global norm.
    pub limit: Option<f64>,
    /// Share of the steps that were clipped.
    pub rate: f64,
}

/// What the gradient horizon is compared with, in steps.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Lags {
    /// The number of steps after which training truncates the gradient.
    pub truncation: Option<usize>,
    /// The used lag, from the probe.
    pub used: Option<usize>,
    /// The needed lag of the task.
    pub needed: Option<usize>,
}

/// Texts about the first bad value, in both languages.
#[derive(Clone, Debug, Serialize)]
pub struct FaultTexts {
    /// In English.
    pub en: FaultText,
    /// In Chinese.
    pub zh: FaultText,
}

/// Text about the first bad value, in one language.
#[derive(Clone, Debug, Serialize)]
pub struct FaultText {
    /// Its location.
    pub place: String,
    /// Why it appeared.
    pub reason: String,
}

impl RunReport {
    /// Reads the document of the run in `path`.
    pub fn read(path: &Path) -> Self {
        match directory::history::read(path) {
            Ok(history) => Self::new(&history, directory::profiles::read(path)),
            Err(error) => Self::failed(path, error.to_string()),
        }
    }

    /// The document of a run that was read with its gradient profiles.
    pub fn new(history: &History, flows: Profiles) -> Self {
        let path = history.path.as_path();
        let mut problems = history.problems.clone();
        problems.extend(flows.skipped.iter().map(ToString::to_string));
        let (record, config, steps) = (&history.record, &history.config, &history.steps);
        let clipped = steps.iter().filter(|step| step.clipped).count() as f64 / steps.len().max(1) as f64;
        let (verdict, dialect) = (diagnose(&history.evidence()), Dialect::of(history));
        Self {
            name: name(path),
            path: visible::path(path),
            version: record.version.clone(),
            created: Some(record.created),
            outcome: history.outcome().unwrap_or(UNFINISHED).to_owned(),
            problems,
            command: record.watched.is_none().then(|| command(config)),
            probe_command: match history.trained_by() {
                TrainedBy::Longspan => format!("longspan probe {}", visible::path(&history.path)),
                TrainedBy::PyTorch => "longspan.probe(model, x, y, loss=loss)".into(),
                TrainedBy::Loop => "RunRecorder::probe".into(),
            },
            settings: settings(config),
            changes: record.changes.clone(),
            model: super::model(config),
            parameters: Some(record.parameters),
            data: Data {
                description: record.data.description.clone(),
                notices: record.data.notices.clone(),
                unit: record.data.unit.to_string(),
                baseline_loss: Some(record.data.baseline_loss).filter(|loss| loss.is_finite()),
                baseline: Some(record.data.baseline.clone()),
            },
            summary: Numbers::new(history),
            curve: Curve::of(steps),
            valid: Validations::of(&history.valid),
            last_score: history.valid.last().cloned(),
            groups: history.valid.last().and_then(|score| Groups::of(&score.groups)),
            clip: Clipping {
                rule: config.optimizer.clip.to_string(),
                limit: if let Clip::Norm(limit) = config.optimizer.clip { Some(limit) } else { None },
                rate: clipped,
            },
            flow: Flow::of(&flows),
            looks: Looks::of(steps),
            probe: history.probe.clone(),
            lags: history.probe.as_ref().map(Lags::new).unwrap_or_default(),
            verdict: VerdictText::new(&verdict, &dialect, Language::English),
            verdict_zh: VerdictText::new(&verdict, &dialect, Language::Chinese),
            fault: history.fault.clone(),
            fault_told: history.fault.as_ref().map(FaultTexts::new),
            recoveries: history.recoveries.iter().map(RecoveryText::new).collect(),
        }
    }

    /// The document of a run that cannot be read: it has only the reason.
    pub fn failed(path: &Path, reason: String) -> Self {
        Self {
            name: name(path),
            path: visible::path(path),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: None,
            outcome: UNREADABLE.to_owned(),
            problems: vec![reason],
            command: None,
            probe_command: String::new(),
            settings: Vec::new(),
            changes: Vec::new(),
            model: String::new(),
            parameters: None,
            data: Data { unit: "nats".to_owned(), ..Data::default() },
            summary: Numbers::default(),
            curve: Curve::default(),
            valid: Validations::default(),
            last_score: None,
            groups: None,
            clip: Clipping::default(),
            flow: None,
            looks: None,
            probe: None,
            lags: Lags::default(),
            verdict: VerdictText::default(),
            verdict_zh: VerdictText::default(),
            fault: None,
            fault_told: None,
            recoveries: Vec::new(),
        }
    }

    /// The findings in a language.
    pub fn verdict_in(&self, language: Language) -> &VerdictText {
        language.of(&self.verdict, &self.verdict_zh)
    }
}

impl Numbers {
    fn new(history: &History) -> Self {
        let (config, last) = (&history.config, history.steps.last());
        let running = Self {
            step: last.map_or(0, |step| step.step),
            train_loss: last.map(|step| step.loss).filter(|loss| loss.is_finite()),
            ..Self::default()
        };
        let Some(summary) = history.summary.clone() else {
            // A run that has not ended has no summary; its records give what they can.
            let losses = history.valid.iter().map(|score| score.loss);
            return Self {
                steps: Some(config.run.steps).filter(|&steps| steps > 0),
                best_loss: losses.filter(|loss| loss.is_finite()).reduce(f64::min),
                ..running
            };
        };
        Self {
            steps: summary.steps,
            best_loss: summary.best_loss,
            valid_loss: summary.valid_loss,
            valid_accuracy: summary.valid_accuracy,
            test_loss: summary.test_loss,
            test_accuracy: summary.test_accuracy,
            seconds: summary.seconds,
            tokens_per_second: summary.tokens_per_second,
            ..running
        }
    }
}

impl Lags {
    fn new(probe: &ProbeRecord) -> Self {
        let used = probe.reach.known().and_then(|reach| reach.used_lag.known());
        Self {
            truncation: probe.beside.truncation_steps,
            used: used.and_then(|used| used.used_lag_steps.known()).copied(),
            needed: probe.beside.needed_lag_steps,
        }
    }
}

impl RecoveryText {
    fn new(record: &RecoveryRecord) -> Self {
        let RecoveryRecord { action, window, to_step, ref fault, .. } = *record;
        Self { step: fault.step, epoch: fault.epoch, window, action, to_step, told: FaultTexts::new(fault) }
    }
}

impl FaultTexts {
    fn new(record: &FaultRecord) -> Self {
        let text = |language| FaultText {
            place: fault::location(record, language),
            reason: fault::reason(record, language),
        };
        Self { en: text(Language::English), zh: text(Language::Chinese) }
    }
}

/// The last part of a path.
fn name(path: &Path) -> String {
    visible::path(Path::new(path.file_name().unwrap_or(path.as_os_str())))
}

/// The command that repeats a run, with all settings that are not at their defaults.
fn command(config: &Config) -> String {
    let defaults = Config::default();
    let given = KEYS.iter().filter(|key| config.get(key.name) != defaults.get(key.name));
    let flags = given.filter_map(|key| match config.get(key.name) {
        Value::Absent => None,
        value => Some(format!(" {} {}", flag(key.name), quoted(&value.text().unwrap_or_default()))),
    });
    format!("longspan train{}", flags.collect::<String>())
}

fn settings(config: &Config) -> Vec<SettingText> {
    let defaults = Config::default();
    let all = KEYS.iter().map(|key| SettingText {
        section: key.section.title(),
        key: key.name,
        value: config.get(key.name).text().unwrap_or_default(),
        given: config.get(key.name) != defaults.get(key.name),
    });
    all.collect()
}
