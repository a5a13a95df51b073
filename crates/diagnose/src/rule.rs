//! What a rule is.

use super::evidence::{Evidence, Facts};
use super::finding::{Confidence, Finding, Level, Number, Remedy, Severity, Unjudged};
use super::language::{Language, Told};

/// A rule: when something is found, and the page that explains it.
pub struct Rule {
    /// Its code, which does not change from version to version.
    pub code: &'static str,
    /// How grave it is, unless the evidence makes it less.
    pub severity: Severity,
    /// The name of what is found.
    pub title: &'static str,
    /// What `explain` says.
    pub page: Page,
    /// What the evidence says.
    pub judge: fn(&Evidence) -> Judgement,
}

/// What `explain` says of a rule.
pub struct Page {
    /// What it means, in plain words.
    pub meaning: &'static str,
    /// What is computed.
    pub measured: &'static str,
    /// What it is held against.
    pub thresholds: &'static [Threshold],
    /// When it is a false alarm.
    pub false_alarm: &'static str,
    /// What helps.
    pub remedy: &'static str,
}

/// A threshold.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// What is held against it.
    pub of: &'static str,
    /// Its value.
    pub value: f64,
    /// Where it is from.
    pub source: &'static str,
}

impl Threshold {
    /// Its value as text; nothing where it is a number of the run's own, which the source then names.
    pub fn text(&self) -> String {
        if self.value.is_nan() { String::new() } else { self.value.to_string() }
    }
}

/// What the evidence says.
pub enum Judgement {
    /// Nothing to say.
    Silent,
    /// Something was found.
    Found(Found),
    /// What would show it was not measured.
    Unknown(Needs),
}

/// What a rule may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A probe of the weights.
    Probe,
    /// Norms through time, which are recorded unless told otherwise.
    Norms,
    /// Steps: there are too few to judge.
    Steps,
}

/// What was found.
pub struct Found {
    severity: Option<Severity>,
    sentence: String,
    evidence: Vec<Number>,
    confidence: Confidence,
    remedies: Vec<Remedy>,
}

impl Found {
    /// A finding in one sentence.
    pub fn new(sentence: String, level: Level, because: &str) -> Self {
        let confidence = Confidence { level, because: because.into() };
        Self { severity: None, sentence, evidence: Vec::new(), confidence, remedies: Vec::new() }
    }

    /// With another severity than the rule's.
    pub fn as_severe_as(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// With a number.
    pub fn number(mut self, name: impl Into<String>, value: f64) -> Self {
        self.evidence.push(Number { name: name.into(), value, threshold: None, source: None });
        self
    }

    /// With a number that is held against a threshold.
    pub fn held(mut self, name: impl Into<String>, value: f64, threshold: Threshold) -> Self {
        let Threshold { value: limit, source, .. } = threshold;
        let (threshold, source) = (Some(limit), Some(source.into()));
        self.evidence.push(Number { name: name.into(), value, threshold, source });
        self
    }

    /// With something to try: settings and why. What the run does already is left out.
    pub fn remedy(mut self, facts: &Facts, settings: &[(&str, String)], why: &str) -> Self {
        let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
        self.remedies.extend(remedy(facts, &settings, why));
        self
    }

    /// With these things to try.
    pub fn remedies(mut self, remedies: Vec<Remedy>) -> Self {
        self.remedies.extend(remedies);
        self
    }

    /// With something to do to the data.
    pub fn advice(mut self, what: &str) -> Self {
        self.remedies.push(Remedy { flags: String::new(), why: what.into() });
        self
    }
}

/// Settings to try, of which those that the run has already are left out; None where nothing is left.
fn remedy(facts: &Facts, settings: &[(&str, &str)], why: &str) -> Option<Remedy> {
    let new = settings.iter().filter(|(key, value)| !has(facts.setting(key), value));
    let flags: Vec<_> = new.map(|(key, value)| format!("--{} {value}", key.replace('_', "-"))).collect();
    (!flags.is_empty()).then(|| Remedy { flags: flags.join(" "), why: why.into() })
}

/// A list of things to try.
pub(super) struct Remedies<'a> {
    facts: &'a Facts,
    pub(super) list: Vec<Remedy>,
}

impl<'a> Remedies<'a> {
    pub(super) fn new(facts: &'a Facts) -> Self {
        Self { facts, list: Vec::new() }
    }

    pub(super) fn set(&mut self, key: &str, value: &str, why: &str) {
        self.list.extend(remedy(self.facts, &[(key, value)], why));
    }

    pub(super) fn advise(&mut self, what: &str) {
        self.list.push(Remedy { flags: String::new(), why: what.into() });
    }
}

/// Whether a run's setting is what is asked for: 3.0 is 3, and cosine:0 is a cosine.
fn has(setting: &str, asked: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    setting.split(':').next() == Some(asked)
        || setting == asked
        || number(setting).zip(number(asked)).is_some_and(|(a, b)| a == b)
}

impl From<Found> for Judgement {
    fn from(found: Found) -> Self {
        Self::Found(found)
    }
}

impl Rule {
    /// The finding as it is recorded.
    pub(super) fn finding(&self, found: Found) -> Finding {
        Finding {
            code: self.code.into(),
            severity: found.severity.unwrap_or(self.severity),
            title: self.title.into(),
            sentence: found.sentence,
            evidence: found.evidence,
            confidence: found.confidence,
            false_alarm: self.page.false_alarm.into(),
            remedies: found.remedies,
        }
    }

    /// What is missing.
    pub(super) fn unjudged(&self, needs: Needs, facts: &Facts) -> Unjudged {
        let (missing, command) = match needs {
            Needs::Probe => ("a probe of the weights", format!("longspan probe {}", facts.run)),
            Needs::Norms => ("norms through time", "longspan train --observe norms".into()),
            Needs::Steps => ("more steps", format!("longspan train --resume --out {}", facts.run)),
        };
        Unjudged { code: self.code.into(), missing: missing.into(), command }
    }

    /// The page as Markdown.
    pub fn markdown(&self, language: Language) -> String {
        let Told { title, meaning, measured, false_alarm, remedy } = self.told_in(language);
        let line = |t: &Threshold| {
            format!("| {} | {} | {} |\n", language.text(t.of), t.text(), language.text(t.source))
        };
        let table: String = self.page.thresholds.iter().map(line).collect();
        let severity = self.severity.name(language);
        let [measured_by, head, alarm, helps] = match language {
            Language::English => [
                "**Measured.** ",
                "| held against | threshold | source |",
                "**A false alarm where** ",
                "**What helps.** ",
            ],
            Language::Chinese => {
                ["**测量。**", "| 判断对象 | 阈值 | 来源 |", "**以下情况属于误报：**", "**有帮助的做法。**"]
            }
        };
        format!(
            "## {}\n\n{title} ({severity})\n\n{meaning}\n\n{measured_by}{measured}\n\n{head}\n|---|---:|---|\n{table}\n\
             {alarm}{false_alarm}\n\n{helps}{remedy}\n",
            self.code
        )
    }
}
