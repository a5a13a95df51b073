//! Causes before effects: the order in which the findings of a run are read.
//!
//! [`RULES`](crate::RULES) stand in the order of their rank. Of two findings, the one of the higher rank is the likelier
//! cause, because what it reports happens earlier on the way from the data to the loss:
//!
//! 1. values that are not finite: nothing else counts while they occur, and their own cause is named;
//! 2. data: inputs, padding, targets;
//! 3. weight decay that dominates, steps that are too small or too large, gradients that explode: they move the weights to
//!    where everything else fails, or leave them where they began;
//! 4. units and gates that pass no gradient;
//! 5. gradients that do not arrive: truncation, layers, time;
//! 6. clipping and schedule;
//! 7. what the model is too small or too large for;
//! 8. effects that have many causes, such as a loss at the baseline;
//! 9. notes.
//!
//! A finding is the effect of the highest finding that explains it. A rule explains only rules of a lower rank, so there
//! are no circles.

use crate::finding::{Finding, Place};
use crate::rule::Role;
use crate::severity::Severity;

/// Orders findings, which come by rank: the cause with its effects, other causes with theirs, then notes.
pub(crate) fn order(mut ranked: Vec<Finding>) -> Vec<Finding> {
    // A note explains nothing, and nothing has to explain it.
    let notes: Vec<Finding> = ranked.extract_if(.., |finding| is_note(finding)).collect();
    let mut roots: Vec<Vec<Finding>> = Vec::new();
    for mut finding in ranked {
        let cause = |other: &Finding| other.rule.explains.contains(&finding.rule.code);
        let found = roots.iter_mut().find_map(|group| {
            let code = group.iter().find(|other| cause(other))?.code();
            Some((group, code))
        });
        match found {
            Some((group, code)) => {
                finding.place = Place::Effect(code);
                group.push(finding);
            }
            None => roots.push(vec![finding]),
        }
    }
    // An effect whose cause was not found comes after the causes that were.
    roots.sort_by_key(|group| group[0].rule.role == Role::Effect);
    let mut ordered = Vec::new();
    for (i, mut group) in roots.into_iter().enumerate() {
        group[0].place = if i == 0 { Place::Cause } else { Place::Other };
        group[1..].sort_by_key(|effect| effect.severity);
        ordered.append(&mut group);
    }
    ordered.extend(notes.into_iter().enumerate().map(|(i, mut note)| {
        note.place = if i == 0 { Place::Note } else { Place::MinorNote };
        note
    }));
    ordered
}

fn is_note(finding: &Finding) -> bool {
    finding.rule.role == Role::Note || finding.severity == Severity::Note
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Confidence, Found, RULES, Text, observation};

    fn finding(code: &str) -> Finding {
        let rule = crate::rule(code).expect("a code");
        let any = observation::SensitivityExplosion { steps: 1, recurrent_rms: 1.0 };
        Finding::new(rule, Found::new(any, Confidence::Low, Text { en: "", zh: "" }))
    }

    fn ordered(codes: &[&str]) -> Vec<(&'static str, Place)> {
        let ranked = RULES.into_iter().filter(|rule| codes.contains(&rule.code));
        let findings = order(ranked.map(|rule| finding(rule.code)).collect());
        findings.iter().map(|finding| (finding.code(), finding.place)).collect()
    }

    #[test]
    fn rules_explain_known_rules_of_a_lower_rank() {
        for (rank, rule) in RULES.iter().enumerate() {
            for code in rule.explains {
                let other = RULES.iter().position(|other| other.code == *code);
                assert!(other.is_some_and(|other| other > rank), "{} explains {code}", rule.code);
            }
            assert!(rule.role != Role::Note || rule.explains.is_empty(), "{}", rule.code);
        }
    }

    #[test]
    fn the_cause_comes_first_and_its_effects_below_it() {
        let found = ordered(&[
            "vanishing-gradient",
            "no-better-than-baseline",
            "step-too-large",
            "horizon-below-need",
        ]);
        assert_eq!(found[0], ("step-too-large", Place::Cause));
        assert!(found[1..].iter().all(|(_, place)| *place == Place::Effect("step-too-large")), "{found:?}");
    }

    #[test]
    fn an_effect_without_its_cause_comes_after_other_causes() {
        let found = ordered(&["chaotic-dynamics", "padding-dominated"]);
        assert_eq!(found, [("padding-dominated", Place::Cause), ("chaotic-dynamics", Place::Other)]);
        assert_eq!(ordered(&["chaotic-dynamics"]), [("chaotic-dynamics", Place::Cause)]);
    }

    #[test]
    fn only_the_first_note_is_to_be_shown() {
        let mut findings: Vec<Finding> = ["clip-missing", "clip-always", "stuck-gates"].map(finding).into();
        findings[0].severity = Severity::Note;
        findings[1].severity = Severity::Note;
        let places: Vec<_> = order(findings).iter().map(|finding| (finding.code(), finding.place)).collect();
        let expected =
            [("stuck-gates", Place::Cause), ("clip-missing", Place::Note), ("clip-always", Place::MinorNote)];
        assert_eq!(places, expected);
    }
}
