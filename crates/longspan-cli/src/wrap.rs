//! Text in lines that a terminal has room for.

use terminal_size::{Width, terminal_size_of};

/// Columns of the terminal, within what is good to read; 80 where the output is something else.
pub(crate) fn columns() -> usize {
    terminal_size_of(std::io::stdout()).map_or(80, |(Width(columns), _)| usize::from(columns).clamp(40, 100))
}

/// The words of `text` in lines of so many columns, a longer word alone: the first line behind `first`, the others behind as many
/// spaces. What would steer a terminal is replaced: files say what they like.
pub(crate) fn wrap(first: &str, text: &str, columns: usize) -> String {
    let indent = first.chars().count();
    let (mut lines, mut used) = (first.to_owned(), indent);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > indent && used + 1 + length > columns {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if used > indent {
            lines.push(' ');
            used += 1;
        }
        lines.extend(word.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
        used += length;
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_room() {
        assert_eq!(wrap("a: ", "b c  d\ne", 6), "a: b c\n   d e\n");
        assert_eq!(wrap("", "12345678 9 0", 4), "12345678\n9 0\n");
        assert_eq!(wrap("- ", "", 4), "- \n");
        assert_eq!(wrap("", "a\u{1b}[31m\u{7}b", 80), "a\u{fffd}[31m\u{fffd}b\n");
    }
}
