//! `longspan config`: the settings and their meanings.

use std::process::ExitCode;

use clap::ArgMatches;
use longspan_run::config::Config;

use crate::failure::{Failure, put};

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let mut config = Config::default();
    let explained = matches.get_flag("defaults");
    if let Some(file) = matches.get_one::<String>("FILE") {
        config.read(file.as_ref())?;
        config.check()?;
    }
    put(&config.to_toml(explained))?;
    Ok(ExitCode::SUCCESS)
}
