//! Every text of every finding has a Chinese version; the evidence is synthetic.
#![allow(missing_docs, reason = "a test file")]
#![allow(dead_code, reason = "the evidence is that of findings.rs, of which this file needs a part")]

use crate::findings::cases::CASES;
use crate::findings::evidence::{CAUSES, CELLS, fault, good};
use longspan_diagnose::{Evidence, Language, RULES, diagnose};
use longspan_run::dialect::Dialect;
use longspan_run::report::verdict::VerdictText;

/// Whether a text is Chinese. English words may only be names, flags and formulas.
fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
        && !text.contains(" the ")
        && !text.contains('{')
}

/// Checks every text of every case, cell and cause.
#[test]
fn no_finding_lacks_its_chinese() {
    let mut texts = 0;
    let mut check = |evidence: &Evidence| {
        let verdict = VerdictText::new(&diagnose(evidence), &Dialect::Longspan, Language::Chinese);
        for f in &verdict.findings {
            let sources = f.evidence.iter().filter_map(|number| number.source);
            let names = f.evidence.iter().map(|number| number.name);
            let whys = f.remedies.iter().map(|remedy| remedy.why);
            for text in [f.title, &f.sentence, f.confidence.because, f.false_alarm]
                .into_iter()
                .chain(names)
                .chain(sources)
                .chain(whys)
            {
                assert!(is_chinese(text), "{}: {text}", f.code);
                texts += 1;
            }
        }
        for unjudged in &verdict.unjudged {
            assert!(is_chinese(unjudged.missing), "{}", unjudged.missing);
        }
    };
    for case in CASES {
        let limit = case.threshold().value;
        for factor in [0.0, 0.5, 0.98, 1.02, 1.5, 100.0] {
            for cell in case.cells {
                let mut faulty = case.at(cell, factor * limit);
                check(&faulty);
                faulty.facts.needed_lag_steps = None;
                check(&faulty);
                faulty.probe = None;
                check(&faulty);
                faulty.steps.truncate(5);
                check(&faulty);
            }
        }
    }
    for cell in CELLS {
        for cause in CAUSES {
            for settings in ["clip=norm:1", "clip=none", "init=gaussian:2", "class_weights=balanced"] {
                let mut evidence = good(&format!("cell={cell} {settings}"));
                evidence.fault = Some(fault(cause));
                check(&evidence);
            }
        }
    }
    assert!(texts > 5000, "only {texts} texts");
    for rule in RULES {
        let page = &rule.page;
        let thresholds = page.thresholds.iter().flat_map(|t| [t.of, t.source]);
        let said = [page.title, page.meaning, page.measured, page.false_alarm, page.remedy];
        for text in said.into_iter().chain(thresholds) {
            assert!(is_chinese(text.zh), "{}: {}", rule.code, text.zh);
        }
    }
}
