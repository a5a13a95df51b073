//! The output of `diagnose`: a text, or one JSON document.

use longspan_diagnose::{IGNORE_IF, Language, Severity};
use longspan_run::directory::history::History;
use longspan_run::directory::{UNFINISHED, Watched};
use longspan_run::report::verdict::{FindingText, NumberText, VerdictText};
use longspan_run::visible;
use serde_json::{Value, json};

use crate::paint::Ink;
use crate::progress::counted;
use crate::wrap::{pad, wrap};

/// A verdict, and the run that it belongs to.
pub(super) struct Shown<'a> {
    pub(super) history: &'a History,
    pub(super) verdict: &'a VerdictText,
    /// Whether a finding is severe.
    pub(super) severe: bool,
    /// The language of the verdict.
    pub(super) language: Language,
}

impl Shown<'_> {
    pub(super) fn document(&self) -> Value {
        json!({
            "run": visible::name(&self.history.path),
            "step": self.step(),
            "outcome": self.outcome(),
            "severe": self.severe,
            "findings": self.verdict.findings,
            "further_notes": self.verdict.further_notes,
            "command": self.verdict.command,
            "unjudged": self.verdict.unjudged,
            "problems": self.history.problems,
            "data_notices": self.history.record.data.notices,
            "watched": self.history.record.watched,
        })
    }

    pub(super) fn text(&self, columns: usize, colours: bool) -> String {
        let headline = wrap("", &self.headline(), columns);
        let mut text = Ink::Heading.on(headline.trim_end(), colours) + "\n";
        for finding in &self.verdict.findings {
            text.push('\n');
            text.push_str(&describe(finding, self.language, columns, colours));
            if let (Some(command), "cause") = (&self.verdict.command, finding.place) {
                // A command that is to be copied is not wrapped.
                text.push_str(&format!(
                    "{}{}\n",
                    label(self.language.of("next:", "下一步：")),
                    visible::line(command)
                ));
            }
        }
        if !self.verdict.further_notes.is_empty() {
            text.push('\n');
            text.push_str(&self.further_notes(columns));
        }
        if !self.verdict.unjudged.is_empty() {
            text.push('\n');
            text.push_str(&self.unjudged(columns));
        }
        if let Some(watched) = &self.history.record.watched {
            text.push('\n');
            text.push_str(&self.watched(watched, columns));
        }
        for problem in &self.history.problems {
            text.push('\n');
            text.push_str(&wrap(&label(self.language.of("note", "提示")), problem, columns));
        }
        text
    }

    fn step(&self) -> u64 {
        self.history.steps.last().map_or(0, |record| record.step)
    }

    fn outcome(&self) -> &str {
        self.history.outcome().unwrap_or(UNFINISHED)
    }

    fn headline(&self) -> String {
        let count = |severity| self.verdict.findings.iter().filter(|f| f.severity == severity).count();
        let counts =
            [Severity::Severe, Severity::Warning, Severity::Note].map(|severity| (severity, count(severity)));
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|&(_, count)| count > 0)
            .map(|(severity, count)| match severity {
                severity if self.language == Language::Chinese => {
                    format!("{count} 项{}", severity.name(self.language))
                }
                Severity::Severe => format!("{count} severe"),
                _ => counted(count, &severity.to_string()),
            })
            .collect();
        let (path, step) = (visible::path(&self.history.path), self.step());
        let outcome = self.outcome().replace('_', " ");
        match self.language {
            Language::English => {
                let found = if counts.is_empty() { "no findings".into() } else { counts.join(", ") };
                format!("{path}, {outcome} after {}: {found}", counted(step, "step"))
            }
            Language::Chinese => {
                let found = if counts.is_empty() { "没有发现问题".into() } else { counts.join("，") };
                format!("{path}，训练 {step} 步：{found}")
            }
        }
    }

    /// The codes of further notes.
    fn further_notes(&self, columns: usize) -> String {
        let codes: Vec<&str> = self.verdict.further_notes.iter().map(|note| note.code).collect();
        let codes = codes.join(", ");
        let text = match self.language {
            Language::English => format!("also noted: {codes} (next: longspan explain CODE)"),
            Language::Chinese => format!("其他提示：{codes}（下一步：longspan explain CODE）"),
        };
        wrap(&label(self.language.of("note", "提示")), &text, columns)
    }

    /// How exactly a run of another program was observed.
    fn watched(&self, watched: &Watched, columns: usize) -> String {
        let Watched { by, largest_deviation, skipped_steps, .. } = watched;
        let mut text = match (self.language, largest_deviation) {
            (Language::English, None) => format!("recorded by {by}"),
            (Language::Chinese, None) => format!("由 {by} 记录"),
            (Language::English, Some(deviation)) => {
                format!("observed the computation of {by} itself, to {deviation:.0e}")
            }
            (Language::Chinese, Some(deviation)) => {
                format!("观察的是 {by} 自身的计算，相对偏差至多 {deviation:.0e}")
            }
        };
        if *skipped_steps > 0 {
            text.push_str(&match self.language {
                Language::English => format!("; {} skipped by its scaler", counted(*skipped_steps, "step")),
                Language::Chinese => format!("；其缩放器跳过了 {skipped_steps} 步"),
            });
        }
        wrap(&label(self.language.of("note", "提示")), &text, columns)
    }

    /// Rules that could not be checked: what is missing, and the command that measures it.
    fn unjudged(&self, columns: usize) -> String {
        let line = |(missing, command, codes): (&str, Option<&str>, Vec<&str>)| {
            let codes = codes.join(", ");
            let mut text = match self.language {
                Language::English => format!("not checked: {codes}. This needs {missing}"),
                Language::Chinese => format!("未检查：{codes}；需要{missing}"),
            };
            if let Some(command) = command {
                text.push_str(&match self.language {
                    Language::English => format!(" (next: {command})"),
                    Language::Chinese => format!("（下一步：{command}）"),
                });
            }
            wrap(&label(self.language.of("note", "提示")), &text, columns)
        };
        self.verdict.missing().into_iter().map(line).collect()
    }
}

