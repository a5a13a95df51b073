//! What is found.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::language::Language;
use super::signals::short;
use longspan_record::json_float;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It ruins the run.
    Severe,
    /// It costs quality or time.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name in a language.
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Self::Severe => language.of("severe", "严重"),
            Self::Warning => language.of("warning", "警告"),
            Self::Note => language.of("note", "提示"),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name(Language::English))
    }
}

/// A number that a finding rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// What it is, with its unit.
    pub name: String,
    /// The number.
    #[serde(with = "json_float")]
    pub value: f64,
    /// What it is held against, where it is.
    pub threshold: Option<f64>,
    /// Where the threshold is from.
    pub source: Option<String>,
}

impl Number {
    /// The number with two digits.
    pub fn text(&self) -> String {
        short(self.value)
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Measured directly.
    High,
    /// Several signs point to it.
    Medium,
    /// One sign points to it.
    Low,
}

impl Level {
    /// Its name in a language.
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Self::High => language.of("high", "高"),
            Self::Medium => language.of("medium", "中"),
            Self::Low => language.of("low", "低"),
        }
    }
}

/// How sure a finding is, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// How sure.
    pub level: Level,
    /// Why.
    pub because: String,
}

/// Something to try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// Flags of `longspan train` with their values; empty where it is the data that have to change.
    pub flags: String,
    /// Why, or what to do to the data.
    pub why: String,
}

impl Remedy {
    /// What to do, without the reason.
    pub fn what(&self) -> &str {
        if self.flags.is_empty() { &self.why } else { &self.flags }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.flags.as_str() {
            "" => f.write_str(&self.why),
            flags => write!(f, "{flags}: {}", self.why),
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its code, which does not change from version to version.
    pub code: String,
    /// How grave it is.
    pub severity: Severity,
    /// The name of what was found.
    pub title: String,
    /// What was found, with the numbers.
    pub sentence: String,
    /// The numbers, with thresholds and their sources.
    pub evidence: Vec<Number>,
    /// How sure it is.
    pub confidence: Confidence,
    /// When it is a false alarm.
    pub false_alarm: String,
    /// What to try, the likeliest first; never what the run does already.
    pub remedies: Vec<Remedy>,
}

/// A rule that could not be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unjudged {
    /// Its code.
    pub code: String,
    /// What is missing.
    pub missing: String,
    /// What measures it.
    pub command: String,
}

/// What was found of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The gravest first.
    pub findings: Vec<Finding>,
    /// What could not be judged.
    pub unjudged: Vec<Unjudged>,
}

impl Verdict {
    /// Whether something ruins the run.
    pub fn is_severe(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Severe)
    }
}
