//! The language that `--lang` asks for.

use clap::ArgMatches;
use longspan_diagnose::Language;

/// English, unless told otherwise.
pub(crate) fn language(matches: &ArgMatches) -> Language {
    match matches.get_one::<String>("lang").map(String::as_str) {
        Some("zh") => Language::Chinese,
        _ => Language::English,
    }
}
