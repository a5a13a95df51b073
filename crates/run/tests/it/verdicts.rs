//! Runs with one injected fault each, and good runs: are the faults found, and do good runs have no findings?
//!
//! Each faulty run has the codes that must be found and those that may be found, from the kind of fault;
//! `verdicts/truth.rs` measures that the run has the fault. Thresholds of rules were chosen on one half of
//! the runs. The published results are from the other half, which is selected by a hash of the name.
//! `tools/faults.sh` prints the output, the tables of docs/findings.md.
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
use table::{RunResult, markdown, overall};
use trace::trace;
use truth::{CODES, UNPLANTED, besides, holds};

/// Runs the plans in parallel, one thread each, and returns the results in the order of the plans.
fn run_all(plans: &[Plan]) -> Vec<RunResult> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut results: Vec<(usize, RunResult)> = std::thread::scope(|scope| {
        let work = || {
            let mut results = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(plan) = plans.get(index) else { return results };
                results.push((index, judge_plan(plan)));
            }
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("a run without a panic")).collect()
    });
    results.sort_by_key(|result| result.0);
    results.into_iter().map(|result| result.1).collect()
}

fn judge_plan(plan: &Plan) -> RunResult {
    let trace = trace(plan);
    let figures = Figures::of(&trace);
    let plan = &plan.clone().permits(&besides(&figures));
    let found = judge::findings(plan, &trace);
    let name =
        |code: &str| CODES.into_iter().chain(UNPLANTED).find(|known| *known == code).expect("a known code");
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
    RunResult {
        found: found.iter().map(|finding| (name(finding.code()), finding.severity)).collect(),
        baseline: Signs::codes(&trace.signs),
        lacking: plan.required.iter().copied().filter(|code| !holds(code, plan, &trace, &figures)).collect(),
        plan: plan.clone(),
    }
}

fn plans() -> Vec<Plan> {
    [bases::healthy(), plants::faulty_runs()].concat()
}

/// Checks that every faulty run has its fault, in both halves.
fn assert_faults_are_real(results: &[RunResult]) {
    for result in results {
        assert!(result.lacking.is_empty(), "{} does not have {:?}", result.plan.name, result.lacking);
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

/// Runs everything and prints the tables of both halves.
#[test]
fn faults_are_found_and_good_runs_have_no_findings() {
    let results = run_all(&plans());
    let (held_out, tuned): (Vec<&RunResult>, Vec<&RunResult>) =
        results.iter().partition(|result| result.plan.held_out());
    let healthy = results.iter().filter(|result| result.plan.healthy());
    let noisy = |result: &&RunResult| {
        let permitted = &result.plan.permitted;
        result.found.iter().any(|(code, _)| !permitted.contains(code))
    };
    let noisy = healthy.clone().filter(noisy).count();
    println!(
        "{} runs; of {} good runs, {noisy} have a false alarm of any severity.\n",
        results.len(),
        healthy.count()
    );
    println!("## Held out: {} runs\n\n{}", held_out.len(), markdown(&held_out));
    println!("## Tuned on: {} runs\n\n{}", tuned.len(), markdown(&tuned));
    for result in results.iter().filter(|result| result.plan.healthy()) {
        let severe: Vec<_> = result.found.iter().filter(|found| found.1 == Severity::Severe).collect();
        assert!(severe.is_empty(), "{}: {severe:?}", result.plan.name);
    }
    assert_faults_are_real(&results);
    for counts in [overall(&held_out), overall(&tuned)] {
        assert!(counts.recall().value() >= 0.9 && counts.precision().value() >= 0.9, "{counts:?}");
    }
}
