//! `longspan inspect`: describes a file or folder, and prints the command that trains on it.

mod run;
mod show;
mod wait;

use std::path::PathBuf;

use clap::Args;
use longspan_data::inspect::{Given, inspect};
use longspan_run::config::Config;
use longspan_run::directory::is_run;
use serde_json::Value;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::flags::{Json, TableFlags};
use crate::streams::put;

/// Describe a file or folder, and print the command that trains on it
#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// Data (labelled sequences, series, images, music or text), a run, a checkpoint or a file of weights
    #[arg(value_name = "DATA")]
    data: PathBuf,
    #[command(flatten)]
    json: Json,
    #[command(flatten)]
    table: TableFlags,
}

pub(crate) fn run(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let (path, json) = (args.data.as_path(), args.json.json);
    let own = if is_run(path) {
        Some(run::run(path)?)
    } else if run::is_weights(path) {
        Some(run::weights(path)?)
    } else {
        None
    };
    let text = match own {
        Some(lines) if json => Value::Object(lines.document).to_string() + "\n",
        Some(lines) => lines.text,
        None => {
            let mut config = Config::default();
            args.table.set(&mut config)?;
            let given = Given {
                table: config.data.table(),
                columns: config.data.columns.0.clone(),
                time_column: config.data.time_column.clone(),
                sort_time: config.data.sort_time,
                day_first: config.data.day_first,
            };
            let found = wait::shown(path, |read| inspect(path, &given, read))?;
            if json { serde_json::to_string(&show::document(&found))? + "\n" } else { show::text(&found) }
        }
    };
    put(&text)?;
    Ok(ExitCode::SUCCESS)
}
