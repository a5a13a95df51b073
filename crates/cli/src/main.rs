//! The program `longspan`: parses the command line and runs the command.

mod args;
mod assets;
mod commands;
mod demo;
mod draw;
mod failure;
mod flags;
mod progress;
mod report;
mod serve;
mod shell;
mod step_times;
mod stop;
mod streams;
mod tensorboard;
mod wrap;

use std::process::ExitCode;

use longspan_kernel::allocator::Allocator;

use args::Command;
use failure::Failure;

/// What does not fit into memory and was not noticed before ends with a message instead of an abort. All files of a run are
/// written so that the process may end at any moment.
#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new(out_of_memory);

extern "C" fn out_of_memory(bytes: usize) {
    streams::out_of_memory(bytes);
    std::process::exit(2)
}

fn main() -> ExitCode {
    match args::parse().and_then(|line| run(&line.command)) {
        Ok(code) => code,
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Shown(code)) => ExitCode::from(code),
        Err(failure) => {
            streams::note(format_args!("error: {failure}"));
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(args) => commands::demo::run(args),
        Command::Inspect(args) => commands::inspect::run(args),
        Command::Train(args) => commands::train::run(args),
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
    }
}
