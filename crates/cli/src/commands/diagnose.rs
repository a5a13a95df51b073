//! `longspan diagnose`: finds faults in a run from its records.

pub(crate) mod judge;

use std::path::{Path, PathBuf};

use clap::Args;
use longspan_run::directory::history::{self, History};
use longspan_run::visible;
use serde_json::Value;

use super::probe;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::flags::{Json, Lang};
use crate::progress::{Bar, counted};
use crate::stop::Stop;
use crate::streams::{self, put, put_painted};
use crate::wrap::columns;
use judge::{Judged, judge};

/// Diagnose one or more runs from their records: what is wrong, the evidence, and what to try
#[derive(Args, Debug)]
#[command(
    after_help = "Exit code 1: a severe finding. Exit code 0: no severe finding; warnings and notes do not change it.\n\n\
                        `longspan explain CODE` explains a finding, and says when it is a false alarm."
)]
pub(crate) struct DiagnoseArgs {
    /// Directories of runs
    #[arg(value_name = "RUN", required = true, num_args = 1..)]
    runs: Vec<PathBuf>,
    /// First run `longspan probe RUN --checkpoint last --limit none`, unless the run has that probe already
    #[arg(long)]
    probe: bool,
    /// With --probe: new path of the run's data, if they have moved; their content must be the same
    #[arg(long, value_name = "FILE", requires = "probe")]
    data: Option<PathBuf>,
    #[command(flatten)]
    lang: Lang,
    #[command(flatten)]
    json: Json,
}

pub(crate) fn run(args: &DiagnoseArgs) -> Result<ExitCode, Failure> {
    let mut judged = Vec::new();
    for path in &args.runs {
        if args.probe
            && let Some(stopped) = probe_whole(path, args.data.as_deref())?
        {
            return Ok(stopped);
        }
        let history = history::read(path)?;
        streams::detail(read(&history));
        judged.push(judge(&history, args.lang.language));
    }
    match args.json.json {
        true => put(&(document(&judged).to_string() + "\n"))?,
        false => put_painted(&text(&judged))?,
    }
    let severe = judged.iter().map(|judged| judged.code).find(|code| *code != ExitCode::SUCCESS);
    Ok(severe.unwrap_or(ExitCode::SUCCESS))
}

/// What was read of a run.
fn read(history: &History) -> String {
    format!(
        "read {}: {}, {}, {} a probe",
        visible::path(&history.path),
        counted(history.steps.len() as u64, "step record"),
        counted(history.valid.len() as u64, "validation"),
        if history.probe.is_some() { "with" } else { "without" }
    )
}

/// One document for one run, a list of them for several.
fn document(judged: &[Judged]) -> Value {
    match judged {
        [judged] => judged.document.clone(),
        judged => judged.iter().map(|judged| judged.document.clone()).collect(),
    }
}

/// The text of each run, whose first line is its heading, with a rule between two runs.
fn text(judged: &[Judged]) -> String {
    let rule = format!("\n{}\n\n", "─".repeat(columns()));
    judged.iter().map(|judged| judged.text.as_str()).collect::<Vec<_>>().join(&rule)
}

/// Probes the last weights of a run, whatever it takes, unless the run has that probe. Returns an exit code if a signal stopped
/// it.
fn probe_whole(run: &Path, data: Option<&Path>) -> Result<Option<ExitCode>, Failure> {
    let history = history::read(run)?;
    // A probe that left out what takes long does not count.
    let whole = history.probe.as_ref().is_some_and(|probe| !probe.light && !probe.is_cut_short());
    if whole && history.stale_probe().is_none() {
        return Ok(None);
    }
    let stop = Stop::listen()?;
    let whole = probe::ProbeArgs::whole_of(run, data);
    let probed = probe::measure(&whole, Some(&mut Bar::new()), &|| stop.came())?;
    Ok(probed.is_none().then(|| ExitCode::from(stop.code())))
}
