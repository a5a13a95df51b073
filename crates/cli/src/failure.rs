//! The failures that end a command with exit code 2. Each has a message that says what is wrong and what to do.

use std::fmt;

/// The reason why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A message, printed after "error: ".
    Message(String),
    /// The reader of standard output closed the pipe, which is not an error.
    Closed,
    /// An error of the command line that is already printed, or help, which is not an error: the exit code.
    Shown(u8),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => f.write_str(message),
            Self::Closed => f.write_str("the output was closed"),
            Self::Shown(code) => write!(f, "exit code {code}"),
        }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Message(error.to_string())
    }
}

/// Makes a failure with this message.
pub(crate) fn fail(message: impl Into<String>) -> Failure {
    Failure::Message(message.into())
}
