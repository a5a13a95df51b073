//! `longspan ls`: lists the runs of a directory.

mod table;

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use longspan_run::directory;
use longspan_run::directory::{UNFINISHED, UNREADABLE, is_run};
use longspan_run::visible;
use serde_json::{Value, json};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::flags::Json;
use crate::streams::{self, put, put_painted};
use table::Row;

/// The number of levels of directories that are searched below the given one.
const DEPTH: usize = 3;

/// List the runs in a directory: when they began, how they ended, best score and first finding
#[derive(Args, Debug)]
pub(crate) struct LsArgs {
    /// Directory to search for runs
    #[arg(value_name = "DIR", default_value = "runs")]
    directory: PathBuf,
    #[command(flatten)]
    json: Json,
}

pub(crate) fn run(args: &LsArgs) -> Result<ExitCode, Failure> {
    let directory = args.directory.as_path();
    if !directory.is_dir() {
        return Err(fail(format!(
            "there is no directory {}: name a directory that contains runs, or train one (next: longspan train --help)",
            directory.display()
        )));
    }
    let Found { runs: paths, failed } = runs(directory, Links::Followed);
    for (path, error) in failed {
        streams::note(format_args!("note: {} cannot be listed ({error})", visible::path(&path)));
    }
    let records: Vec<Value> = paths.iter().map(|path| describe(path)).collect();
    if args.json.json {
        put(&(Value::from(records).to_string() + "\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if records.is_empty() {
        streams::note(format_args!(
            "there are no runs in {} (next: longspan train --help)",
            directory.display()
        ));
        return Ok(ExitCode::SUCCESS);
    }
    for problem in records.iter().filter_map(|record| record["problem"].as_str()) {
        streams::note(format_args!("note: {}", visible::line(problem)));
    }
    let rows = records.iter().zip(&paths).map(|(record, path)| Row::new(path, record)).collect::<Vec<_>>();
    put_painted(&table::text(&rows, streams::output_columns(), streams::output_has_colours()))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether directories that are symbolic links are searched.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Links {
    Followed,
    Skipped,
}

/// Runs, and directories that cannot be listed.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) runs: Vec<PathBuf>,
    pub(crate) failed: Vec<(PathBuf, io::Error)>,
}

/// Finds the runs in a directory and up to [`DEPTH`] levels below it, sorted by path.
pub(crate) fn runs(directory: &Path, links: Links) -> Found {
    let mut found = Found::default();
    find(directory, DEPTH, links, &mut found);
    found.runs.sort();
    found
}

fn find(directory: &Path, depth: usize, links: Links, found: &mut Found) {
    if is_run(directory) {
        found.runs.push(directory.into());
    } else if depth > 0 {
        match folders(directory, links) {
            Ok(folders) => folders.iter().for_each(|folder| find(folder, depth - 1, links, found)),
            // It was removed in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => found.failed.push((directory.into(), error)),
        }
    }
}

/// The directories in a directory.
fn folders(directory: &Path, links: Links) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let is_directory = match links {
            Links::Followed => entry.path().is_dir(),
            Links::Skipped => entry.file_type()?.is_dir(),
        };
        if is_directory {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

fn describe(path: &Path) -> Value {
    let record = match directory::read_record(path) {
        Ok(record) => record,
        Err(error) => {
            return json!({"run": visible::name(path), "outcome": UNREADABLE, "problem": error.to_string()});
        }
    };
    let config = directory::read_config(path).ok();
    let model = config.map(|c| format!("{} {}x{}", c.model.cell, c.model.layers, c.model.hidden));
    let ended = directory::read_summary(path).ok().flatten().unwrap_or_default();
    let unit = record.data.unit;
    json!({
        "run": visible::name(path),
        "data": record.data.description,
        "model": model,
        "parameters": record.parameters,
        "created": record.created,
        "step": ended.step,
        "steps": ended.steps,
        "unit": unit,
        "best_loss": ended.best_loss,
        "best_accuracy": ended.best_accuracy,
        "baseline_loss": record.data.baseline_loss,
        "baseline": record.data.baseline,
        "outcome": ended.outcome.as_deref().unwrap_or(UNFINISHED),
        "findings": ended.findings,
    })
}
