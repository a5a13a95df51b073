//! Names and other texts that somebody else wrote, as they may be shown.
//!
//! A name may contain characters that control a terminal or change the direction of writing, and on Unix it may be no text at all.
//! They are written as escapes: `\n`, `\u001b`, and in paths `\xff` for a byte that is not UTF-8. The escapes are those of JSON, so
//! that an escaped JSON document has the same meaning.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// Whether a terminal or a page acts on a character instead of showing it: control characters (C0, DEL, C1), and those that
/// change the direction of writing.
pub fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text on one line: every character that [`acts`] is escaped.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, &[])
}

/// A text that may have several lines: line feeds and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, &['\n', '\t'])
}

fn escaped<'a>(text: &'a str, keep: &[char]) -> Cow<'a, str> {
    let is_escaped = |c: char| acts(c) && !keep.contains(&c);
    if !text.contains(is_escaped) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| if is_escaped(c) { escape(&mut shown, c) } else { shown.push(c) });
    shown.into()
}

/// Adds a character that [`acts`].
fn escape(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        c => write!(shown, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail"),
    }
}

/// A path. One with bytes or characters that cannot be shown is written as shells read it, `$'a\xff'`, so that different paths
/// stay different, and can be copied.
///
/// # Examples
/// ```
/// use longspan_run::visible;
/// use std::path::Path;
///
/// assert_eq!(visible::path(Path::new("runs/it's")), "runs/it's");
/// assert_eq!(visible::path(Path::new("runs/it's\u{1b}[31m")), r"$'runs/it\'s\u001b[31m'");
/// ```
pub fn path(path: &Path) -> String {
    if let Some(text) = path.to_str()
        && !text.contains(acts)
        && !text.starts_with("$'")
    {
        return text.to_owned();
    }
    let mut shown = "$'".to_owned();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => shown.extend(['\\', c]),
                c if acts(c) => escape(&mut shown, c),
                c => shown.push(c),
            }
        }
        for byte in chunk.invalid() {
            write!(shown, "\\x{byte:02x}").expect("writing to a string cannot fail");
        }
    }
    shown.push('\'');
    shown
}

/// A path in a document: as it is, or as [`path`] writes it if it is not UTF-8.
pub fn name(of: &Path) -> String {
    of.to_str().map_or_else(|| path(of), str::to_owned)
}

/// Serialises a path as [`name`] writes it; serde fails on a path that is not UTF-8.
pub(crate) fn serialize<S: serde::Serializer>(of: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&name(of))
}

/// A JSON document whose strings are shown on a page: in them, characters that act are escaped once more. Line feeds and tabs
/// stay, which a page shows as spaces.
pub fn document(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find(|c| c == '\\' || acts(c)) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        // An escape is two characters, or `\u` and four digits. The document is ASCII there.
        let long = rest.starts_with("\\u");
        let length = match rest.starts_with('\\') {
            true if long => 6,
            true => 2,
            false => rest.chars().next().map_or(0, char::len_utf8),
        };
        let (escape, after) = rest.split_at(length.min(rest.len()));
        let code = if long { u32::from_str_radix(&escape[2..], 16).ok() } else { None };
        let code = code.and_then(char::from_u32);
        match escape {
            "\\b" => shown.push_str(r"\\u0008"),
            "\\f" => shown.push_str(r"\\u000c"),
            "\\r" => shown.push_str(r"\\r"),
            _ if code.is_some_and(acts) => shown.extend(["\\", escape]),
            // Between the values of a document there are line feeds, which are left as they are.
            _ if escape.starts_with(|c| acts(c) && c != '\n') => shown.extend(["\\", &line(escape)]),
            _ => shown.push_str(escape),
        }
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_escaped() {
        assert_eq!(line("a\u{1b}[31m\n\t\u{9b}\u{202e}\u{7f}é"), r"a\u001b[31m\n\t\u009b\u202e\u007fé");
        assert_eq!(lines("a\u{1b}\n\tb"), "a\\u001b\n\tb");
        assert!(matches!(line("梯度 ½"), Cow::Borrowed(_)));
    }

    #[test]
    fn different_paths_stay_different() {
        let shown = |bytes: &[u8]| {
            #[cfg(unix)]
            return path(Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes)));
            #[cfg(not(unix))]
            path(Path::new(&*String::from_utf8_lossy(bytes)))
        };
        assert_eq!(shown(b"runs/a b\\x"), "runs/a b\\x");
        assert_eq!(shown(b"$'a\\n'"), r"$'$\'a\\n\''");
        assert_eq!(shown(b"a\n"), r"$'a\n'");
        #[cfg(unix)]
        assert_eq!((shown(b"a\xff").as_str(), shown(b"a\xfe").as_str()), (r"$'a\xff'", r"$'a\xfe'"));
    }

    #[test]
    fn strings_of_a_document_are_escaped_once_more() {
        let texts = ["a\u{1b}[31m\u{8}\u{c}\r", "\\u001b \\ \"", "\u{9b}\u{202e}\u{7f}", "a\nb\tc", "梯度"];
        let document = document(&serde_json::to_string_pretty(&texts).unwrap());
        let read: Vec<String> = serde_json::from_str(&document).unwrap();
        let expected =
            [r"a\u001b[31m\u0008\u000c\r", "\\u001b \\ \"", r"\u009b\u202e\u007f", "a\nb\tc", "梯度"];
        assert_eq!(read, expected);
    }
}
