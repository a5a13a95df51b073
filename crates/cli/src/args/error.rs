//! Errors of the command line, in the form of all other messages.

use std::error::Error as _;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The message for an error of one argument; None for other errors.
pub(super) fn message(error: &clap::Error) -> Option<String> {
    invalid_value(error).or_else(|| file_without_flag(error))
}

/// The message for an invalid value: "--checkpoint worst: choose best or last". None for other errors.
fn invalid_value(error: &clap::Error) -> Option<String> {
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
