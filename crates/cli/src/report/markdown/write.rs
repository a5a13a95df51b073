//! A writer of headings, paragraphs and tables, and the escaping of texts.

use std::fmt::Display;

use longspan_diagnose::Language;
use longspan_run::visible;
use unicode_width::UnicodeWidthStr;

use crate::assets::say;

/// A writer of a report.
pub(super) struct Writer {
    pub(super) language: Language,
    text: String,
}

impl Writer {
    pub(super) fn new(language: Language) -> Self {
        Self { language, text: String::new() }
    }

    pub(super) fn done(self) -> String {
        self.text
    }

    /// The text of a key in the language of the report.
    pub(super) fn say(&self, key: &'static str) -> &'static str {
        say(self.language, key)
    }

    pub(super) fn heading(&mut self, level: usize, words: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&format!("{} {words}\n", "#".repeat(level)));
    }

    pub(super) fn paragraph(&mut self, words: &str) {
        self.text.push_str(&format!("\n{words}\n"));
    }

    /// Adds an item of a list, after an empty line if it is the first one.
    pub(super) fn item(&mut self, words: &str) {
        if !self.text.trim_end().lines().next_back().is_some_and(|line| line.starts_with("- ")) {
            self.text.push('\n');
        }
        self.text.push_str(&format!("- {words}\n"));
    }

    /// Adds a table whose columns are aligned in a terminal, numbers to the right. Without rows there is no table.
    pub(super) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        let of_column = |c: usize| rows.iter().map(move |row| row.get(c).map_or("", String::as_str));
        let widths: Vec<usize> = (0..head.len())
            .map(|c| of_column(c).chain([head[c]]).map(UnicodeWidthStr::width).max().unwrap_or(0).max(3))
            .collect();
        let is_right = |c: usize| {
            of_column(c).all(|cell| cell == NONE || is_number(cell)) && of_column(c).any(is_number)
        };
        let numbers: Vec<bool> = (0..head.len()).map(is_right).collect();
        let pad =
            |cell: &str, c: usize| match (" ".repeat(widths[c].saturating_sub(cell.width())), numbers[c]) {
                (room, true) => format!("{room}{cell}"),
                (room, false) => format!("{cell}{room}"),
            };
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        self.text.push('\n');
        self.text.push_str(&line(head.iter().enumerate().map(|(c, cell)| pad(cell, c)).collect()));
        let rule = |c: usize| format!("{}{}", "-".repeat(widths[c] - 1), if numbers[c] { ":" } else { "-" });
        self.text.push_str(&line((0..head.len()).map(rule).collect()));
        for row in rows {
            let cells = (0..head.len()).map(|c| pad(row.get(c).map_or("", String::as_str), c));
            self.text.push_str(&line(cells.collect()));
        }
    }

    /// Adds an item of a list that begins with the label `key`.
    pub(super) fn labelled(&mut self, key: &'static str, words: &str) {
        self.item(&format!("{}{}{words}", self.say(key), self.say("colon")));
    }

    /// Adds a block with a shell command.
    pub(super) fn shell(&mut self, command: &str) {
        self.block("sh", &visible::line(command));
    }

    /// Adds lines of Python that can be copied.
    pub(super) fn python(&mut self, lines: &str) {
        let lines: Vec<_> = lines.lines().map(visible::line).collect();
        self.block("python", &lines.join("\n"));
    }

    fn block(&mut self, language: &str, text: &str) {
        let ticks = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat((ticks + 1).max(3));
        self.text.push_str(&format!("\n{fence}{language}\n{text}\n{fence}\n"));
    }
}

/// The text of an empty cell.
pub(super) const NONE: &str = "–";

fn is_number(cell: &str) -> bool {
    cell.trim_end_matches(" %").parse::<f64>().is_ok()
}

/// Escapes a text so that Markdown shows it as it is.
pub(super) fn words(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let text = visible::line(text);
    let mut before = ' ';
    for c in text.chars() {
        // Markdown does not interpret an underscore inside a word.
        let inside = c == '_' && before.is_alphanumeric();
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '~' | '$' | '#' | '!')
            && !inside
        {
            shown.push('\\');
        }
        shown.push(c);
        before = c;
    }
    shown
}

/// The value, or a dash.
pub(super) fn or_none(value: Option<impl Display>) -> String {
    value.map_or_else(|| NONE.into(), |value| value.to_string())
}

/// A share in percent, or a dash.
pub(super) fn percent(share: Option<f64>) -> String {
    or_none(share.map(|share| format!("{} %", short(100.0 * share))))
}

/// A text as inline code. Not for cells of a table, where a vertical bar would end the cell.
pub(super) fn code(text: &str) -> String {
    let text = visible::line(text);
    let ticks = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    match ticks {
        0 => format!("`{text}`"),
        _ => format!("{0} {text} {0}", "`".repeat(ticks + 1)),
    }
}

/// A number with four digits.
pub(super) fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        size if !size.is_finite() => x.to_string(),
        size if !(1e-3..1e6).contains(&size) => format!("{x:.2e}"),
        _ => format!("{x:.3e}").parse::<f64>().unwrap_or(x).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        assert_eq!(words("a|b <i> `c` *d* snake_case _e_"), r"a\|b \<i\> \`c\` \*d\* snake_case \_e_");
        assert_eq!(words("\u{1b}[31m\u{202e}x\r\n"), r"\\u001b\[31m\\u202ex\\r\\n");
        assert_eq!(code("a`b"), "`` a`b ``");
        let mut to = Writer::new(Language::English);
        to.shell("x ````");
        assert_eq!(to.done(), "\n`````sh\nx ````\n`````\n");
    }

    #[test]
    fn columns_line_up() {
        let mut to = Writer::new(Language::Chinese);
        to.table(&["训练", "n"], &[vec!["a".into(), "1".into()], vec!["bcdef".into(), "12".into()]]);
        assert_eq!(to.done(), "\n| 训练  |   n |\n| ----- | --: |\n| a     |   1 |\n| bcdef |  12 |\n");
        assert_eq!(
            (short(0.123456), short(1234.56), short(-1e-9)),
            ("0.1235".into(), "1235".into(), "-1.00e-9".into())
        );
    }
}
