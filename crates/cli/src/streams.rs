//! Standard output and standard error. Nothing else in the program writes to them.
//!
//! A stream may have no reader: its pipe is closed, its disk is full. Standard error is for people, so a line that cannot
//! be written is dropped and the command continues. Standard output is the result of a command:
//!
//! | standard output | a document, see [`put`] | a stream, see [`put_more`] | the summary of training, see [`show`] |
//! |---|---|---|---|
//! | the pipe is closed | the exit code stays | the command ends, exit code 0 | the exit code stays |
//! | any other error, such as a full disk | message, exit code 2 | message, exit code 2 | the exit code stays |
//!
//! What people read contains names and texts of files. They do not control the terminal: control characters and marks that change
//! the direction of writing are escaped, see [`visible`]. Data for other programs ([`put_data`], [`put_more`]) are escaped only
//! where standard output is a terminal.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Mutex;
use std::time::Instant;

use anstream::{AutoStream, ColorChoice};
use indicatif::ProgressDrawTarget;
use longspan_run::visible;
use terminal_size::{Width, terminal_size_of};

use crate::failure::{Failure, fail};
use crate::paint;

/// What is written to standard error, as the global options say. A process that calls the program several times sets it each
/// time.
#[derive(Clone, Copy)]
struct Notes {
    quiet: bool,
    /// The start of a command that prints details.
    verbose: Option<Instant>,
    progress: bool,
}

static NOTES: Mutex<Notes> = Mutex::new(Notes { quiet: false, verbose: None, progress: true });

fn notes() -> Notes {
    *NOTES.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Sets what is written to standard error: only errors if `quiet`, also details if `verbose`, and progress or none.
pub(crate) fn set_notes(quiet: bool, verbose: bool, progress: bool) {
    let set = Notes { quiet, verbose: verbose.then(Instant::now), progress: progress && !quiet };
    *NOTES.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = set;
}

/// Sets when colours are used. With `Auto`, they are used on a terminal; NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM may say
/// otherwise.
pub(crate) fn set_colours(choice: ColorChoice) {
    choice.write_global();
}

/// Writes a message of one line to standard error, if it can be written: an error, or what is always said. A line feed in it is
/// escaped.
pub(crate) fn tell(line: impl Display) {
    // One call for each line, so that the lines of several processes do not mix.
    let line = paint::message(&visible::line(&line.to_string()), notes_have_colours()) + "\n";
    let _ = stderr().write_all(line.as_bytes());
}

/// The same for a note or a warning, which `--quiet` leaves out.
pub(crate) fn note(line: impl Display) {
    if !notes().quiet {
        tell(line);
    }
}

/// The same for a detail, which only `--verbose` shows, with the seconds since the start.
pub(crate) fn detail(line: impl Display) {
    if let Some(line) = detailed(line) {
        tell(line);
    }
}

/// Replaces the line of progress on the terminal of standard error. The cursor stays at its end, so that `^C` is a part of it.
pub(crate) fn redraw(line: &str) {
    let _ = stderr().write_all(format!("\r{line}\u{1b}[K").as_bytes());
}

/// A detail as a line; None without `--verbose`.
pub(crate) fn detailed(line: impl Display) -> Option<String> {
    notes().verbose.map(|start| format!("[{:8.3} s] {line}", start.elapsed().as_secs_f64()))
}

/// Writes the result of a command to standard output: a text for people, or a JSON document. If the reader closed the pipe, it
/// wants no more of it.
///
/// # Errors
/// A message if standard output cannot be written for another reason: the result is incomplete.
pub(crate) fn put(text: &str) -> Result<(), Failure> {
    whole(&visible::lines(text))
}

/// The same for a text with colours, whose names are escaped already.
pub(crate) fn put_painted(text: &str) -> Result<(), Failure> {
    whole(text)
}

/// The same for a file, such as a page.
pub(crate) fn put_data(text: &str) -> Result<(), Failure> {
    whole(&for_output(text))
}

fn whole(text: &str) -> Result<(), Failure> {
    match write(text.as_bytes()) {
        Err(Failure::Closed) => Ok(()),
        other => other,
    }
}

/// Writes a part of the result of a command, which computes the next part only if somebody reads it: whole lines, or whole
/// characters.
///
/// # Errors
/// [`Failure::Closed`] if the reader closed the pipe, which ends the command without a message; otherwise a message.
pub(crate) fn put_more(text: &str) -> Result<(), Failure> {
    write(for_output(text).as_bytes())
}

/// A text for other programs, escaped if standard output is a terminal.
fn for_output(text: &str) -> Cow<'_, str> {
    if output_is_terminal() { visible::lines(text) } else { text.into() }
}

fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| unwritable(&error))
}

/// Writes to standard output, if it can be written: a summary of files that the command has written.
pub(crate) fn show(text: &str) {
    let _ = write(visible::lines(text).as_bytes());
}

/// Prints an error of the command line, help or the version, as clap formats them, and returns the exit code.
///
/// # Errors
/// A message if help or the version cannot be written.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub(crate) fn usage(error: &clap::Error) -> Result<u8, Failure> {
    // An argument may be the name of a file, which the shell filled in.
    let text = error.render().to_string();
    let shown = visible::lines(&text);
    if error.use_stderr() && shown != text {
        let _ = stderr().write_all(shown.as_bytes());
        return Ok(error.exit_code() as u8);
    }
    match error.print() {
        Err(failed) if !error.use_stderr() && failed.kind() != ErrorKind::BrokenPipe => {
            Err(unwritable(&failed))
        }
        _ => Ok(error.exit_code() as u8),
    }
}

/// Writes an error to standard error without allocating.
pub(crate) fn out_of_memory(bytes: usize) {
    let mut text = [0; 256];
    let mut rest = &mut text[..];
    let size = bytes as f64 / 1e6;
    let _ = writeln!(
        rest,
        "error: out of memory: another {size:.0} MB were needed: choose a smaller --hidden, --batch or --unroll, or raise the \
         limit of this process (ulimit -v)"
    );
    let length = 256 - rest.len();
    let _ = stderr().write_all(&text[..length]);
}

/// Whether standard output is a terminal.
pub(crate) fn output_is_terminal() -> bool {
    stdout().is_terminal()
}

/// Whether standard output has colours.
pub(crate) fn output_has_colours() -> bool {
    AutoStream::choice(&stdout()) != ColorChoice::Never
}

/// Whether standard error has colours.
pub(crate) fn notes_have_colours() -> bool {
    AutoStream::choice(&stderr()) != ColorChoice::Never
}

/// Whether progress is shown.
pub(crate) fn progress_is_shown() -> bool {
    notes().progress
}

/// Whether progress bars are shown: standard error is a terminal.
pub(crate) fn bars_are_shown() -> bool {
    // A dumb terminal cannot replace a line.
    progress_is_shown()
        && stderr().is_terminal()
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The width of the terminal of standard output in columns; None if it is not a terminal, or does not say.
pub(crate) fn output_columns() -> Option<usize> {
    terminal_size_of(stdout()).map(|(Width(columns), _)| columns.into()).filter(|&columns| columns > 0)
}

/// The same for standard error.
pub(crate) fn notes_columns() -> Option<usize> {
    terminal_size_of(stderr()).map(|(Width(columns), _)| columns.into()).filter(|&columns| columns > 0)
}

/// Where progress bars are drawn: standard error. They drop what cannot be written.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub(crate) fn bars() -> ProgressDrawTarget {
    ProgressDrawTarget::stderr_with_hz(8)
}

fn unwritable(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::BrokenPipe => Failure::Closed,
        _ => fail(format!("standard output cannot be written ({error}): check where it is redirected to")),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that may")]
fn stdout() -> io::Stdout {
    io::stdout()
}

#[expect(clippy::disallowed_methods, reason = "the one place that may")]
fn stderr() -> io::Stderr {
    io::stderr()
}
