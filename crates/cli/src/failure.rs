//! Everything that ends a command with exit code 2: one sentence that names what is wrong and the way out.

use std::fmt;

/// Why a command cannot do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A message of the library or of a command.
    Message(String),
    /// Whoever read our output has enough: not an error.
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

/// A failure with this message.
pub(crate) fn fail(message: impl Into<String>) -> Failure {
    Failure::Message(message.into())
}

/// Writes to standard output; a pipe closed by its reader ends the command quietly.
pub(crate) fn put(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => fail(format!("standard output cannot be written ({error})")),
    })
}
