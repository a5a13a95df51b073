//! `longspan explain`: the meaning, the thresholds and the remedies of a finding.

use clap::Args;
use longspan::option_syntax::nearest;
use longspan_diagnose::{IGNORE_IF, Language, Page, RULES, Rule, rule};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::flags::Lang;
use crate::streams::put;
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
                    Some(code) => format!("did you mean {code}? (next: longspan explain {code})"),
                    None => "list all codes (next: longspan explain)".into(),
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
