//! The program `longspan`.

mod args;
mod assets;
mod commands;
mod demo;
mod draw;
mod failure;
mod progress;
mod report;
mod serve;
mod step_times;
mod stop;
mod tensorboard;
mod wrap;

use std::process::ExitCode;

use failure::Failure;

fn main() -> ExitCode {
    let matches = args::command().get_matches();
    let done = match matches.subcommand() {
        Some(("train", matches)) => commands::train::run(matches),
        Some(("eval", matches)) => commands::eval::run(matches),
        Some(("predict", matches)) => commands::predict::run(matches),
        Some(("sample", matches)) => commands::sample::run(matches),
        Some(("diagnose", matches)) => commands::diagnose::run(matches),
        Some(("explain", matches)) => commands::explain::run(matches),
        Some(("config", matches)) => commands::config::run(matches),
        Some(("ls", matches)) => commands::ls::run(matches),
        Some(("inspect", matches)) => commands::inspect::run(matches),
        Some(("replay", matches)) => commands::replay::run(matches),
        Some(("probe", matches)) => commands::probe::run(matches),
        Some(("report", matches)) => commands::report::run(matches),
        Some(("serve", matches)) => commands::serve::run(matches),
        Some(("demo", matches)) => commands::demo::run(matches),
        _ => unreachable!("clap requires one of the commands"),
    };
    match done {
        Ok(code) => code,
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}
