//! `longspan explain`: what a finding means, what it is held against, and what helps.

use std::process::ExitCode;

use clap::Args;
use longspan::option_syntax::nearest;
use longspan_diagnose::{Language, RULES, Rule, Threshold, Told, rule};

use crate::args::Lang;
use crate::failure::{Failure, fail, put};
use crate::wrap::{columns, pad, wrap};

/// Explain a finding: its meaning, its thresholds, false alarms and remedies
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// Code of a finding [default: list all findings]
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// Print the explanations of all findings as Markdown
    #[arg(long, conflicts_with = "code")]
    all: bool,
    #[command(flatten)]
    lang: Lang,
}

pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let language = args.lang.language;
    let text = match &args.code {
        _ if args.all => RULES.map(|rule| rule.markdown(language)).join("\n"),
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
            let title = rule.told_in(language).title;
            format!("{:width$}  {:7}  {title}\n", rule.code, rule.severity.name(language))
        })
        .collect()
}

fn page(rule: &Rule, language: Language, columns: usize) -> String {
    let Told { title, meaning, measured, false_alarm, remedy } = rule.told_in(language);
    let mut text = wrap("", &format!("{title} ({})", rule.severity.name(language)), columns);
    let mut part = |label: &str, words: &str| {
        text.push('\n');
        text.push_str(&wrap(&pad(label, 14), words, columns));
    };
    part(language.of("means", "含义"), meaning);
    part(language.of("measured", "测量"), measured);
    for threshold in rule.page.thresholds {
        let Threshold { of, source, .. } = threshold;
        let (value, source) = (threshold.text(), language.text(source));
        let against = if value.is_empty() { source } else { format!("{value}; {source}") };
        part(language.of("held against", "判断依据"), &format!("{}: {against}", language.text(of)));
    }
    part(language.of("false alarm", "误报"), &format!("{}{false_alarm}", language.of("where ", "")));
    part(language.of("what helps", "建议"), remedy);
    text
}
