//! Findings in one language, as pages, documents and terminals show them.

use std::borrow::Cow;
use std::fmt;

use longspan_diagnose::{
    Confidence, Finding, Language, Number, Place, Remedy, Severity, Unjudged, Verdict, short,
};
use serde::Serialize;

use crate::dialect::{self, Dialect};

/// The result of a diagnosis in one language.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VerdictText {
    /// The findings: the cause, its effects, other causes with theirs, and the note that matters most.
    pub findings: Vec<FindingText>,
    /// Further notes.
    pub further_notes: Vec<FindingText>,
    /// The command that trains again with the first remedy of the cause; None if that is not a setting, or another program
    /// trains.
    pub command: Option<String>,
    /// The rules that could not be checked.
    pub unjudged: Vec<UnjudgedText>,
}

/// A finding in one language.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingText {
    /// The code of its rule.
    pub code: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// Its place in the chain: `cause`, `effect`, `other` or `note`.
    pub place: &'static str,
    /// The code of the finding that it is an effect of.
    pub effect_of: Option<&'static str>,
    /// Its title.
    pub title: &'static str,
    /// A sentence with what was found and its numbers.
    pub sentence: String,
    /// The numbers, with their thresholds and sources.
    pub evidence: Vec<NumberText>,
    /// Its confidence, and why.
    pub confidence: ConfidenceText,
    /// When to ignore it.
    pub false_alarm: &'static str,
    /// The remedies, the most promising first. An effect has none: those of its cause remove it.
    pub remedies: Vec<RemedyText>,
}

/// A number with its name in one language.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberText {
    /// What it is, with its unit.
    pub name: &'static str,
    /// The number.
    pub value: f64,
    /// The threshold that it crossed, if there is one.
    pub threshold: Option<f64>,
    /// The source of the threshold.
    pub source: Option<&'static str>,
}

/// The confidence of a finding, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfidenceText {
    /// The confidence.
    pub level: Confidence,
    /// Why.
    pub because: &'static str,
}

/// A remedy in one language. Advice has no settings: its forms are empty.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RemedyText {
    /// The settings as flags of `longspan train`; empty if another program trains.
    pub flags: String,
    /// The settings as lines of a configuration file, or by name for a loop in Rust; empty if PyTorch trains.
    pub toml: String,
    /// The settings as lines of PyTorch; empty if it does not train.
    pub pytorch: String,
    /// Why it helps; for advice, the advice itself.
    pub why: &'static str,
}

/// A rule that could not be checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnjudgedText {
    /// The code of the rule.
    pub code: &'static str,
    /// The evidence that is missing.
    pub missing: &'static str,
    /// The command, or for a run of another program the call there, that produces it; None if there is none.
    pub command: Option<String>,
}

impl VerdictText {
    /// The result of a diagnosis in a language, and in the dialect of who trains.
    pub fn new(verdict: &Verdict, dialect: &Dialect, language: Language) -> Self {
        let unjudged = |u: &Unjudged| UnjudgedText {
            code: u.code(),
            missing: u.needs.text(language),
            command: u.command.clone(),
        };
        let text = |(finding, remedies): (&Finding, Vec<&Remedy>)| FindingText {
            remedies: remedies.into_iter().map(|remedy| RemedyText::new(remedy, dialect, language)).collect(),
            ..FindingText::new(finding, dialect, language)
        };
        let minor = verdict.findings.iter().filter(|finding| finding.place == Place::MinorNote);
        Self {
            findings: verdict.shown().into_iter().map(text).collect(),
            further_notes: minor.map(|finding| FindingText::new(finding, dialect, language)).collect(),
            command: match (dialect, verdict.first_change()) {
                (Dialect::Longspan, Some(settings)) => Some(dialect::command(&verdict.run, settings)),
                _ => None,
            },
            unjudged: verdict.unjudged.iter().map(unjudged).collect(),
        }
    }

    /// The missing evidence of rules that could not be checked: each kind with the command that produces it
    /// and the codes of the rules.
    pub fn missing(&self) -> Vec<(&'static str, Option<&str>, Vec<&'static str>)> {
        let mut missing: Vec<(&'static str, Option<&str>, Vec<&'static str>)> = Vec::new();
        for one in &self.unjudged {
            match missing.iter_mut().find(|of| of.0 == one.missing) {
                Some((.., codes)) => codes.push(one.code),
                None => missing.push((one.missing, one.command.as_deref(), vec![one.code])),
            }
        }
        missing
    }
}

impl NumberText {
    /// The number, rounded to two digits.
    pub fn text(&self) -> String {
        short(self.value)
    }
}

impl FindingText {
    /// The finding in a language, and in the dialect of who trains.
    pub fn new(finding: &Finding, dialect: &Dialect, language: Language) -> Self {
        let number = |number: Number| NumberText {
            name: number.name.of(language),
            value: number.value,
            threshold: number.threshold.map(|limit| limit.value),
            source: number.threshold.map(|limit| limit.source.of(language)),
        };
        Self {
            code: finding.code(),
            severity: finding.severity,
            place: match finding.place {
                Place::Cause => "cause",
                Place::Effect(_) => "effect",
                Place::Other => "other",
                Place::Note | Place::MinorNote => "note",
            },
            effect_of: match finding.place {
                Place::Effect(cause) => Some(cause),
                _ => None,
            },
            title: finding.title(language),
            sentence: finding.sentence(language),
            evidence: finding.evidence().into_iter().map(number).collect(),
            confidence: ConfidenceText { level: finding.confidence, because: finding.because.of(language) },
            false_alarm: finding.rule.page.false_alarm.of(language),
            remedies: finding
                .remedies
                .iter()
                .map(|remedy| RemedyText::new(remedy, dialect, language))
                .collect(),
        }
    }
}

impl RemedyText {
    /// The remedy in a language, and in the dialect of who trains.
    pub fn new(remedy: &Remedy, dialect: &Dialect, language: Language) -> Self {
        let (settings, why) = match remedy {
            Remedy::Change { settings, why } => (settings.as_slice(), why.of(language)),
            Remedy::Advice(what) => (&[][..], what.of(language)),
        };
        let empty = || Self { flags: String::new(), toml: String::new(), pytorch: String::new(), why };
        match dialect {
            Dialect::Longspan => {
                Self { flags: dialect::flags(settings), toml: dialect::toml(settings), ..empty() }
            }
            Dialect::PyTorch(names) => Self { pytorch: dialect::pytorch(settings, names), ..empty() },
            Dialect::Settings => Self { toml: dialect::toml(settings), ..empty() },
        }
    }

    /// The settings on one line, as flags if the program trains; None if there are none, or they are lines of PyTorch.
    pub fn settings(&self) -> Option<Cow<'_, str>> {
        match (self.flags.as_str(), self.toml.as_str()) {
            ("", "") => None,
            ("", toml) => Some(toml.replace('\n', ", ").into()),
            (flags, _) => Some(flags.into()),
        }
    }

    /// The settings on one line, or the advice.
    pub fn what(&self) -> Cow<'_, str> {
        self.settings().unwrap_or(self.why.into())
    }
}

impl fmt::Display for RemedyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.settings() {
            None => f.write_str(self.why),
            Some(settings) => write!(f, "{settings}: {}", self.why),
        }
    }
}
