//! Seeded faults.
#![allow(missing_docs, reason = "a test file")]

#[path = "faults/autotrainer.rs"]
mod autotrainer;
#[path = "faults/bases.rs"]
mod bases;
#[path = "faults/figures.rs"]
mod figures;
#[path = "faults/plan.rs"]
mod plan;
#[path = "faults/plants.rs"]
mod plants;
#[path = "faults/score.rs"]
mod score;
#[path = "faults/sources.rs"]
mod sources;
#[path = "faults/trace.rs"]
mod trace;
#[path = "faults/truth.rs"]
mod truth;

use std::sync::atomic::{AtomicUsize, Ordering};

use figures::Figures;
use plan::Plan;
use trace::{Trace, trace};

/// Runs plans side by side, one thread each.
fn run_all<T: Send>(plans: &[Plan], done: impl Fn(&Plan, Trace) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut found: Vec<(usize, T)> = std::thread::scope(|scope| {
        let work = || {
            let mut found = Vec::new();
            while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                let index = plans.iter().position(|other| other.name == plan.name).expect("one of them");
                found.push((index, done(plan, trace(plan))));
            }
            found
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("a run without a panic")).collect()
    });
    found.sort_by_key(|found| found.0);
    found.into_iter().map(|found| found.1).collect()
}

#[test]
#[ignore]
fn look() {
    let mut plans = bases::healthy();
    plans.extend(plants::plants());
    let names: std::collections::BTreeSet<_> = plans.iter().map(|p| &p.name).collect();
    assert_eq!(names.len(), plans.len());
    if let Ok(only) = std::env::var("ONLY") {
        plans.retain(|p| p.name.contains(&only));
    }
    run_all(&plans, |plan, trace| {
        let f = Figures::of(&trace);
        let held: Vec<_> = truth::CODES.into_iter().filter(|c| truth::holds(c, plan, &trace, &f)).collect();
        let lacking: Vec<_> = plan.required.iter().filter(|c| !held.contains(c)).collect();
        let beyond: Vec<_> = held.iter().filter(|c| !plan.required.contains(c) && !plan.permitted.contains(c)).collect();
        println!("RUN {:60} {:5.2}s lacking {lacking:?} beyond {beyond:?} held {held:?} need {:?} base {:?} {f:?}", plan.name, trace.seconds, trace.need_steps, autotrainer::Signs::codes(&trace.signs));
    });
}
