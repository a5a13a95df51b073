//! Command lines.

use std::path::Path;

/// A command line that grows.
#[derive(Clone)]
pub(super) struct Command(String);

impl Command {
    /// `longspan train --FLAG FILE`.
    pub(super) fn train(flag: &str, path: &Path) -> Self {
        Self("longspan train".into()).with(flag, &path.to_string_lossy())
    }

    /// The same with another flag.
    pub(super) fn with(self, flag: &str, value: &str) -> Self {
        Self(format!("{} {flag} {}", self.0, quoted(value)))
    }

    pub(super) fn line(self) -> String {
        self.0
    }
}

/// A word of a command line, in quotes where a shell would read it otherwise.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./,:=+@".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        let line = Command::train("--series", Path::new("a b/it's.csv")).with("--target", "pm2.5").line();
        assert_eq!(line, r"longspan train --series 'a b/it'\''s.csv' --target pm2.5");
        assert_eq!(quoted(""), "''");
    }
}
