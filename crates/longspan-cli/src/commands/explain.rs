//! `longspan explain`: what a finding means, what it is held against, and what helps.

use std::process::ExitCode;

use clap::ArgMatches;
use longspan::diagnose::{Page, RULES, Rule, Threshold, rule};
use longspan::setting::nearest;

use crate::failure::{Failure, fail, put};
use crate::wrap::{columns, wrap};

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let text = match matches.get_one::<String>("CODE") {
        _ if matches.get_flag("all") => RULES.map(Rule::markdown).join("\n"),
        None => list(),
        Some(code) => {
            let known = || RULES.iter().map(|rule| rule.code);
            let rule = rule(code).ok_or_else(|| {
                let way_out = match nearest(code, known()) {
                    Some(code) => format!("did you mean {code}?"),
                    None => "`longspan explain` lists them".into(),
                };
                fail(format!("there is no finding \"{code}\": {way_out}"))
            })?;
            page(rule, columns())
        }
    };
    put(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> String {
    let width = RULES.iter().map(|rule| rule.code.len()).max().unwrap_or(0);
    RULES
        .iter()
        .map(|rule| format!("{:width$}  {:7}  {}\n", rule.code, rule.severity.to_string(), rule.title))
        .collect()
}

fn page(rule: &Rule, columns: usize) -> String {
    let Page { meaning, measured, thresholds, false_alarm, remedy } = &rule.page;
    let mut text = wrap("", &format!("{} ({})", rule.title, rule.severity), columns);
    let mut part = |label: &str, words: &str| {
        text.push('\n');
        text.push_str(&wrap(&format!("{label:14}"), words, columns));
    };
    part("means", meaning);
    part("measured", measured);
    for threshold in *thresholds {
        let Threshold { of, source, .. } = threshold;
        let value = threshold.text();
        let against = if value.is_empty() { (*source).to_owned() } else { format!("{value}; {source}") };
        part("held against", &format!("{of}: {against}"));
    }
    part("false alarm", &format!("where {false_alarm}"));
    part("what helps", remedy);
    text
}
