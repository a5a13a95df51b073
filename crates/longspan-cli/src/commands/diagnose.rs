//! `longspan diagnose`: what is wrong with a run, by what it has recorded.

mod show;

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use clap::ArgMatches;
use longspan::diagnose::diagnose;
use longspan::run::history;

use super::probe;
use crate::args;
use crate::failure::{Failure, put};
use crate::report::language;
use show::Shown;

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let path = Path::new(matches.get_one::<String>("RUN").expect("required"));
    let mut history = history::read(path)?;
    if matches.get_flag("probe") && history.probe.is_none() {
        let line = ["longspan", "probe", "--"].map(OsStr::new).into_iter().chain([path.as_os_str()]);
        let line = args::command().get_matches_from(line);
        let measured = probe::measure(line.subcommand_matches("probe").expect("as it was written"))?;
        if let Err(stopped) = measured {
            return Ok(stopped);
        }
        history = history::read(path)?;
    }
    let language = language(matches);
    let verdict = diagnose(&history.evidence()).told_in(language);
    let shown = Shown { history: &history, verdict: &verdict, language };
    put(&match matches.get_flag("json") {
        true => shown.document().to_string() + "\n",
        false => shown.text(crate::wrap::columns(), colours()),
    })?;
    Ok(if verdict.is_severe() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// On a terminal whose owner has not said no (no-color.org).
fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
