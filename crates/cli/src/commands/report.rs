//! `longspan report`: runs as a page, as Markdown, as their documents, or as a table of their metrics.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;
use longspan_run::directory::{RunError, is_run};
use longspan_run::report::RunReport;

use crate::failure::{Failure, fail, put};
use crate::report::{csv, html, language, markdown};

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let runs: Vec<PathBuf> =
        matches.get_many::<String>("RUN").into_iter().flatten().map(PathBuf::from).collect();
    if let Some(path) = runs.iter().find(|path| !is_run(path)) {
        return Err(RunError::Missing { path: path.clone() }.into());
    }
    let output = matches.get_one::<String>("output").map(String::as_str);
    let format = matches.get_one::<String>("format").map_or_else(|| by_name(output), String::as_str);
    let language = language(matches);
    let reports = || runs.iter().map(|path| RunReport::read(path)).collect::<Vec<_>>();
    let text = match format {
        "json" => serde_json::to_string(&reports())? + "\n",
        "md" => markdown(&reports(), language),
        "csv" => csv(&runs)?,
        _ => html(&reports(), language.code()),
    };
    match output.or((format == "html").then_some("report.html")) {
        None | Some("-") => put(&text)?,
        Some(output) => {
            std::fs::write(output, text)
                .map_err(|error| fail(format!("{output} cannot be written ({error}): choose another -o")))?;
            let what = if format == "html" { "open it in a browser" } else { "written" };
            eprintln!("{output}: {what}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The format that a file's name asks for.
fn by_name(output: Option<&str>) -> &'static str {
    let extension = output.and_then(|output| Path::new(output).extension()?.to_str());
    match extension {
        Some("json") => "json",
        Some("md" | "markdown") => "md",
        Some("csv") => "csv",
        _ => "html",
    }
}
