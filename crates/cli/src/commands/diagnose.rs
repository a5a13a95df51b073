//! `longspan diagnose`: finds faults in a run from its records.

mod show;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use longspan_diagnose::{Language, diagnose};
use longspan_run::directory::history;
use longspan_run::directory::history::History;
use longspan_run::report::verdict::VerdictText;
use serde_json::Value;

use super::probe;
use crate::args::{Json, Lang};
use crate::failure::{Failure, put};
use show::Shown;

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
    /// First run `longspan probe RUN --checkpoint last`, unless the run has that probe already
    #[arg(long)]
    probe: bool,
    #[command(flatten)]
    lang: Lang,
    #[command(flatten)]
    json: Json,
}

pub(crate) fn run(args: &DiagnoseArgs) -> Result<ExitCode, Failure> {
    let path = args.run.as_path();
    let mut history = history::read(path)?;
    // The short probe at the end of training does not count: it leaves out what takes long.
    let probed = history.probe.as_ref().is_some_and(|probe| !probe.light) && history.stale_probe().is_none();
    if args.probe && !probed {
        if let Err(stopped) = probe::measure(&probe::ProbeArgs::last_of(path))? {
            return Ok(stopped);
        }
        history = history::read(path)?;
    }
    let judged = judge(&history, args.lang.language);
    put(&match args.json.json {
        true => judged.document.to_string() + "\n",
        false => judged.text,
    })?;
    Ok(judged.code)
}

/// The diagnosis of a run.
pub(crate) struct Judged {
    pub(crate) text: String,
    pub(crate) document: Value,
    /// 1 if a finding is severe.
    pub(crate) code: ExitCode,
}

/// Applies all rules to the records of a run.
pub(crate) fn judge(history: &History, language: Language) -> Judged {
    let verdict = diagnose(&history.evidence());
    let text = VerdictText::new(&verdict, language);
    let shown = Shown { history, severe: verdict.is_severe(), verdict: &text, language };
    Judged {
        text: shown.text(crate::wrap::columns(), colours()),
        document: shown.document(),
        code: if verdict.is_severe() { ExitCode::from(1) } else { ExitCode::SUCCESS },
    }
}

/// Whether to print colours: on a terminal, unless NO_COLOR is set (no-color.org).
fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
