//! What was found of a run while it was watched, and at which step it came or went. Nothing of it is written anywhere.

use std::collections::BTreeSet;

use longspan_diagnose::Verdict;
use serde::Serialize;

/// Events that are kept.
const MOST: usize = 100;

/// The findings of a run that trains, as they came and went.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Story {
    /// The step at which watching began.
    since: Option<u64>,
    events: Vec<Event>,
    /// What is found now.
    codes: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Event {
    step: u64,
    code: String,
    gone: bool,
}

impl Story {
    /// Goes on with what is found at a step; whether that is news.
    pub(super) fn go_on(&mut self, step: u64, verdict: &Verdict) -> bool {
        let codes: BTreeSet<String> =
            verdict.findings.iter().map(|finding| finding.code().to_owned()).collect();
        let begins = self.since.is_none();
        self.since.get_or_insert(step);
        if !begins && codes == self.codes {
            return false;
        }
        let event = |code: &String, gone| Event { step, code: code.clone(), gone };
        self.events.extend(self.codes.difference(&codes).map(|code| event(code, true)));
        self.events.extend(codes.difference(&self.codes).map(|code| event(code, false)));
        self.events.drain(..self.events.len().saturating_sub(MOST));
        self.codes = codes;
        true
    }

    /// The codes of what is found now.
    pub(super) fn codes(&self) -> String {
        self.codes.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use longspan_diagnose::observation::UnscaledInput;
    use longspan_diagnose::{Confidence, Finding, Severity, Text, rule};

    fn verdict(codes: &[&str]) -> Verdict {
        let finding = |code: &&str| Finding {
            rule: rule(code).expect("a rule"),
            severity: Severity::Warning,
            observation: UnscaledInput { rms: 0.0, largest: 0.0 }.into(),
            confidence: Confidence::High,
            because: Text { en: "", zh: "" },
            remedies: Vec::new(),
        };
        Verdict { findings: codes.iter().map(finding).collect(), ..Verdict::default() }
    }

    #[test]
    fn findings_come_and_go() {
        let mut story = Story::default();
        assert!(story.go_on(10, &verdict(&[])), "watching begins");
        assert!(story.go_on(20, &verdict(&["clip-always", "dead-units"])));
        assert!(!story.go_on(30, &verdict(&["dead-units", "clip-always"])));
        assert!(story.go_on(40, &verdict(&["dead-units"])));
        let told: Vec<_> = story.events.iter().map(|e| (e.step, e.code.as_str(), e.gone)).collect();
        assert_eq!(told, [(20, "clip-always", false), (20, "dead-units", false), (40, "clip-always", true)]);
        assert_eq!((story.since, story.codes()), (Some(10), "dead-units".into()));
        for step in 0..1000 {
            story.go_on(step, &verdict(if step % 2 == 0 { &[] } else { &["dead-units"] }));
        }
        assert_eq!((story.events.len(), story.events[99].step), (MOST, 999));
    }
}
