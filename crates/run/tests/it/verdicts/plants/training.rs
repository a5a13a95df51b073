//! Faults of the training data and settings: clipping limits, learning rates, scales, padding, and values
//! that are not finite.

use super::super::bases::base;
use super::super::plan::{Code, Edit, Plan};
use super::super::sources::Spoil;
use super::{AFTER_GROWTH, AFTER_SATURATION, faulty};

/// A limit far below every norm.
pub(super) fn clip_always() -> Vec<Plan> {
    let cases = [
        ("rnn", "adding", "clip=norm:1e-4"),
        ("rnn", "forecast", "clip=norm:1e-3"),
        ("relu", "adding", "clip=norm:1e-3"),
        ("relu", "forecast", "clip=norm:1e-4"),
        ("residual", "forecast", "clip=norm:1e-4"),
        ("residual", "adding", "clip=norm:1e-3"),
        ("gru", "copy", "clip=norm:1e-3"),
        ("gru", "forecast", "clip=norm:1e-3"),
        ("lstm", "copy", "clip=norm:1e-3"),
        ("lstm", "echo", "clip=norm:1e-3"),
        ("rnn", "echo", "clip=norm:1e-3 optimizer=sgd lr=0.1"),
        ("gru", "echo", "clip=norm:1e-2 optimizer=sgd lr=0.1"),
    ];
    let of = |(cell, kind, settings): (&str, &str, &str)| {
        faulty("clip-always", "low", base(cell, kind, 5).with("steps=400").with(settings))
            .permits(&["no-better-than-baseline"])
    };
    cases.into_iter().map(of).collect()
}

/// Norms with a heavy tail, from targets that are sometimes much larger, under a limit far above all of them.
pub(super) fn clip_never() -> Vec<Plan> {
    let mut plans = Vec::new();
    for cell in ["rnn", "relu", "residual", "gru", "lstm"] {
        for kind in ["adding", "forecast"] {
            let base = base(cell, kind, 5).with("clip=norm:1e6 steps=500");
            let plan =
                faulty("clip-never", "spikes", base).spoiled(Spoil::Spikes { every: 50, factor: 100.0 });
            plans.push(plan.permits(&AFTER_SPIKES));
        }
    }
    for (cell, kind, gain) in [("relu", "order2", 2.0), ("relu", "memorise", 2.0), ("rnn", "waves", 4.0)] {
        let plan = faulty("clip-never", "gain", base(cell, kind, 5).with("clip=norm:1e9 steps=400"));
        plans.push(plan.edited(Edit::Scale("rnn.weight_hh", gain)).permits(&AFTER_GROWTH));
    }
    plans
}

/// The same without clipping.
pub(super) fn clip_missing() -> Vec<Plan> {
    let mut plans = Vec::new();
    for cell in ["rnn", "relu", "residual", "gru", "lstm"] {
        for kind in ["adding", "forecast"] {
            let base = base(cell, kind, 6).with("clip=none steps=500");
            let plan =
                faulty("clip-missing", "spikes", base).spoiled(Spoil::Spikes { every: 50, factor: 100.0 });
            plans.push(plan.permits(&AFTER_SPIKES));
        }
    }
    for (cell, kind, gain) in [("relu", "order2", 2.0), ("relu", "memorise", 2.0), ("rnn", "waves", 4.0)] {
        let plan = faulty("clip-missing", "gain", base(cell, kind, 6).with("clip=none steps=400"));
        plans.push(plan.edited(Edit::Scale("rnn.weight_hh", gain)).permits(&AFTER_GROWTH));
    }
    plans
}

/// Codes that may follow from a few much larger gradients.
const AFTER_SPIKES: [Code; 4] =
    ["step-too-large", "no-better-than-baseline", "saturated-units", "horizon-below-need"];

/// Learning rates that are far too high.
pub(super) fn step_too_large() -> Vec<Plan> {
    let cases = [
        ("rnn", "order2", "lr=0.5"),
        ("rnn", "memorise", "lr=0.5"),
        ("rnn", "forecast", "lr=0.5"),
        ("relu", "adding", "lr=1"),
        ("relu", "order2", "lr=1"),
        ("residual", "memorise", "lr=3"),
        ("residual", "forecast", "lr=1"),
        ("gru", "waves", "lr=2"),
        ("gru", "forecast", "lr=2"),
        ("gru", "memorise", "lr=1"),
        ("lstm", "order2", "lr=2"),
        ("lstm", "forecast", "lr=2"),
        ("lstm", "memorise", "lr=2"),
        ("rnn", "match", "optimizer=sgd lr=100"),
    ];
    let of = |(cell, kind, settings): (&str, &str, &str)| {
        faulty("step-too-large", "rate", base(cell, kind, 5).with("steps=400").with(settings))
            .permits(&AFTER_GROWTH)
            .permits(&AFTER_SATURATION)
    };
    cases.into_iter().map(of).collect()
}

