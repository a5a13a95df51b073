//! The options that every command takes.

use std::ffi::OsString;

use anstream::ColorChoice;
use clap::{Args, ValueEnum};

use crate::streams;

/// The heading above them in help texts.
const HEADING: &str = "Global options";

/// The options that every command takes: what is written besides the result, and how.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Global {
    /// Print only errors and the result: no notes, warnings or progress
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = HEADING)]
    quiet: bool,
    /// Also print what is done and when, in seconds since the start
    #[arg(short, long, global = true, help_heading = HEADING)]
    verbose: bool,
    /// Show no progress
    #[arg(long, global = true, help_heading = HEADING)]
    no_progress: bool,
    /// When to use colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = HEADING)]
    color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Global {
    /// Lets [`streams`] follow the options.
    pub(crate) fn apply(self) {
        streams::set_colours(self.color.into());
        streams::set_notes(self.quiet, self.verbose, !self.no_progress);
    }
}

/// The value of `--color` in a command line that is not parsed yet; auto if it has none, or an invalid one.
pub(crate) fn color(arguments: &[OsString]) -> ColorChoice {
    let flag = |at: usize| arguments[at].to_str()?.strip_prefix("--color");
    let value = |at: usize| match flag(at)? {
        "" => arguments.get(at + 1)?.to_str(),
        rest => rest.strip_prefix('='),
    };
    let found = (0..arguments.len()).find_map(value);
    found.and_then(|value| Color::from_str(value, false).ok()).unwrap_or_default().into()
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_of_colours_is_found_in_any_command_line() {
        let choice = |line: &str| color(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(choice("longspan train --color never --nonsense"), ColorChoice::Never);
        assert_eq!(choice("longspan --color=always"), ColorChoice::Always);
        for auto in ["longspan", "longspan --color", "longspan --color=pink", "longspan --colors never"] {
            assert_eq!(choice(auto), ColorChoice::Auto, "{auto}");
        }
    }
}
