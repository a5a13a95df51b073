//! Errors of the command line, in the form of all other messages.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The message for an invalid value: "--checkpoint worst: choose best or last". None for other errors.
pub(super) fn message(error: &clap::Error) -> Option<String> {
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
