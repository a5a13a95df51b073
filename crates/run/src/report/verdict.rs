//! Findings in one language, as pages, documents and terminals show them.

use std::fmt;

use longspan_diagnose::{
    Confidence, Finding, Language, Number, Place, Remedy, Severity, Unjudged, Verdict, short,
};
use serde::Serialize;

use crate::dialect;

/// The result of a diagnosis in one language.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VerdictText {
    /// The findings: the cause, its effects, other causes with theirs, and the note that matters most.
    pub findings: Vec<FindingText>,
    /// Further notes.
    pub further_notes: Vec<FindingText>,
    /// The command that trains again with the first remedy of the cause; None if that is not a setting.
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
    /// The settings as flags of `longspan train`.
    pub flags: String,
    /// The settings as lines of a configuration file.
    pub toml: String,
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
    /// The command that produces it.
    pub command: String,
}

impl VerdictText {
    /// The result of a diagnosis in a language.
    pub fn new(verdict: &Verdict, language: Language) -> Self {
        let unjudged = |u: &Unjudged| UnjudgedText {
            code: u.code(),
            missing: u.needs.text(language),
            command: u.command.clone(),
        };
        let text = |(finding, remedies): (&Finding, Vec<&Remedy>)| FindingText {
            remedies: remedies.into_iter().map(|remedy| RemedyText::new(remedy, language)).collect(),
            ..FindingText::new(finding, language)
        };
        let minor = verdict.findings.iter().filter(|finding| finding.place == Place::MinorNote);
        Self {
            findings: verdict.shown().into_iter().map(text).collect(),
            further_notes: minor.map(|finding| FindingText::new(finding, language)).collect(),
            command: verdict.first_change().map(|settings| dialect::command(&verdict.run, settings)),
            unjudged: verdict.unjudged.iter().map(unjudged).collect(),
        }
    }

    /// The missing evidence of rules that could not be checked: each kind with the command that produces it
    /// and the codes of the rules.
    pub fn missing(&self) -> Vec<(&'static str, &str, Vec<&'static str>)> {
        let mut missing: Vec<(&'static str, &str, Vec<&'static str>)> = Vec::new();
        for one in &self.unjudged {
            match missing.iter_mut().find(|of| of.0 == one.missing) {
                Some((.., codes)) => codes.push(one.code),
                None => missing.push((one.missing, &one.command, vec![one.code])),
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
    /// The finding in a language.
    pub fn new(finding: &Finding, language: Language) -> Self {
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
            remedies: finding.remedies.iter().map(|remedy| RemedyText::new(remedy, language)).collect(),
        }
    }
}

impl RemedyText {
    /// The remedy in a language.
    pub fn new(remedy: &Remedy, language: Language) -> Self {
        match remedy {
            Remedy::Change { settings, why } => {
                Self { flags: dialect::flags(settings), toml: dialect::toml(settings), why: why.of(language) }
            }
            Remedy::Advice(what) => {
                Self { flags: String::new(), toml: String::new(), why: what.of(language) }
            }
        }
    }

    /// The settings as flags, or the advice.
    pub fn what(&self) -> &str {
        if self.flags.is_empty() { self.why } else { &self.flags }
    }
}

impl fmt::Display for RemedyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.flags.as_str() {
            "" => f.write_str(self.why),
            flags => write!(f, "{flags}: {}", self.why),
        }
    }
}
