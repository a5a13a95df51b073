//! Parsers of values. Their errors say what the argument needs.

use std::fmt::Display;
use std::str::FromStr;

/// Parses a whole number.
///
/// # Errors
/// The text of a message.
pub(crate) fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "needs a whole number, 0 or more".into())
}

/// Parses a whole number above 0.
///
/// # Errors
/// The text of a message.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    let number = whole(text).ok().filter(|&n| n > 0);
    let number = number.ok_or_else(|| "needs a whole number, 1 or more".to_owned())?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

/// Returns a parser of numbers from `least` to `most`, both included.
pub(crate) fn within<T>(
    least: T,
    most: T,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static,
{
    move |text| match text.trim().parse::<T>() {
        Ok(n) if n >= least && n <= most => Ok(n),
        _ => Err(format!("needs a number from {least} to {most}")),
    }
}
