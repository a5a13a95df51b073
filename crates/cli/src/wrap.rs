//! Text wrapped to the width of a terminal.

use longspan_run::visible;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of the terminal in columns, limited to 40 to 100; 80 if standard output is not a terminal.
pub(crate) fn columns() -> usize {
    crate::streams::output_columns().map_or(80, readable)
}

/// The same for standard error, where lines that no terminal shows are not wrapped.
pub(crate) fn note_columns() -> usize {
    crate::streams::notes_columns().map_or(usize::MAX, readable)
}

fn readable(columns: usize) -> usize {
    columns.clamp(40, 100)
}

/// Wraps `text` to lines of at most `columns` columns; a word that is longer has a line of its own. The first line begins with
/// `first`, the others are indented by its width. Lines may break between wide characters, such as Chinese ones, but not before
/// closing punctuation. Control characters are escaped, because a text from a file must not control the terminal.
pub(crate) fn wrap(first: &str, text: &str, columns: usize) -> String {
    let indent = first.width();
    let (mut lines, mut used) = (first.to_owned(), indent);
    for word in text.split_whitespace() {
        let word = visible::line(word);
        let mut space = usize::from(used > indent);
        for piece in pieces(&word) {
            if used > indent && used + space + piece.width() > columns {
                lines.push('\n');
                lines.extend(std::iter::repeat_n(' ', indent));
                (used, space) = (indent, 0);
            }
            lines.extend(std::iter::repeat_n(' ', space));
            lines.push_str(piece);
            used += space + piece.width();
            space = 0;
        }
    }
    lines.push('\n');
    lines
}

/// Pads a text with spaces to `columns` columns; wide characters count as two.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Characters that no line begins with.
const CLOSING: &str = "，。；：、！？）》」”’%";

/// Splits a word where a line may break: next to wide characters.
fn pieces(word: &str) -> Vec<&str> {
    let (mut pieces, mut start, mut before) = (Vec::new(), 0, None);
    for (at, c) in word.char_indices() {
        let wide = |c: char| c.width() == Some(2);
        let may = before.is_some_and(|before| wide(before) || wide(c)) && !CLOSING.contains(c);
        if may && !before.is_some_and(|before| "（《「“".contains(before)) {
            pieces.push(&word[start..at]);
            start = at;
        }
        before = Some(c);
    }
    pieces.push(&word[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_room() {
        assert_eq!(wrap("a: ", "b c  d\ne", 6), "a: b c\n   d e\n");
        assert_eq!(wrap("", "12345678 9 0", 4), "12345678\n9 0\n");
        assert_eq!(wrap("- ", "", 4), "- \n");
        assert_eq!(wrap("", "梯度消失了，tanh 的", 9), "梯度消失\n了，tanh\n的\n");
        assert_eq!(wrap("一: ", "二三", 6), "一: 二\n    三\n");
        assert_eq!((pad("二", 3), pad("long", 3)), ("二 ".into(), "long".into()));
        assert_eq!(wrap("", "a\u{1b}[31m\u{7}b", 80), "a\\u001b[31m\\u0007b\n");
    }
}
