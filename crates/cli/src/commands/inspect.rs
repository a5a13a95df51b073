//! `longspan inspect`: what a file or folder holds, and the command that trains on it.

mod run;
mod show;
mod wait;

use std::path::Path;
use std::process::ExitCode;

use clap::ArgMatches;
use longspan_data::inspect::inspect;
use longspan_run::directory::is_run;
use serde_json::Value;

use crate::failure::{Failure, fail, put};

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let path = Path::new(matches.get_one::<String>("DATA").expect("required"));
    let json = matches.get_flag("json");
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
            let found = wait::shown(path, |read| inspect(path, read))?;
            match json {
                true => serde_json::to_string(&found).map_err(|error| fail(error.to_string()))? + "\n",
                false => show::text(&found),
            }
        }
    };
    put(&text)?;
    Ok(ExitCode::SUCCESS)
}
