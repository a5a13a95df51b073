//! Good settings for every cell on several kinds of data: for the good runs, and for the runs with injected
//! faults.

use super::plan::Plan;
use super::sources::Data;

/// The cells, by their names in the settings.
pub(crate) const CELLS: [&str; 5] = ["rnn", "relu", "residual", "gru", "lstm"];

/// A cell on a kind of data, with settings that train.
pub(crate) fn base(cell: &str, kind: &str, seed: u64) -> Plan {
    let gated = matches!(cell, "gru" | "lstm");
    let cell_settings = match cell {
        "relu" => "init=identity lr=5e-4 clip=norm:10",
        "residual" => "residual_step=0.2 lr=2e-3 clip=norm:5",
        "rnn" => "lr=2e-3 clip=norm:3",
        _ => "lr=4e-3 clip=norm:3",
    };
    let (data, settings) = match kind {
        "agreement" if gated => (Data::Task, "task=agreement length=8 steps=1000 lr=2e-3"),
        "agreement" => (Data::Task, "task=agreement length=5 steps=1200 lr=1e-3"),
        "adding" if gated => (Data::Task, "task=adding length=12 steps=800"),
        "adding" => (Data::Task, "task=adding length=8 steps=1500"),
        "copy" => (Data::Task, "task=copy length=1 steps=800 hidden=48"),
        "order2" => (Data::Task, "task=order2 length=12 steps=800"),
        "memorise" => (Data::Task, "task=memorise length=4 steps=1000"),
        "parity" => (Data::Task, "task=parity length=3 steps=600"),
        "match" => (Data::Task, "task=match length=4 steps=800"),
        "reversal" => (Data::Task, "task=reversal length=3 steps=800"),
        "echo" => (Data::Echo { lag: 3 }, "unroll=16 steps=800"),
        "waves" if cell == "relu" => (Data::Waves { steps: 16 }, "steps=600 clip=norm:20"),
        "waves" => (Data::Waves { steps: 24 }, "steps=600"),
        "forecast" => (Data::Forecast { steps: 24 }, "steps=600"),
        _ => panic!("unknown kind of data {kind}"),
    };
    let all = format!("cell={cell} hidden=32 batch=32 seed={seed} {cell_settings} {settings}");
    Plan::new(format!("{cell}/{kind}/{seed}"), data, &all)
}

/// The kinds of data.
const KINDS: [&str; 11] = [
    "agreement",
    "adding",
    "copy",
    "order2",
    "memorise",
    "parity",
    "match",
    "reversal",
    "echo",
    "waves",
    "forecast",
];

/// Data that a cell does not learn in so few steps, or not with a state that is carried on.
const BEYOND: [(&str, &str); 3] = [("rnn", "copy"), ("residual", "echo"), ("relu", "echo")];

/// Runs without a fault.
pub(crate) fn healthy() -> Vec<Plan> {
    let mut plans = Vec::new();
    for cell in CELLS {
        for kind in KINDS.into_iter().filter(|kind| !BEYOND.contains(&(cell, kind))) {
            plans.push(base(cell, kind, 2));
            plans.push(base(cell, kind, 3).with(variation(cell, kind)));
        }
    }
    plans.into_iter().map(|plan| plan.named("healthy")).collect()
}

/// Other settings that train as well.
fn variation(cell: &str, kind: &str) -> &'static str {
    match (cell, kind) {
        ("gru" | "lstm", "order2" | "memorise" | "copy") => "init=chrono:20",
        ("lstm", "waves" | "forecast") => "layers=2",
        ("gru", "waves" | "adding") => "layers=2 layer_norm=true",
        (_, "parity" | "match" | "forecast") => "clip=none",
        ("rnn", "adding" | "order2") => "optimizer=rmsprop lr=1e-3",
        ("lstm", _) => "init=uniform",
        ("gru", _) => "reset_after=false batch=16",
        _ => "batch=24",
    }
}
