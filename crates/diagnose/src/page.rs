//! The page that explains a rule: what `longspan explain` prints and docs/findings.md contains.

use crate::language::{Language, Text};
use crate::rule::{Rule, Threshold};

/// The explanation of a rule.
pub struct Page {
    /// Title of the finding.
    pub title: Text,
    /// What it means.
    pub meaning: Text,
    /// What is measured.
    pub measured: Text,
    /// The thresholds.
    pub thresholds: &'static [Threshold],
    /// When to ignore the finding: the rest of a sentence that begins with "Ignore this if".
    pub false_alarm: Text,
    /// General remedies.
    pub remedy: Text,
}

/// Beginning of the sentence that `false_alarm` completes.
pub const IGNORE_IF: Text = Text { en: "Ignore this if ", zh: "以下情况可以忽略：" };

impl Threshold {
    /// Formats the value; empty if it is a number of the run, which the source names.
    pub fn text(&self) -> String {
        if self.value.is_nan() { String::new() } else { self.value.to_string() }
    }
}

impl Rule {
    /// Formats the page as Markdown.
    pub fn markdown(&self, language: Language) -> String {
        let Page { title, meaning, measured, thresholds, false_alarm, remedy } = &self.page;
        let line =
            |t: &Threshold| format!("| {} | {} | {} |\n", t.of.of(language), t.text(), t.source.of(language));
        let table: String = thresholds.iter().map(line).collect();
        let [measured_by, head, helps] = match language {
            Language::English => ["**Measured:** ", "| compared | threshold | source |", "**What helps:** "],
            Language::Chinese => ["**测量：**", "| 判断对象 | 阈值 | 来源 |", "**有帮助的做法：**"],
        };
        format!(
            "## {}\n\n{} ({})\n\n{}\n\n{measured_by}{}\n\n{head}\n|---|---:|---|\n{table}\n{}{}{}\n\n{helps}{}\n",
            self.code,
            title.of(language),
            self.severity.name(language),
            meaning.of(language),
            measured.of(language),
            IGNORE_IF.of(language),
            false_alarm.of(language),
            language.of(".", "。"),
            remedy.of(language)
        )
    }
}
