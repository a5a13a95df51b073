//! Rules and judgements.

use std::fmt;

use crate::evidence::{Evidence, Facts, TrainedBy};
use crate::language::{Language, Text};
use crate::observation::Observation;
use crate::page::Page;
use crate::remedy::{Remedies, Remedy};
use crate::severity::{Confidence, Severity};

/// A rule: when something is found, and the page that explains it.
pub struct Rule {
    /// Code, the same in every version.
    pub code: &'static str,
    /// Severity, unless the evidence lowers it.
    pub severity: Severity,
    /// Its role among causes and effects.
    pub role: Role,
    /// The codes of its effects: where it is found too, it is their cause. They have a lower rank (`chain.rs`).
    pub explains: &'static [&'static str],
    /// The page that explains it.
    pub page: Page,
    /// Judges the evidence.
    pub judge: fn(&Evidence) -> Judgement,
}

impl Rule {
    /// Formats the page as Markdown.
    pub fn markdown(&self, language: Language) -> String {
        self.page.markdown(self.code, self.severity, language)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

/// The role of a rule among causes and effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It can be the cause of other findings, and has remedies of its own. It may still be the effect of a rule that
    /// explains it.
    Cause,
    /// It follows from something else. If no cause was found, it comes after the causes of other findings.
    Effect,
    /// It asks for nothing.
    Note,
}

/// The judgement of a rule.
pub enum Judgement {
    /// Nothing was found.
    Silent,
    /// Something was found.
    Found(Found),
    /// The measurement that would show it is missing.
    Unknown(Needs),
}

/// What a rule lacks to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A full probe of the last weights.
    Probe,
    /// The gradient of one loss: recorded in training by default, or measured by a probe.
    Reach,
    /// Snapshots, which are recorded by default.
    Norms,
    /// More training steps.
    Steps,
}

/// Training steps after which every rule can be checked.
const ENOUGH_STEPS: u64 = 200;

impl Needs {
    /// What is missing.
    pub fn text(self, language: Language) -> &'static str {
        match self {
            Self::Probe => language.of("a probe of the last weights", "对最后权重的探测"),
            Self::Reach => language.of("the gradient of one loss", "单个损失的梯度"),
            Self::Norms => language.of("snapshots of training", "训练中的快照"),
            Self::Steps => language.of("at least 200 training steps", "至少 200 个训练步"),
        }
    }

    /// What measures it: a command, or for a run of another program the call there; None if there is none.
    pub(crate) fn command(self, facts: &Facts) -> Option<String> {
        match facts.trained_by {
            TrainedBy::Longspan => Some(self.command_of_longspan(facts)),
            TrainedBy::PyTorch => match self {
                Self::Probe | Self::Reach => Some("longspan.probe(model, x, y, loss=loss)".into()),
                Self::Norms => Some("longspan.watch(model, optimizer, every=1)".into()),
                Self::Steps => None,
            },
            TrainedBy::Loop => match self {
                Self::Probe | Self::Reach => Some("RunRecorder::probe".into()),
                Self::Norms | Self::Steps => None,
            },
        }
    }

    fn command_of_longspan(self, facts: &Facts) -> String {
        let run = &quoted(&facts.run);
        match self {
            // It probes the weights that the rules judge, and judges them.
            Self::Probe | Self::Reach => format!("longspan diagnose {run} --probe"),
            Self::Norms => {
                format!("longspan train --config {run}/config.toml --observe norms --out {run}-observed")
            }
            // A run that was interrupted, or planned with enough steps, goes on as planned.
            Self::Steps if facts.planned_steps >= ENOUGH_STEPS && !facts.finished => {
                format!("longspan resume {run}")
            }
            // Beyond the steps that were planned, a run has to be given more of them.
            Self::Steps => format!("longspan resume {run} --steps {}", facts.planned_steps.max(ENOUGH_STEPS)),
        }
    }
}

/// A path, quoted for a shell if necessary. One that begins with `$'` is quoted already.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,+=@".contains(c);
    match path.starts_with("$'") || path.chars().all(plain) {
        true => path.into(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// What was found, before it is attached to its rule.
pub struct Found {
    pub(crate) severity: Option<Severity>,
    pub(crate) observation: Observation,
    pub(crate) confidence: Confidence,
    pub(crate) because: Text,
    pub(crate) remedies: Vec<Remedy>,
}

impl Found {
    /// An observation, its confidence, and the reason for that.
    pub(crate) fn new(observation: impl Into<Observation>, confidence: Confidence, because: Text) -> Self {
        Self { severity: None, observation: observation.into(), confidence, because, remedies: Vec::new() }
    }

    /// Sets another severity than that of the rule.
    pub(crate) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Sets the remedies.
    pub(crate) fn remedies(mut self, remedies: Remedies<'_>) -> Self {
        self.remedies = remedies.list;
        self
    }
}

impl From<Found> for Judgement {
    fn from(found: Found) -> Self {
        Self::Found(found)
    }
}
