//! Readers of values, whose errors say what an argument needs.

use std::fmt::Display;
use std::str::FromStr;

/// A whole number.
pub(crate) fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "needs a whole number, 0 or more".into())
}

/// A whole number that is not 0.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    let number = whole(text).ok().filter(|&n| n > 0);
    let number = number.ok_or_else(|| "needs a whole number, 1 or more".to_owned())?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

/// A reader of numbers between two others, which are included.
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
