//! `longspan config`: prints the settings and their meanings.

use std::path::PathBuf;

use clap::Args;
use longspan_run::config::{Beside, Config};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::streams::{self, put};

/// Print all settings with their defaults, or those that a file resolves to
#[derive(Args, Debug)]
#[command(arg_required_else_help = true)]
pub(crate) struct ConfigArgs {
    /// Print every setting with its meaning and its default, as a TOML file
    #[arg(long)]
    defaults: bool,
    /// Check this TOML file and print the settings that it resolves to
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(crate) fn run(args: &ConfigArgs) -> Result<ExitCode, Failure> {
    let mut config = Config::default();
    if let Some(file) = &args.file {
        config.read(file)?;
        config.check()?;
        let beside = Beside { config: &config, schema: None, from: false };
        beside.without_effect().for_each(|(_, text)| streams::note(format_args!("warning: {text}")));
    }
    put(&config.to_toml(args.defaults))?;
    Ok(ExitCode::SUCCESS)
}
