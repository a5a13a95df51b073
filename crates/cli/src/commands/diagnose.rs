//! `longspan diagnose`: finds faults in a run from its records.

pub(crate) mod judge;

use std::path::PathBuf;

use clap::Args;
use longspan_run::directory::history;

use super::probe;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::flags::{Json, Lang};
use crate::progress::Bar;
use crate::stop::Stop;
use crate::streams::{put, put_painted};
use judge::judge;

/// Diagnose a run from its records: what is wrong, the evidence, and what to try
#[derive(Args, Debug)]
#[command(
    after_help = "Exit code 1: a severe finding. Exit code 0: no severe finding; warnings and notes do not change it.\n\n\
                        `longspan explain CODE` explains a finding, and says when it is a false alarm."
)]
pub(crate) struct DiagnoseArgs {
    /// Directory of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
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
    let path = args.run.as_path();
    let mut history = history::read(path)?;
    // A probe that left out what takes long does not count.
    let whole = history.probe.as_ref().is_some_and(|probe| !probe.light && !probe.is_cut_short());
    let probed = whole && history.stale_probe().is_none();
    if args.probe && !probed {
        let stop = Stop::listen()?;
        let whole = probe::ProbeArgs::whole_of(path, args.data.as_deref());
        if probe::measure(&whole, Some(&mut Bar::new()), &|| stop.came())?.is_none() {
            return Ok(ExitCode::from(stop.code()));
        }
        history = history::read(path)?;
    }
    let judged = judge(&history, args.lang.language);
    match args.json.json {
        true => put(&(judged.document.to_string() + "\n"))?,
        false => put_painted(&judged.text)?,
    }
    Ok(judged.code)
}
