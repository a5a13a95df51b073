//! The failures that end a command with exit code 2. Each has a message that says what is wrong and what to do.

use std::fmt;

/// The reason why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A message, printed after "error: ".
    Message(String),
    /// The reader of standard output closed the pipe, which is not an error.
    Closed,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => f.write_str(message),
            Self::Closed => f.write_str("the output was closed"),
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

/// Writes to standard output.
///
/// # Errors
/// [`Failure::Closed`] if the reader closed the pipe, which ends the command without a message; otherwise a message.
pub(crate) fn put(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => fail(format!("standard output cannot be written ({error}): check where it is redirected to")),
    })
}
