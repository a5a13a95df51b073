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
        println!(
            "{:28} {:5.2}s loss {:.3} norm {:.3} tail {:.1} clip {:.2} reach {:.1} grow {:.1} H {}/{} need {:?} lam {:.3} sat {:.2} dead {:.2} stuck {:.2} sens {:.1} depth {:.1} div {} {:?}",
            plan.name, trace.seconds, f.loss_ratio, f.norm, f.tail, f.clipped, f.ln_reach, f.ln_growth, f.horizon, f.window,
            trace.need_steps, f.exponent, f.saturated, f.dead, f.stuck, f.sensitivity, f.ln_depth, trace.divergence.is_some(),
            autotrainer::Signs::codes(&trace.signs)
        );
    });
}
