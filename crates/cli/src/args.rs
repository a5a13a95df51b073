//! The command line: its commands, and the arguments that several commands share.

mod error;
mod settings;
mod shared;
mod values;

pub(crate) use error::parse;
pub(crate) use settings::{ReadingFlags, SettingFlags};
pub(crate) use shared::{Data, Json, Lang, Threads, Weights, Which};
pub(crate) use values::{positive, within};

use clap::{Parser, Subcommand};

use crate::commands::{
    config::ConfigArgs, demo::DemoArgs, diagnose::DiagnoseArgs, eval::EvalArgs, explain::ExplainArgs,
    inspect::InspectArgs, ls::LsArgs, predict::PredictArgs, probe::ProbeArgs, replay::ReplayArgs,
    report::ReportArgs, sample::SampleArgs, serve::ServeArgs, train::TrainArgs,
};

/// Train recurrent networks on sequences and measure the gradient at every time step
#[derive(Parser)]
#[command(name = "longspan", version, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands. The help text of each is the doc comment of its arguments.
#[derive(Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Inspect(InspectArgs),
    Train(Box<TrainArgs>),
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
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
