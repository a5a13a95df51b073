//! Each rule has a page, and the document has all of them.

use std::collections::BTreeSet;

use longspan_diagnose::{Language, RULES};

#[test]
fn codes_are_stable_and_each_has_a_page() {
    let known = [
        "chaotic-dynamics",
        "clip-always",
        "clip-missing",
        "clip-never",
        "constant-target",
        "dead-units",
        "distribution-shift",
        "embedding-too-large",
        "exploding-gradient",
        "horizon-below-need",
        "majority-class",
        "no-better-than-baseline",
        "non-finite",
        "outliers",
        "overfitting",
        "padding-dominated",
        "possible-leak",
        "recovered-faults",
        "saturated-units",
        "schedule-ended",
        "sensitivity-explosion",
        "step-too-large",
        "step-too-small",
        "still-improving",
        "stuck-gates",
        "truncation-too-short",
        "underfitting",
        "uninformative-labels",
        "unscaled-input",
        "vanishing-across-layers",
        "vanishing-gradient",
        "weight-decay-dominates",
    ];
    let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), known);
    for rule in RULES {
        let page = &rule.page;
        for text in
            [page.title, page.meaning, page.measured, page.false_alarm, page.remedy].map(|text| text.en)
        {
            assert!(text.len() > 10, "{}: \"{text}\"", rule.code);
        }
        assert!(!page.thresholds.is_empty(), "{}", rule.code);
        for threshold in page.thresholds {
            assert!(!threshold.of.en.is_empty() && !threshold.source.en.is_empty(), "{}", rule.code);
        }
        let markdown = rule.markdown(Language::English);
        assert!(
            markdown.starts_with(&format!("## {}\n", rule.code)) && !markdown.contains("| NaN |"),
            "{markdown}"
        );
    }
}

/// docs/findings.md has the pages that the program prints.
#[test]
fn the_document_has_the_pages() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/findings.md");
    let text = std::fs::read_to_string(path).expect("docs/findings.md");
    let (_, pages) = text.split_once("<!-- pages -->\n").expect("the line <!-- pages -->");
    let expected = RULES.map(|rule| rule.markdown(Language::English)).join("\n");
    assert!(
        pages == expected,
        "copy the output of `longspan explain --all` below the line <!-- pages --> of docs/findings.md"
    );
}
