//! `longspan report`: writes runs as an HTML page, Markdown, JSON documents, or a CSV table of their metrics.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use longspan_run::directory::{RunError, UNREADABLE, is_run};
use longspan_run::report::RunReport;
use longspan_run::{visible, whole_file};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::flags::Lang;
use crate::report::{csv, html, markdown};
use crate::streams::{self, put_data};

/// Write a report about one or more runs: findings, learning curves and the gradient through time
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  longspan report runs/book-lstm-1\n  \
                        longspan report runs/a runs/b -o comparison.html --lang zh\n  \
                        longspan report runs/book-lstm-1 --format md\n  \
                        longspan report runs/a runs/b -o metrics.csv")]
pub(crate) struct ReportArgs {
    /// Directories of runs; several are compared
    #[arg(value_name = "RUN", required = true, num_args = 1..)]
    runs: Vec<PathBuf>,
    /// File to write; - for standard output [default: report.html for html, otherwise -]
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Format: html (a page that opens offline), md (Markdown), json (the data of the page) or csv (the metrics of each step)
    /// [default: by the extension of FILE, otherwise html]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    #[command(flatten)]
    lang: Lang,
}

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Html,
    Md,
    Json,
    Csv,
}

pub(crate) fn run(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let runs = &args.runs;
    if let Some(path) = runs.iter().find(|path| !is_run(path)) {
        return Err(RunError::Missing { path: path.clone() }.into());
    }
    let output = args.output.as_deref();
    let format = args.format.map_or_else(|| by_name(output), Ok)?;
    let language = args.lang.language;
    let reports = || runs.iter().map(|path| read(path)).collect::<Vec<_>>();
    let text = match format {
        Format::Json => serde_json::to_string(&reports())? + "\n",
        Format::Md => markdown(&reports(), language),
        Format::Csv => csv(runs)?,
        Format::Html => html(&reports(), language.code()),
    };
    match output.or((format == Format::Html).then_some("report.html")) {
        None | Some("-") => put_data(&text)?,
        Some(output) => {
            whole_file::write(Path::new(output), text)
                .map_err(|error| fail(format!("{output} cannot be written ({error}): choose another -o")))?;
            let more = if format == Format::Html { ": open it in a browser" } else { "" };
            streams::note(format_args!("wrote {output}{more}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a run. The report of one that cannot be read has only the reason, which is printed here as well.
fn read(path: &Path) -> RunReport {
    let report = RunReport::read(path);
    if report.outcome == UNREADABLE {
        report
            .problems
            .iter()
            .for_each(|problem| streams::note(format_args!("note: {}", visible::line(problem))));
    }
    report
}

/// The format of a file by its extension.
///
/// # Errors
/// If the extension is that of another format.
fn by_name(output: Option<&str>) -> Result<Format, Failure> {
    let extension = output.and_then(|output| Path::new(output).extension()?.to_str());
    match extension {
        Some("json") => Ok(Format::Json),
        Some("md" | "markdown") => Ok(Format::Md),
        Some("csv") => Ok(Format::Csv),
        None | Some("html" | "htm") => Ok(Format::Html),
        Some(other) => Err(fail(format!(
            "-o {}: reports are not written as .{other}: choose .html, .md, .json or .csv, or add --format",
            output.unwrap_or_default()
        ))),
    }
}
