//! `longspan explain`: what a finding means, what its thresholds are, and what helps.

use std::process::ExitCode;

use clap::ArgMatches;
use longspan::option_syntax::nearest;
use longspan_diagnose::{IGNORE_IF, Language, Page, RULES, Rule, rule};

use crate::failure::{Failure, fail, put};
use crate::report::language;
use crate::wrap::{columns, pad, wrap};

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let language = language(matches);
    let text = match matches.get_one::<String>("CODE") {
        _ if matches.get_flag("all") => RULES.map(|rule| rule.markdown(language)).join("\n"),
        None => list(language),
        Some(code) => {
            let known = || RULES.iter().map(|rule| rule.code);
            let rule = rule(code).ok_or_else(|| {
                let way_out = match nearest(code, known()) {
                    Some(code) => format!("did you mean {code}?"),
                    None => "`longspan explain` lists them".into(),
                };
                fail(format!("there is no finding \"{code}\": {way_out}"))
            })?;
            page(rule, language, columns())
        }
    };
    put(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn list(language: Language) -> String {
    let width = RULES.iter().map(|rule| rule.code.len()).max().unwrap_or(0);
    RULES
        .iter()
        .map(|rule| {
            let title = rule.page.title.of(language);
            format!("{:width$}  {:7}  {title}\n", rule.code, rule.severity.name(language))
        })
        .collect()
}

fn page(rule: &Rule, language: Language, columns: usize) -> String {
    let Page { title, meaning, measured, thresholds, false_alarm, remedy } = &rule.page;
    let title = format!("{} ({})", title.of(language), rule.severity.name(language));
    let mut text = wrap("", &title, columns);
    let mut part = |label: &str, words: &str| {
        text.push('\n');
        text.push_str(&wrap(&pad(label, 14), words, columns));
    };
    part(language.of("meaning", "含义"), meaning.of(language));
    part(language.of("measured", "测量"), measured.of(language));
    for threshold in *thresholds {
        let (of, value, source) =
            (threshold.of.of(language), threshold.text(), threshold.source.of(language));
        let against = if value.is_empty() { source.to_owned() } else { format!("{value}; {source}") };
        part(language.of("threshold", "阈值"), &format!("{of}: {against}"));
    }
    let ignore = format!("{}{}", IGNORE_IF.of(language), false_alarm.of(language));
    part(language.of("false alarm", "误报"), &ignore);
    part(language.of("what helps", "建议"), remedy.of(language));
    text
}
