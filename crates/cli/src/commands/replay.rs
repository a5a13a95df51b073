//! `longspan replay`: the step that a run could not take, once more.

use std::path::Path;
use std::process::ExitCode;

use clap::ArgMatches;
use longspan_diagnose::{Language, fault, ways_out};
use longspan_record::FaultRecord;
use longspan_run::directory::history;
use longspan_run::report::verdict::RemedyText;
use longspan_run::train::{Replay, replay_fault};
use serde_json::{Value, json};

use super::train::diverged;
use crate::failure::{Failure, put};
use crate::progress::figure;
use longspan_run::machine;

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let run: &Path = matches.get_one::<String>("RUN").expect("clap requires it").as_ref();
    let level = machine::instruction_set()?;
    let threads = matches.get_one::<u64>("threads").map_or(0, |&n| n.min(1024) as usize);
    let replay = replay_fault(run, level, machine::threads(threads))?;
    let same_isa = replay.isa == level.to_string();
    let ways = match &replay.found {
        Some(fault) => ways_out(&history::read(run)?.evidence().facts, fault),
        None => Vec::new(),
    };
    let ways: Vec<_> = ways.iter().map(|way| RemedyText::new(way, Language::English)).collect();
    let text = match matches.get_flag("json") {
        true => document(&replay, &level.to_string(), &ways).to_string() + "\n",
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
        None => lines.push(format!("step {} can be taken", recorded.step)),
    }
    if let Some(last) = recorded.before.last() {
        let norm = format!("gradient norm 10^{:.2}", last.log10_global_norm);
        lines.push(format!(
            "before       step {}: loss {}, {norm}, rate {}",
            last.step,
            figure(last.loss),
            last.lr
        ));
    }
    if *same {
        lines.push("recorded     the same".into());
    } else {
        lines.push(format!("recorded     another one: {}", fault::location(recorded, Language::English)));
        lines.push(match other_isa {
            Some(level) => format!(
                "             it was found on {isa}, and {level} rounds otherwise: LONGSPAN_ISA={isa}"
            ),
            None => "             weights, settings or program are not those that met it".into(),
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
