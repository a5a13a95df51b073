//! The results of the rules for a run.

use crate::evidence::Facts;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::observation::Observation;
use crate::remedy::{Remedy, Setting};
use crate::rule::{Found, Needs, Rule};
use crate::severity::{Confidence, Severity};

/// The place of a finding among those of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The cause: the finding to act on.
    Cause,
    /// An effect of the finding with this code.
    Effect(&'static str),
    /// Another finding, which the cause does not explain.
    Other,
    /// The note that matters most.
    Note,
    /// A further note, which is not shown with the others.
    MinorNote,
}

/// What a rule found in a run. [`Observation::text`] and [`Text::of`] put its values into words.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule, with its code and page.
    pub rule: &'static Rule,
    /// How bad it is.
    pub severity: Severity,
    /// Its place among the findings of the run.
    pub place: Place,
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
    /// A finding of this rule.
    pub(crate) fn new(rule: &'static Rule, found: Found) -> Self {
        let Found { severity, observation, confidence, because, remedies } = found;
        let severity = severity.unwrap_or(rule.severity);
        Self { rule, severity, place: Place::Other, observation, confidence, because, remedies }
    }

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

    /// The settings to try first, if it is the cause and its first remedy is made of settings.
    pub fn first_change(&self) -> Option<&[Setting]> {
        match self.remedies.first()? {
            Remedy::Change { settings, .. } if self.place == Place::Cause => Some(settings),
            _ => None,
        }
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
    /// The command, or for a run of another program the call in Python, that measures it; None if there is none.
    pub command: Option<String>,
}

impl Unjudged {
    /// Says that this rule could not be checked.
    pub(crate) fn new(rule: &'static Rule, needs: Needs, facts: &Facts) -> Self {
        Self { rule, needs, command: needs.command(facts) }
    }

    /// The code of the rule.
    pub fn code(&self) -> &'static str {
        self.rule.code
    }
}

/// The results of all rules for a run.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Directory of the run, for commands.
    pub run: String,
    /// Findings: the cause, its effects, other causes with theirs, notes.
    pub findings: Vec<Finding>,
    /// Rules that could not be checked.
    pub unjudged: Vec<Unjudged>,
}

impl Verdict {
    /// Whether a finding is severe.
    pub fn is_severe(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Severe)
    }

    /// The finding to act on.
    pub fn cause(&self) -> Option<&Finding> {
        self.findings.first().filter(|finding| finding.place == Place::Cause)
    }

    /// The settings to try first: the first remedy of the cause, if it is made of settings.
    pub fn first_change(&self) -> Option<&[Setting]> {
        self.cause()?.first_change()
    }

    /// The findings to show, with the remedies to show: none for an effect, because those of its cause remove it, and
    /// none that sets what a finding above sets. Two values for one setting are no advice.
    pub fn shown(&self) -> Vec<(&Finding, Vec<&Remedy>)> {
        let mut taken: Vec<&str> = Vec::new();
        let shown = self.findings.iter().filter(|finding| finding.place != Place::MinorNote);
        let with_remedies = shown.map(|finding| {
            if matches!(finding.place, Place::Effect(_)) {
                return (finding, Vec::new());
            }
            let new = |remedy: &&Remedy| !remedy.keys().any(|key| taken.contains(&key));
            let remedies: Vec<&Remedy> = finding.remedies.iter().filter(new).collect();
            taken.extend(remedies.iter().flat_map(|remedy| remedy.keys()));
            (finding, remedies)
        });
        with_remedies.collect()
    }
}
