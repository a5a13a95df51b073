//! The program `longspan` as a library: `main.rs` and the Python package call [`main`].

#![warn(clippy::disallowed_macros)]

mod args;
mod assets;
mod commands;
mod demo;
mod draw;
mod exit_code;
mod failure;
mod flags;
mod paint;
mod progress;
mod report;
mod serve;
mod shell;
mod step_times;
mod stop;
mod streams;
mod tensorboard;
mod training;
mod wrap;

use std::ffi::OsString;

use args::Command;
use exit_code::ExitCode;
use failure::Failure;

pub use commands::probe::probe;
pub use training::train;

/// Ends the process with a message, because so many bytes of memory were refused. The program's allocator calls it.
pub extern "C" fn out_of_memory(bytes: usize) {
    streams::out_of_memory(bytes);
    std::process::exit(2)
}

/// Runs the program with these arguments, of which the first is its name, and returns its exit code.
///
/// It writes to standard output and standard error, and some commands listen for signals.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    match args::parse(arguments).and_then(|line| {
        line.global.apply();
        streams::detail(format_args!("longspan {}", env!("CARGO_PKG_VERSION")));
        let code = run(&line.command)?;
        streams::detail(format_args!("done, exit code {}", code.0));
        Ok(code)
    }) {
        Ok(ExitCode(code)) | Err(Failure::Shown(code)) => code,
        Err(Failure::Closed) => 0,
        Err(failure) => {
            streams::tell(format_args!("error: {failure}"));
            2
        }
    }
}

fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(args) => commands::demo::run(args),
        Command::Inspect(args) => commands::inspect::run(args),
        Command::Train(args) => commands::train::run(args),
        Command::Resume(args) => commands::resume::run(args),
        Command::Eval(args) => commands::eval::run(args),
        Command::Predict(args) => commands::predict::run(args),
        Command::Sample(args) => commands::sample::run(args),
        Command::Probe(args) => commands::probe::run(args),
        Command::Diagnose(args) => commands::diagnose::run(args),
        Command::Explain(args) => commands::explain::run(args),
        Command::Report(args) => commands::report::run(args),
        Command::Serve(args) => commands::serve::run(args),
        Command::Config(args) => commands::config::run(args),
        Command::Ls(args) => commands::ls::run(args),
        Command::Replay(args) => commands::replay::run(args),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    }
}
