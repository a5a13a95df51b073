//! Command lines that can be copied into a shell.

use std::path::Path;

use longspan_data::inspect::Settings;
use longspan_run::config::flag;
use longspan_run::visible;

/// Returns the command that trains with these settings.
pub(crate) fn train(settings: &Settings) -> String {
    format!("longspan train {}", flags(settings))
}

/// Formats settings as flags: `--window 8 --target y`.
pub(crate) fn flags(settings: &Settings) -> String {
    let flags = settings.iter().map(|setting| format!("{} {}", flag(setting.key), quoted(&setting.value)));
    flags.collect::<Vec<_>>().join(" ")
}

/// Quotes an argument of a command line if a shell would change it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./,:=+@".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        // A shell reads the escapes in $'…'.
        false if word.contains(visible::acts) => visible::path(Path::new(word)),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Quotes a path, which may not be UTF-8.
pub(crate) fn path(path: &Path) -> String {
    path.to_str().map_or_else(|| visible::path(path), quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("a b/it's.csv"), r"'a b/it'\''s.csv'");
        assert_eq!(quoted("pm2.5"), "pm2.5");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a\u{1b}'b"), r"$'a\u001b\'b'");
    }
}
