//! Errors of the command line, in the form of all other messages.

use std::error::Error as _;
use std::path::Path;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;
use crate::failure::{Failure, fail};

/// Parses the arguments of the program. For help, the version, and errors that are not about one value, clap prints the text and
/// ends the program.
///
/// # Errors
/// A message if an argument has an invalid value, or is a file without its flag.
pub(crate) fn parse() -> Result<Cli, Failure> {
    Cli::try_parse().map_err(|error| match value(&error).or_else(|| file_without_flag(&error)) {
        Some(message) => fail(message),
        None => error.exit(),
    })
}

/// The message for an invalid value: "--checkpoint worst: choose best or last". None for other errors.
fn value(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let need = match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::ValueValidation, _) => error.source()?.to_string(),
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(values))) => {
            let (last, others) = values.split_last()?;
            format!("choose {} or {last}", others.join(", "))
        }
        _ => return None,
    };
    let argument = text(ContextKind::InvalidArg)?;
    // clap names the argument "--checkpoint <NAME>".
    let flag = argument.split_once(' ').map_or(argument, |(flag, _)| flag);
    let value = match text(ContextKind::InvalidValue)? {
        "" => "\"\"",
        value => value,
    };
    Some(format!("{flag} {value}: {need}"))
}

/// The message for a file that stands where a flag is expected. None for other errors.
fn file_without_flag(error: &clap::Error) -> Option<String> {
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(name))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    Path::new(name).exists().then(|| {
        format!(
            "{name}: name data by a flag, such as --text {name}; `longspan inspect {name}` prints the command that fits"
        )
    })
}
