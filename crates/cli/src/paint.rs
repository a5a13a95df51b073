//! Colours of texts on a terminal.

use clap::builder::styling::{AnsiColor, Style};

/// What a text means, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// An error, a severe finding, a run that diverged.
    Bad,
    /// A warning.
    Warning,
    /// A note.
    Note,
    /// A success.
    Good,
    /// A heading.
    Heading,
}

impl Ink {
    /// The text in this colour, or as it is without colours.
    pub(crate) fn on(self, text: &str, colours: bool) -> String {
        let style = match self {
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
            Self::Note => AnsiColor::Cyan.on_default().bold(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Heading => Style::new().bold(),
        };
        if colours && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// A message whose first word says what it is: `error:`, `warning:` or `note:` in its colour.
pub(crate) fn message(line: &str, colours: bool) -> String {
    let inks = [("error:", Ink::Bad), ("warning:", Ink::Warning), ("note:", Ink::Note)];
    match inks.iter().find(|(word, _)| line.starts_with(word)) {
        Some((word, ink)) => ink.on(word, colours) + &line[word.len()..],
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kind_of_a_message_has_a_colour() {
        assert_eq!(message("warning: low", true), "\u{1b}[1m\u{1b}[33mwarning:\u{1b}[0m low");
        assert_eq!(message("warning: low", false), "warning: low");
        assert_eq!(message("step 3", true), "step 3");
        assert_eq!(Ink::Good.on("", true), "");
    }
}
