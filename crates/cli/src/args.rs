//! The command line: its commands. The arguments that several commands share are in `flags`.

mod error;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::commands::{
    completions::CompletionsArgs, config::ConfigArgs, demo::DemoArgs, diagnose::DiagnoseArgs, eval::EvalArgs,
    explain::ExplainArgs, inspect::InspectArgs, ls::LsArgs, man::ManArgs, predict::PredictArgs,
    probe::ProbeArgs, replay::ReplayArgs, report::ReportArgs, resume::ResumeArgs, sample::SampleArgs,
    serve::ServeArgs, train::TrainArgs,
};
use crate::failure::{Failure, fail};
use crate::flags::{Global, color};
use crate::streams;

/// Train recurrent networks on sequences and measure the gradient at every time step
#[derive(Parser)]
#[command(name = "longspan", version, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands. The help text of each is the doc comment of its arguments.
#[derive(Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Inspect(InspectArgs),
    Train(Box<TrainArgs>),
    Resume(ResumeArgs),
    Eval(EvalArgs),
    Predict(PredictArgs),
    Sample(SampleArgs),
    Probe(ProbeArgs),
    Diagnose(DiagnoseArgs),
    Explain(ExplainArgs),
    Report(ReportArgs),
    Serve(ServeArgs),
    Config(ConfigArgs),
    Ls(LsArgs),
    Replay(ReplayArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Parses the arguments of the program, of which the first is its name. For help, the version, and errors that are not about
/// one value, clap prints the text.
///
/// # Errors
/// A message if an argument has an invalid value; the exit code if clap has printed.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Failure> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Help and errors of the command line are printed before it is parsed.
    streams::set_colours(color(&arguments));
    Cli::try_parse_from(arguments).map_err(|error| match error::message(&error) {
        Some(message) => fail(message),
        None => streams::usage(&error).map_or_else(|failed| failed, Failure::Shown),
    })
}

/// An error of the command line as one text, for who does not print it.
pub(crate) fn text(error: &clap::Error) -> String {
    let text = error::message(error).unwrap_or_else(|| error.to_string());
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    text.strip_prefix("error: ").unwrap_or(text).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
