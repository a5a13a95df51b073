//! The findings of a run during training, with the steps at which they appeared and cleared. They are kept in memory only.

use std::collections::BTreeSet;

use longspan_diagnose::Verdict;
use serde::Serialize;

/// The number of events that are kept.
const MOST: usize = 100;

/// The findings of a run in training, as they appeared and cleared.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Timeline {
    /// The step of the first diagnosis.
    since: Option<u64>,
    events: Vec<Event>,
    /// The codes of the current findings.
    codes: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Event {
    step: u64,
    code: String,
    gone: bool,
}

impl Timeline {
    /// Adds the diagnosis at a step. Returns whether the findings have changed; the first diagnosis counts as a change.
    pub(super) fn update(&mut self, step: u64, verdict: &Verdict) -> bool {
        let codes: BTreeSet<String> =
            verdict.findings.iter().map(|finding| finding.code().to_owned()).collect();
        let first = self.since.is_none();
        self.since.get_or_insert(step);
        if !first && codes == self.codes {
            return false;
        }
        let event = |code: &String, gone| Event { step, code: code.clone(), gone };
        self.events.extend(self.codes.difference(&codes).map(|code| event(code, true)));
        self.events.extend(codes.difference(&self.codes).map(|code| event(code, false)));
        self.events.drain(..self.events.len().saturating_sub(MOST));
        self.codes = codes;
        true
    }

    /// The codes of the current findings, separated by commas.
    pub(super) fn codes(&self) -> String {
        self.codes.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use longspan_diagnose::observation::UnscaledInput;
    use longspan_diagnose::{Confidence, Finding, Place, Severity, Text, rule};

    fn verdict(codes: &[&str]) -> Verdict {
        let finding = |code: &&str| Finding {
            rule: rule(code).expect("a rule"),
            place: Place::Other,
            severity: Severity::Warning,
            observation: UnscaledInput { rms: 0.0, largest: 0.0 }.into(),
            confidence: Confidence::High,
            because: Text { en: "", zh: "" },
            remedies: Vec::new(),
        };
        Verdict { findings: codes.iter().map(finding).collect(), ..Verdict::default() }
    }

    #[test]
    fn findings_appear_and_clear() {
        let mut timeline = Timeline::default();
        assert!(timeline.update(10, &verdict(&[])), "the first diagnosis");
        assert!(timeline.update(20, &verdict(&["clip-always", "dead-units"])));
        assert!(!timeline.update(30, &verdict(&["dead-units", "clip-always"])));
        assert!(timeline.update(40, &verdict(&["dead-units"])));
        let events: Vec<_> = timeline.events.iter().map(|e| (e.step, e.code.as_str(), e.gone)).collect();
        assert_eq!(
            events,
            [(20, "clip-always", false), (20, "dead-units", false), (40, "clip-always", true)]
        );
        assert_eq!((timeline.since, timeline.codes()), (Some(10), "dead-units".into()));
        for step in 0..1000 {
            timeline.update(step, &verdict(if step % 2 == 0 { &[] } else { &["dead-units"] }));
        }
        assert_eq!((timeline.events.len(), timeline.events[99].step), (MOST, 999));
    }
}
