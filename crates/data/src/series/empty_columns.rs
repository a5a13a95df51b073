//! The error of columns that have no value.

use super::error::SeriesError;
use super::options::SeriesOptions;
use crate::table::{join_names, list};

impl SeriesError {
    /// The error that columns are `empty`, where all columns of numbers but the `rest` are.
    pub(super) fn empty(options: &SeriesOptions, empty: &[&str], rest: &[&str]) -> Self {
        let learned = options.scaling.is_some();
        let (noun, verb, them) = match empty.len() {
            1 => ("column", "has", "it"),
            _ => ("columns", "have", "them"),
        };
        let names = list(empty.iter().copied());
        let which = if learned { ", which the model reads," } else { "" };
        let others = join_names(rest);
        let remedy = match () {
            () if learned => "write the values".to_owned(),
            () if rest.is_empty() => "name a file with values".to_owned(),
            // A command line is no place for hundreds of names.
            () if others.len() > LONGEST => format!("leave {them} out, and name the others with --columns"),
            () => format!("leave {them} out with --columns {}", quoted(&others)),
        };
        let columns = format!("{noun} {names}{which} {verb}").into();
        Self::NoValues { path: options.path.clone(), columns, remedy: remedy.into() }
    }
}

/// The longest list of columns that a message has as a flag.
const LONGEST: usize = 200;

/// A list of names, in quotes if a shell would split it.
fn quoted(names: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:,+=@".contains(c);
    if names.chars().all(plain) { names.to_owned() } else { format!("'{}'", names.replace('\'', r"'\''")) }
}
