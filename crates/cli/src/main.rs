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
mod tensorboard;
mod wrap;

use std::process::ExitCode;

use args::Command;
use failure::Failure;

fn main() -> ExitCode {
    match args::parse().and_then(|line| run(&line.command)) {
        Ok(code) => code,
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
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
