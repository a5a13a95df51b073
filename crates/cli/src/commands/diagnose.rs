//! `longspan diagnose`: what is wrong with a run, by what it has recorded.

mod show;

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use clap::ArgMatches;
use longspan_diagnose::{Language, diagnose};
use longspan_run::directory::history;
use longspan_run::directory::history::History;
use longspan_run::report::verdict::VerdictText;
use serde_json::Value;

use super::probe;
use crate::args;
use crate::failure::{Failure, put};
use crate::report::language;
use show::Shown;

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let path = Path::new(matches.get_one::<String>("RUN").expect("required"));
    let mut history = history::read(path)?;
    // Of the last weights, and all of them: a small one leaves out what takes long.
    let probed = history.probe.as_ref().is_some_and(|probe| !probe.light) && history.stale_probe().is_none();
    if matches.get_flag("probe") && !probed {
        let line = ["longspan", "probe", "--checkpoint", "last", "--"]
            .map(OsStr::new)
            .into_iter()
            .chain([path.as_os_str()]);
        let line = args::command().get_matches_from(line);
        let measured = probe::measure(line.subcommand_matches("probe").expect("as it was written"))?;
        if let Err(stopped) = measured {
            return Ok(stopped);
        }
        history = history::read(path)?;
    }
    let judged = judge(&history, language(matches));
    put(&match matches.get_flag("json") {
        true => judged.document.to_string() + "\n",
        false => judged.text,
    })?;
    Ok(judged.code)
}

/// What is to be said of a run.
pub(crate) struct Judged {
    pub(crate) text: String,
    pub(crate) document: Value,
    /// 1 where something ruins the run.
    pub(crate) code: ExitCode,
}

/// Judges a run by what it has recorded.
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

/// On a terminal whose owner has not said no (no-color.org).
fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
