//! The page that explains a rule: what `longspan explain` prints and docs/findings.md contains.

use crate::language::{Language, Text};
use crate::severity::Severity;
use crate::threshold::Threshold;

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

impl Page {
    /// Formats the page of the rule with this code and severity as Markdown.
    pub(crate) fn markdown(&self, code: &str, severity: Severity, language: Language) -> String {
        let Self { title, meaning, measured, thresholds, false_alarm, remedy } = self;
        let line =
            |t: &Threshold| format!("| {} | {} | {} |\n", t.of.of(language), t.text(), t.source.of(language));
        let table: String = thresholds.iter().map(line).collect();
        let [measured_by, head, helps] = match language {
            Language::English => ["**Measured:** ", "| compared | threshold | source |", "**What helps:** "],
            Language::Chinese => ["**测量：**", "| 判断对象 | 阈值 | 来源 |", "**有帮助的做法：**"],
        };
        format!(
            "## {}\n\n{} ({})\n\n{}\n\n{measured_by}{}\n\n{head}\n|---|---:|---|\n{table}\n{}{}{}\n\n{helps}{}\n",
            code,
            title.of(language),
            severity.name(language),
            meaning.of(language),
            measured.of(language),
            IGNORE_IF.of(language),
            false_alarm.of(language),
            language.of(".", "。"),
            remedy.of(language)
        )
    }
}