/// Inputs that are not standardised.
pub(super) fn unscaled_input() -> Vec<Plan> {
    let cases = [
        ("rnn", "forecast", 1000.0, 0.0),
        ("rnn", "waves", 300.0, 0.0),
        ("rnn", "adding", 1000.0, 0.0),
        ("relu", "forecast", 1000.0, 0.0),
        ("relu", "adding", 300.0, 0.0),
        ("residual", "waves", 1000.0, 0.0),
        ("gru", "forecast", 1000.0, 0.0),
        ("gru", "adding", 1000.0, 0.0),
        ("gru", "waves", 1.0, 500.0),
        ("lstm", "forecast", 1000.0, 0.0),
        ("lstm", "waves", 1.0, 500.0),
        ("lstm", "adding", 300.0, 0.0),
        ("rnn", "forecast", 1.0, 300.0),
    ];
    let of = |(cell, kind, factor, offset): (&str, &str, f32, f32)| {
        faulty("unscaled-input", &format!("{factor}-{offset}"), base(cell, kind, 5).with("steps=400"))
            .spoiled(Spoil::Units { factor, offset })
            .permits(&AFTER_SATURATION)
            .permits(&AFTER_GROWTH)
    };
    cases.into_iter().map(of).collect()
}

/// Rows that are mostly padding, or have no targets.
pub(super) fn padding_dominated() -> Vec<Plan> {
    let filled = |(cell, kind, before): (&str, &str, bool)| {
        let spoil = if before { Spoil::FilledBefore { steps: 60 } } else { Spoil::FilledAfter { steps: 60 } };
        faulty(
            "padding-dominated",
            if before { "before" } else { "after" },
            base(cell, kind, 5).with("steps=300"),
        )
        .spoiled(spoil)
        .permits(&["no-better-than-baseline", "sensitivity-explosion"])
    };
    let unscored = |(cell, kind): (&str, &str)| {
        faulty("padding-dominated", "rows", base(cell, kind, 5).with("steps=500"))
            .spoiled(Spoil::Unscored { share: 0.8 })
            .permits(&["no-better-than-baseline"])
    };
    let mut plans = Vec::new();
    plans.extend(
        [
            ("rnn", "order2", false),
            ("gru", "match", true),
            ("gru", "adding", false),
            ("lstm", "order2", true),
            ("lstm", "waves", false),
            ("relu", "adding", false),
        ]
        .map(filled),
    );
    plans.extend(
        [
            ("rnn", "match"),
            ("gru", "order2"),
            ("gru", "agreement"),
            ("lstm", "memorise"),
            ("relu", "match"),
            ("residual", "order2"),
        ]
        .map(unscored),
    );
    plans
}

/// Values that are not finite in inputs, targets or weights, and overflow.
pub(super) fn non_finite() -> Vec<Plan> {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let mut plans = Vec::new();
    for (cell, kind, value) in [
        ("rnn", "adding", nan),
        ("relu", "forecast", inf),
        ("residual", "waves", nan),
        ("gru", "forecast", nan),
        ("gru", "adding", inf),
        ("lstm", "waves", nan),
    ] {
        let plan = faulty("non-finite", &format!("input-{value}"), base(cell, kind, 5).with("steps=200"));
        plans.push(plan.spoiled(Spoil::Value { from: 120, value }));
    }
    for (cell, kind, value) in [("rnn", "forecast", nan), ("lstm", "adding", inf), ("gru", "adding", nan)] {
        let plan = faulty("non-finite", &format!("target-{value}"), base(cell, kind, 5).with("steps=200"));
        plans.push(plan.spoiled(Spoil::Target { from: 120, value }));
    }
    for (cell, kind) in [("rnn", "match"), ("lstm", "adding")] {
        let plan = faulty("non-finite", "nothing-scored", base(cell, kind, 5).with("steps=200"));
        plans.push(plan.spoiled(Spoil::NothingScored { from: 120 }).permits(&["padding-dominated"]));
    }
    let plan = faulty("non-finite", "weights", base("gru", "order2", 5).with("steps=50"));
    plans.push(plan.edited(Edit::Fill("rnn.weight_hh_l0", nan)));
    let plan = faulty("non-finite", "overflow", base("relu", "order2", 5).with("length=40 steps=50"));
    plans.push(plan.edited(Edit::Scale("rnn.weight_hh", 20.0)).permits(&AFTER_GROWTH));
    // A run that stops so early has learned little.
    plans.into_iter().map(|plan| plan.permits(&["no-better-than-baseline"])).collect()
}
