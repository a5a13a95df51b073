//! Runs with one fault planted each, and good ones: are the faults found, and is nothing said of good runs?
//!
//! Each plant says which codes have to be found and which may be, from what it does; `verdicts/truth.rs` measures that it does it.
//! Thresholds of rules were chosen on one half of the runs; what is published is from the other, which a hash of the name chooses.
//! `tools/faults.sh` shows what this prints: the tables of docs/findings.md.
#![allow(missing_docs, reason = "a test file")]

mod autotrainer;
mod bases;
mod figures;
mod judge;
mod plan;
mod plants;
mod score;
mod sources;
mod table;
mod trace;
mod truth;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use autotrainer::Signs;
use figures::Figures;
use longspan_diagnose::{Language, Severity};
use plan::Plan;
use score::{Counts, Share};
use table::{Said, markdown, overall};
use trace::trace;
use truth::{CODES, holds};

/// Runs plans side by side, one thread each, in the order of the plans.
fn run_all(plans: &[Plan]) -> Vec<Said> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut said: Vec<(usize, Said)> = std::thread::scope(|scope| {
        let work = || {
            let mut said = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(plan) = plans.get(index) else { return said };
                said.push((index, judged(plan)));
            }
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("a run without a panic")).collect()
    });
    said.sort_by_key(|said| said.0);
    said.into_iter().map(|said| said.1).collect()
}

fn judged(plan: &Plan) -> Said {
    let trace = trace(plan);
    let figures = Figures::of(&trace);
    let found = judge::findings(plan, &trace);
    let name = |code: &str| CODES.into_iter().find(|known| *known == code).expect("a known code");
    if std::env::var_os("FAULTS_SHOW").is_some() && !plan.held_out() {
        let codes: Vec<&str> = found.iter().map(|f| f.code()).collect();
        let missed: Vec<_> = plan.required.iter().filter(|c| !codes.contains(c)).collect();
        let alarms: Vec<_> = found
            .iter()
            .filter(|f| !plan.required.iter().chain(&plan.permitted).any(|c| *c == f.code()))
            .collect();
        if !missed.is_empty() || !alarms.is_empty() {
            let alarms: Vec<_> =
                alarms.iter().map(|f| format!("{}: {}", f.code(), f.sentence(Language::English))).collect();
            eprintln!("SHOW {} missed {missed:?} alarms {alarms:?} {figures:?}", plan.name);
        }
    }
    Said {
        found: found.iter().map(|finding| (name(finding.code()), finding.severity)).collect(),
        baseline: Signs::codes(&trace.signs),
        lacking: plan.required.iter().copied().filter(|code| !holds(code, plan, &trace, &figures)).collect(),
        plan: plan.clone(),
    }
}

fn plans() -> Vec<Plan> {
    [bases::healthy(), plants::plants()].concat()
}

/// What must be so of every run, whatever half it is of.
fn plants_are_real(said: &[Said]) {
    for said in said {
        assert!(said.lacking.is_empty(), "{} does not have {:?}", said.plan.name, said.lacking);
    }
}

#[test]
fn there_are_enough_runs_of_each_kind() {
    let plans = plans();
    let names: BTreeSet<&String> = plans.iter().map(|plan| &plan.name).collect();
    assert_eq!(names.len(), plans.len());
    assert!(plans.len() >= 240 && plans.iter().filter(|plan| plan.healthy()).count() >= 80);
    for code in CODES {
        assert!(plans.iter().filter(|plan| plan.required.contains(&code)).count() >= 10, "{code}");
    }
    let held_out = plans.iter().filter(|plan| plan.held_out()).count();
    assert!((plans.len() * 2 / 5..plans.len() * 3 / 5).contains(&held_out), "{held_out} of {}", plans.len());
}

#[test]
fn intervals_are_wilsons() {
    let (low, high) = Share { hits: 9, of: 10 }.interval();
    assert!((low - 0.5958).abs() < 1e-3 && (high - 0.9821).abs() < 1e-3, "{low} {high}");
    assert_eq!(Share { hits: 0, of: 0 }.interval(), (0.0, 1.0));
    assert_eq!(Counts { right: 3, missed: 1, false_alarms: 2 }.precision(), Share { hits: 3, of: 5 });
}

/// All runs; prints the tables of both halves.
#[test]
fn faults_are_found_and_good_runs_are_met_with_silence() {
    let said = run_all(&plans());
    let (held_out, tuned): (Vec<&Said>, Vec<&Said>) = said.iter().partition(|said| said.plan.held_out());
    let healthy = said.iter().filter(|said| said.plan.healthy());
    let noisy = healthy.clone().filter(|said| !said.found.is_empty()).count();
    println!(
        "{} runs; of {} healthy ones {noisy} with a finding of any severity.\n",
        said.len(),
        healthy.count()
    );
    println!("## Held out: {} runs\n\n{}", held_out.len(), markdown(&held_out));
    println!("## Tuned on: {} runs\n\n{}", tuned.len(), markdown(&tuned));
    for said in said.iter().filter(|said| said.plan.healthy()) {
        let severe: Vec<_> = said.found.iter().filter(|found| found.1 == Severity::Severe).collect();
        assert!(severe.is_empty(), "{}: {severe:?}", said.plan.name);
    }
    plants_are_real(&said);
    for counts in [overall(&held_out), overall(&tuned)] {
        assert!(counts.recall().value() >= 0.9 && counts.precision().value() >= 0.9, "{counts:?}");
    }
}
