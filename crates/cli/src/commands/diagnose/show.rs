//! What `diagnose` says: a text, or one JSON document.

use longspan_diagnose::{Finding, Language, Number, Severity, Verdict};
use longspan_run::directory::history::History;
use serde_json::{Value, json};

use crate::wrap::{pad, wrap};

/// A verdict with the run that it is of.
pub(super) struct Shown<'a> {
    pub(super) history: &'a History,
    pub(super) verdict: &'a Verdict,
    /// That of the verdict.
    pub(super) language: Language,
}

impl Shown<'_> {
    pub(super) fn document(&self) -> Value {
        json!({
            "run": self.history.path,
            "step": self.step(),
            "outcome": self.history.outcome(),
            "severe": self.verdict.is_severe(),
            "findings": self.verdict.findings,
            "unjudged": self.verdict.unjudged,
            "problems": self.history.problems,
        })
    }

    pub(super) fn text(&self, columns: usize, colours: bool) -> String {
        let mut text = wrap("", &self.headline(), columns);
        for finding in &self.verdict.findings {
            text.push('\n');
            text.push_str(&describe(finding, self.language, columns, colours));
        }
        if !self.verdict.unjudged.is_empty() {
            text.push('\n');
            text.push_str(&self.unjudged(columns));
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

    fn headline(&self) -> String {
        let count = |severity| self.verdict.findings.iter().filter(|f| f.severity == severity).count();
        let counts =
            [Severity::Severe, Severity::Warning, Severity::Note].map(|severity| (severity, count(severity)));
        let said: Vec<String> = counts
            .into_iter()
            .filter(|&(_, count)| count > 0)
            .map(|(severity, count)| match severity {
                severity if self.language == Language::Chinese => {
                    format!("{count} 项{}", severity.name(self.language))
                }
                Severity::Severe => format!("{count} severe"),
                _ => format!("{count} {severity}{}", if count == 1 { "" } else { "s" }),
            })
            .collect();
        let (path, step) = (self.history.path.display(), self.step());
        let outcome = self.history.outcome().unwrap_or("not at its end").replace('_', " ");
        match self.language {
            Language::English => {
                let said = if said.is_empty() { "nothing found".into() } else { said.join(", ") };
                format!("{path}, {outcome} after {step} steps: {said}")
            }
            Language::Chinese => {
                let said = if said.is_empty() { "没有发现问题".into() } else { said.join("，") };
                format!("{path}，训练 {step} 步：{said}")
            }
        }
    }

    /// What is missing, each with the codes that it would show and the command that measures it.
    fn unjudged(&self, columns: usize) -> String {
        let mut needs: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        for unjudged in &self.verdict.unjudged {
            match needs.iter_mut().find(|need| need.0 == unjudged.missing) {
                Some(need) => need.2.push(&unjudged.code),
                None => needs.push((&unjudged.missing, &unjudged.command, vec![&unjudged.code])),
            }
        }
        let line = |(missing, command, codes): (&str, &str, Vec<&str>)| {
            let want = self.language.of("for want of ", "缺少");
            let text = format!("{want}{missing}: {}; `{command}`", codes.join(", "));
            wrap(&label(self.language.of("unjudged", "未判断")), &text, columns)
        };
        needs.into_iter().map(line).collect()
    }
}

/// Words at the beginning of a line, up to where texts begin.
fn label(words: &str) -> String {
    pad(words, 9)
}

fn describe(finding: &Finding, language: Language, columns: usize, colours: bool) -> String {
    let label = label(finding.severity.name(language));
    let title = wrap(&label, &format!("{} ({})", finding.title, finding.code), columns);
    let mut text = match colours {
        true => title.replacen(&label, &painted(finding.severity, &label), 1),
        false => title,
    };
    text.push_str(&wrap("         ", &finding.sentence, columns));
    let width = finding.evidence.iter().map(|number| number.text().chars().count()).max().unwrap_or(0);
    for number in &finding.evidence {
        text.push_str(&wrap(
            &format!("         {:>width$}  ", number.text()),
            &held(number, language),
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
    }
    text + &wrap(
        "         ",
        &format!("{}{}", language.of("a false alarm where ", "以下情况属于误报："), finding.false_alarm),
        columns,
    )
}

/// What a number is, and what it is held against.
fn held(number: &Number, language: Language) -> String {
    let Number { name, threshold, source, .. } = number;
    match (threshold, source) {
        (Some(threshold), Some(source)) => {
            format!("{name}{} {threshold}: {source}", language.of("; threshold", "；阈值"))
        }
        _ => name.clone(),
    }
}

fn painted(severity: Severity, text: &str) -> String {
    let colour = match severity {
        Severity::Severe => "1;31",
        Severity::Warning => "1;33",
        Severity::Note => "1;36",
    };
    format!("\u{1b}[{colour}m{text}\u{1b}[0m")
}