/// Pads a label to the column in which texts begin.
fn label(words: &str) -> String {
    pad(words, 9)
}

fn describe(finding: &FindingText, language: Language, columns: usize, colours: bool) -> String {
    let label = label(finding.severity.name(language));
    let effect = match (finding.effect_of, language) {
        (Some(cause), Language::English) => format!(", effect of {cause}"),
        (Some(cause), Language::Chinese) => format!("，由 {cause} 引起"),
        (None, _) => String::new(),
    };
    let title = wrap(&label, &format!("{} ({}){effect}", finding.title, finding.code), columns);
    let mut text = title.replacen(&label, &ink(finding.severity).on(&label, colours), 1);
    text.push_str(&wrap("         ", &finding.sentence, columns));
    let width = finding.evidence.iter().map(|number| number.text().len()).max().unwrap_or(0);
    for number in &finding.evidence {
        text.push_str(&wrap(
            &format!("         {:>width$}  ", number.text()),
            &compared(number, language),
            columns,
        ));
    }
    let level = finding.confidence.level.name(language);
    let confidence = match language {
        Language::English => format!("confidence {level}: {}", finding.confidence.because),
        Language::Chinese => format!("可信度{level}：{}", finding.confidence.because),
    };
    text.push_str(&wrap("         ", &confidence, columns));
    for remedy in &finding.remedies {
        text.push_str(&wrap(language.of("  try    ", "  建议   "), &remedy.to_string(), columns));
        // Code that is to be copied is not wrapped.
        for line in remedy.pytorch.lines() {
            text.push_str(&format!("             {}\n", visible::line(line)));
        }
    }
    text + &wrap("         ", &format!("{}{}", IGNORE_IF.of(language), finding.false_alarm), columns)
}

/// The name of a number, and the threshold that it crossed.
fn compared(number: &NumberText, language: Language) -> String {
    let NumberText { name, threshold, source, .. } = number;
    match (threshold, source) {
        (Some(threshold), Some(source)) => {
            format!("{name}{} {threshold}: {source}", language.of("; threshold", "；阈值"))
        }
        _ => (*name).to_owned(),
    }
}

fn ink(severity: Severity) -> Ink {
    match severity {
        Severity::Severe => Ink::Bad,
        Severity::Warning => Ink::Warning,
        Severity::Note => Ink::Note,
    }
}
