//! `longspan replay`: repeats the training step at which a run diverged.

use std::path::PathBuf;

use clap::Args;
use longspan_diagnose::{Language, fault, ways_out};
use longspan_record::{FaultRecord, json_float};
use longspan_run::dialect::Dialect;
use longspan_run::directory::history;
use longspan_run::report::verdict::RemedyText;
use longspan_run::train::{Replay, replay_fault};
use serde_json::{Value, json};

use super::train::{diverged, norm};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::flags::{Json, Threads};
use crate::progress::figure;
use crate::streams::put;
use longspan_run::machine;

/// Repeat the training step at which a run diverged, and locate its first bad value
#[derive(Args, Debug)]
#[command(
    after_help = "Does not change the run. Exit code 1: the first bad value differs from the recorded one."
)]
pub(crate) struct ReplayArgs {
    /// Directory of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Repeat the step that failed
    #[arg(long, required = true)]
    fault: bool,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    json: Json,
}

pub(crate) fn run(args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let run = args.run.as_path();
    let level = machine::instruction_set()?;
    let replay = replay_fault(run, level, args.threads.count(0))?;
    let same_isa = replay.isa == level.to_string();
    let ways = match &replay.found {
        Some(fault) => ways_out(&history::read(run)?.evidence().facts, fault),
        None => Vec::new(),
    };
    let ways: Vec<_> =
        ways.iter().map(|way| RemedyText::new(way, &Dialect::Longspan, Language::English)).collect();
    let text = match args.json.json {
        true => json_float::document(document(&replay, &level.to_string(), &ways)).to_string() + "\n",
        false => describe(&replay, (!same_isa).then(|| level.to_string()), &ways),
    };
    put(&text)?;
    Ok(if replay.same { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn describe(replay: &Replay, other_isa: Option<String>, ways: &[RemedyText]) -> String {
    let Replay { recorded, found, isa, same } = replay;
    let mut lines = Vec::new();
    match found {
        Some(fault) => lines.push(diverged(fault)),
        None => lines.push(format!("step {} did not fail this time: all values are finite", recorded.step)),
    }
    if let Some(last) = recorded.before.last() {
        let norm = format!("gradient norm {}", norm(last.log10_global_norm));
        lines.push(format!(
            "before       step {}: loss {}, {norm}, learning rate {}",
            last.step,
            figure(last.loss),
            last.lr
        ));
    }
    if *same {
        lines.push("recorded     the same bad value".into());
    } else {
        lines.push(format!(
            "recorded     a different bad value: {}",
            fault::location(recorded, Language::English)
        ));
        lines.push(match other_isa {
            Some(level) => {
                format!("             it was recorded on {isa}, and {level} rounds differently: set LONGSPAN_ISA={isa}")
            }
            None => "             the weights, the settings or the program have changed since then".into(),
        });
    }
    for (i, way) in ways.iter().enumerate() {
        lines.push(format!("{}{way}", if i == 0 { "try          " } else { "             " }));
    }
    lines.join("\n") + "\n"
}

fn document(replay: &Replay, level: &str, ways: &[RemedyText]) -> Value {
    let of = |record: &FaultRecord| {
        let mut value = serde_json::to_value(record).expect("names and numbers");
        value["reason"] = fault::reason(record, Language::English).into();
        value
    };
    json!({
        "same": replay.same,
        "isa": level,
        "recorded_isa": replay.isa,
        "fault": replay.found.as_ref().map(of),
        "recorded": of(&replay.recorded),
        "ways_out": ways.iter().map(RemedyText::what).collect::<Vec<_>>(),
    })
}
