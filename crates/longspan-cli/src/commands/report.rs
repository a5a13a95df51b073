//! `longspan report`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;
use longspan::run::{RunError, is_run};

use crate::failure::{Failure, fail, put};
use crate::report::{document, html};

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let runs: Vec<PathBuf> =
        matches.get_many::<String>("RUN").into_iter().flatten().map(PathBuf::from).collect();
    if let Some(path) = runs.iter().find(|path| !is_run(path)) {
        return Err(RunError::Missing { path: path.clone() }.into());
    }
    let documents: Vec<_> = runs.iter().map(|path| document(path)).collect();
    let lang = matches.get_one::<String>("lang").map_or("en", String::as_str);
    let text = html(&documents, lang);
    match matches.get_one::<String>("output").map(String::as_str) {
        Some("-") => put(&text)?,
        output => {
            let output = output.map_or_else(|| PathBuf::from("report.html"), PathBuf::from);
            std::fs::write(&output, text).map_err(|error| {
                fail(format!("{} cannot be written ({error}): choose another -o", output.display()))
            })?;
            eprintln!("{}: open it in a browser", output.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
