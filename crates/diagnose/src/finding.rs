//! The results of the rules for a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::language::{Language, Text};
use crate::observation::Observation;
use crate::remedy::Remedy;
use crate::rule::{Needs, Rule, Threshold};

/// How bad a finding is.
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
    /// Returns its name.
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

/// How certain a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Measured directly.
    High,
    /// Several signs point to it.
    Medium,
    /// One sign points to it.
    Low,
}

impl Confidence {
    /// Returns its name.
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Self::High => language.of("high", "高"),
            Self::Medium => language.of("medium", "中"),
            Self::Low => language.of("low", "低"),
        }
    }
}

/// A number that a finding rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// What the number is, with its unit.
    pub name: Text,
    /// The number.
    pub value: f64,
    /// The limit that it exceeded, if it was compared with one.
    pub threshold: Option<Limit>,
}

/// A limit and its source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The limit.
    pub value: f64,
    /// Where it comes from.
    pub source: Text,
}

impl Number {
    /// A number for information.
    pub(crate) fn plain(name: Text, value: f64) -> Self {
        Self { name, value, threshold: None }
    }

    /// A number that was compared with a threshold.
    pub(crate) fn compared(name: Text, value: f64, threshold: &Threshold) -> Self {
        let Threshold { value: limit, source, .. } = *threshold;
        Self { name, value, threshold: Some(Limit { value: limit, source }) }
    }
}

/// What a rule found in a run. [`Observation::text`] and [`Text::of`] put its values into words.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule, with its code and page.
    pub rule: &'static Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, with its numbers.
    pub observation: Observation,
    /// How certain it is.
    pub confidence: Confidence,
    /// Why it is that certain.
    pub because: Text,
    /// Remedies, the most promising first, without what the run does already.
    pub remedies: Vec<Remedy>,
}

impl Finding {
    /// Code of the rule, the same in every version.
    pub fn code(&self) -> &'static str {
        self.rule.code
    }

    /// Title of the finding.
    pub fn title(&self, language: Language) -> &'static str {
        self.rule.page.title.of(language)
    }

    /// Describes what was found in one sentence with its numbers.
    pub fn sentence(&self, language: Language) -> String {
        self.observation.text(language)
    }

    /// Returns the numbers that the finding rests on, with thresholds and their sources.
    pub fn evidence(&self) -> Vec<Number> {
        self.observation.numbers()
    }
}

/// A rule that could not be checked.
#[derive(Clone, Debug)]
pub struct Unjudged {
    /// The rule.
    pub rule: &'static Rule,
    /// What is missing.
    pub needs: Needs,
    /// The command that measures it.
    pub command: String,
}

impl Unjudged {
    /// The code of the rule.
    pub fn code(&self) -> &'static str {
        self.rule.code
    }
}

/// The results of all rules for a run.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Findings, the most severe first.
    pub findings: Vec<Finding>,
    /// Rules that could not be checked.
    pub unjudged: Vec<Unjudged>,
}

impl Verdict {
    /// Whether a finding is severe.
    pub fn is_severe(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Severe)
    }
}
