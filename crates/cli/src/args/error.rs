//! What is wrong with a command line, in the words and the form of all other messages.

use std::error::Error as _;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;
use crate::failure::{Failure, fail};

/// The arguments of the program. Help, the version and errors of the line as a whole are printed by clap, which ends the
/// program then.
///
/// # Errors
/// A value that an argument cannot have.
pub(crate) fn parse() -> Result<Cli, Failure> {
    Cli::try_parse().map_err(|error| match value(&error) {
        Some(message) => fail(message),
        None => error.exit(),
    })
}

/// "--checkpoint worst: choose best or last", for an error of a value.
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
    // "--checkpoint <NAME>" without its value.
    let flag = argument.split_once(' ').map_or(argument, |(flag, _)| flag);
    let value = match text(ContextKind::InvalidValue)? {
        "" => "\"\"",
        value => value,
    };
    Some(format!("{flag} {value}: {need}"))
}
