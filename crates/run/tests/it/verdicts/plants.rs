//! Runs with injected faults: good runs with one thing made wrong, grouped by the code that must be found.

mod training;

use super::bases::base;
use super::plan::{Code, Edit, Plan};
use super::sources::{Data, Spoil};

/// Codes that may follow from growth through time: large and heavy-tailed norms, saturated states, a loss
/// that does not fall.
const AFTER_GROWTH: [Code; 11] = [
    "exploding-gradient",
    "chaotic-dynamics",
    "sensitivity-explosion",
    "saturated-units",
    "stuck-gates",
    "clip-always",
    "clip-never",
    "clip-missing",
    "step-too-large",
    "no-better-than-baseline",
    "non-finite",
];
/// Codes that may follow from a gradient that does not reach back far enough for the task.
const AFTER_VANISHING: [Code; 3] = ["vanishing-gradient", "horizon-below-need", "no-better-than-baseline"];
/// Codes that may follow from saturated units, which pass no gradient on.
const AFTER_SATURATION: [Code; 7] = [
    "saturated-units",
    "stuck-gates",
    "vanishing-gradient",
    "horizon-below-need",
    "no-better-than-baseline",
    "dead-units",
    "sensitivity-explosion",
];

/// A run with a fault of this code.
fn faulty(code: Code, what: &str, base: Plan) -> Plan {
    base.named(&format!("{code}/{what}")).requires(&[code])
}

/// All runs with faults.
pub(crate) fn faulty_runs() -> Vec<Plan> {
    [
        exploding_gradient(),
        vanishing_gradient(),
        horizon_below_need(),
        truncation_too_short(),
        no_better_than_baseline(),
        chaotic_dynamics(),
        saturated_units(),
        dead_units(),
        stuck_gates(),
        training::clip_always(),
        training::clip_never(),
        training::clip_missing(),
        training::step_too_large(),
        training::unscaled_input(),
        training::padding_dominated(),
        vanishing_across_layers(),
        sensitivity_explosion(),
        training::non_finite(),
    ]
    .concat()
}

/// Recurrent weights with too high a gain.
fn exploding_gradient() -> Vec<Plan> {
    let cases = [
        ("rnn", "order2", "length=30", 5.0),
        ("rnn", "waves", "", 4.0),
        ("rnn", "match", "length=25", 5.0),
        ("rnn", "memorise", "length=15", 6.0),
        ("relu", "order2", "", 2.0),
        ("relu", "memorise", "", 2.0),
        ("relu", "waves", "", 1.8),
        ("relu", "adding", "", 3.0),
        ("residual", "waves", "", 10.0),
        ("gru", "waves", "", 10.0),
        ("gru", "order2", "length=30", 12.0),
        ("gru", "forecast", "", 12.0),
        ("lstm", "waves", "", 12.0),
        ("lstm", "order2", "length=30", 12.0),
    ];
    let of = |(cell, kind, settings, gain): (&str, &str, &str, f32)| {
        faulty(
            "exploding-gradient",
            &format!("gain-{gain}"),
            base(cell, kind, 5).with("steps=300").with(settings),
        )
        .edited(Edit::Scale("rnn.weight_hh", gain))
        .permits(&AFTER_GROWTH)
    };
    cases.into_iter().map(of).collect()
}

/// Recurrent weights with too low a gain, or gates that keep nothing.
fn vanishing_gradient() -> Vec<Plan> {
    let low = |(cell, kind, settings): (&str, &str, &str)| {
        faulty("vanishing-gradient", "gain-0.1", base(cell, kind, 5).with(settings))
            .edited(Edit::Scale("rnn.weight_hh", 0.1))
            .permits(&AFTER_VANISHING)
    };
    let closed = |(cell, kind, settings, gate): (&str, &str, &str, usize)| {
        faulty("vanishing-gradient", "forgets", base(cell, kind, 5).with(settings))
            .edited(Edit::Gate(gate, -6.0))
            .edited(Edit::Scale("rnn.weight_hh", 0.1))
            .permits(&AFTER_VANISHING)
            .permits(&["stuck-gates"])
    };
    let mut plans: Vec<Plan> = [
        ("rnn", "order2", "length=30 steps=300"),
        ("rnn", "memorise", "length=15 steps=300"),
        ("rnn", "adding", "length=30 steps=300"),
        ("rnn", "agreement", "length=20 steps=300"),
        ("rnn", "match", "length=20 steps=300"),
        ("relu", "order2", "length=30 steps=300"),
        ("relu", "memorise", "length=15 steps=300"),
        ("relu", "match", "length=20 steps=300"),
    ]
    .into_iter()
    .map(low)
    .collect();
    plans.extend(
        [
            ("lstm", "order2", "length=40 steps=300", 1),
            ("lstm", "memorise", "length=20 steps=300", 1),
            ("lstm", "adding", "length=40 steps=300", 1),
            ("gru", "order2", "length=40 steps=300", 1),
            ("gru", "match", "length=30 steps=300", 1),
            ("gru", "adding", "length=40 steps=300", 1),
        ]
        .map(closed),
    );
    plans
}

/// Dependencies longer than the cell can reach, or a forget gate that starts at 5 %.
fn horizon_below_need() -> Vec<Plan> {
    let cases = [
        ("rnn", "order2", "length=60 steps=200"),
        ("rnn", "agreement", "length=40 steps=200"),
        ("rnn", "memorise", "length=40 steps=200"),
        ("rnn", "copy", "length=30 steps=200"),
        ("rnn", "match", "length=50 steps=200"),
        ("lstm", "order2", "length=60 steps=200 forget_bias=-3"),
        ("lstm", "adding", "length=60 steps=200 forget_bias=-3"),
        ("lstm", "agreement", "length=40 steps=200 forget_bias=-3"),
        ("lstm", "memorise", "length=40 steps=200 forget_bias=-3"),
        ("lstm", "match", "length=50 steps=200 forget_bias=-3"),
        ("gru", "agreement", "length=60 steps=200"),
        ("gru", "match", "length=80 steps=200"),
    ];
    let of = |(cell, kind, settings): (&str, &str, &str)| {
        faulty("horizon-below-need", "long", base(cell, kind, 5).with(settings)).permits(&AFTER_VANISHING)
    };
    cases.into_iter().map(of).collect()
}

/// Windows shorter than the needed lag.
fn truncation_too_short() -> Vec<Plan> {
    let mut plans = Vec::new();
    for (cell, lag, unroll) in [
        ("rnn", 6, 2),
        ("rnn", 8, 4),
        ("gru", 6, 2),
        ("gru", 8, 4),
        ("gru", 12, 6),
        ("lstm", 6, 2),
        ("lstm", 8, 4),
        ("lstm", 12, 6),
    ] {
        let mut base = base(cell, "echo", 5).with(&format!("unroll={unroll} steps=1200"));
        base.data = Data::Echo { lag };
        let plan = faulty("truncation-too-short", &format!("lag-{lag}-window-{unroll}"), base);
        plans.push(plan.permits(&["no-better-than-baseline", "horizon-below-need"]));
    }
    for (cell, steps) in [("rnn", 4), ("gru", 4), ("gru", 2), ("lstm", 4), ("lstm", 2), ("relu", 4)] {
        let base = base(cell, "copy", 5).with("length=4 steps=1200");
        let plan = faulty("truncation-too-short", &format!("pieces-{steps}"), base);
        plans.push(
            plan.spoiled(Spoil::Cut { steps }).permits(&["no-better-than-baseline", "horizon-below-need"]),
        );
    }
    plans
}

/// Targets that are unrelated to the input, inputs without information, and steps that are too small.
fn no_better_than_baseline() -> Vec<Plan> {
    let shifted = |(cell, kind): (&str, &str)| {
        faulty("no-better-than-baseline", "targets", base(cell, kind, 5).with("steps=300"))
            .spoiled(Spoil::Shifted)
    };
    let blank = |(cell, kind): (&str, &str)| {
        faulty("no-better-than-baseline", "blank", base(cell, kind, 5).with("steps=300"))
            .spoiled(Spoil::Blank)
    };
    let still = |(cell, kind): (&str, &str)| {
        faulty("no-better-than-baseline", "rate", base(cell, kind, 5).with("steps=300 lr=1e-7"))
    };
    let mut plans: Vec<Plan> = Vec::new();
    plans.extend(
        [
            ("rnn", "order2"),
            ("relu", "match"),
            ("gru", "agreement"),
            ("lstm", "waves"),
            ("residual", "memorise"),
        ]
        .map(shifted),
    );
    plans.extend(
        [
            ("rnn", "adding"),
            ("relu", "waves"),
            ("gru", "order2"),
            ("lstm", "match"),
            ("residual", "agreement"),
        ]
        .map(blank),
    );
    plans.extend([("rnn", "match"), ("gru", "memorise"), ("lstm", "order2"), ("gru", "match")].map(still));
    plans
        .into_iter()
        .map(|plan| {
            // Constant inputs look like padding.
            let blank = matches!(plan.spoil, Some(Spoil::Blank));
            plan.permits(&["horizon-below-need", "vanishing-gradient"]).permits(if blank {
                &["padding-dominated"]
            } else {
                &[]
            })
        })
        .collect()
}

/// Recurrent weights with chaotic autonomous dynamics, and a learning rate too low to change that.
fn chaotic_dynamics() -> Vec<Plan> {
    let cases = [
        ("rnn", "forecast", "init=gaussian:3", 1.0),
        ("rnn", "waves", "init=gaussian:4", 1.0),
        ("rnn", "order2", "init=gaussian:5", 1.0),
        ("rnn", "memorise", "init=gaussian:4", 1.0),
        ("rnn", "echo", "init=gaussian:3", 1.0),
        ("rnn", "adding", "init=gaussian:3 length=16", 1.0),
        ("gru", "forecast", "", 12.0),
        ("gru", "order2", "", 12.0),
        ("gru", "memorise", "", 12.0),
        ("lstm", "forecast", "", 12.0),
        ("lstm", "order2", "", 12.0),
        ("lstm", "memorise", "", 12.0),
    ];
    let of = |(cell, kind, settings, gain): (&str, &str, &str, f32)| {
        faulty(
            "chaotic-dynamics",
            "gain",
            base(cell, kind, 6).with("hidden=48 steps=200 lr=1e-4").with(settings),
        )
        .edited(Edit::Scale("rnn.weight_hh", gain))
        .permits(&AFTER_GROWTH)
    };
    cases.into_iter().map(of).collect()
}

/// Input weights that saturate tanh.
fn saturated_units() -> Vec<Plan> {
    let cases = [
        ("rnn", "waves", 400.0),
        ("rnn", "forecast", 400.0),
        ("rnn", "order2", 30.0),
        ("rnn", "match", 30.0),
        ("rnn", "agreement", 30.0),
        ("residual", "order2", 50.0),
        ("residual", "match", 50.0),
        ("gru", "order2", 50.0),
        ("gru", "waves", 400.0),
        ("lstm", "order2", 50.0),
        ("lstm", "match", 50.0),
        ("lstm", "forecast", 400.0),
    ];
    let of = |(cell, kind, factor): (&str, &str, f32)| {
        faulty("saturated-units", &format!("input-{factor}"), base(cell, kind, 5))
            .edited(Edit::Scale("rnn.weight_ih", factor))
            .permits(&AFTER_SATURATION)
    };
    cases.into_iter().map(of).collect()
}

/// Strongly negative biases under relu.
fn dead_units() -> Vec<Plan> {
    let cases = [
        ("adding", 1.0),
        ("adding", 0.8),
        ("order2", 1.0),
        ("order2", 0.75),
        ("memorise", 1.0),
        ("memorise", 0.7),
        ("match", 0.9),
        ("waves", 0.8),
        ("waves", 1.0),
        ("forecast", 0.75),
        ("forecast", 1.0),
        ("agreement", 0.9),
    ];
    let of = |(kind, share): (&str, f64)| {
        faulty("dead-units", &format!("share-{share}"), base("relu", kind, 5))
            .edited(Edit::Units(share, -50.0))
            .permits(&["no-better-than-baseline", "vanishing-gradient", "horizon-below-need"])
    };
    cases.into_iter().map(of).collect()
}

/// Gates that are closed or open for every input.
fn stuck_gates() -> Vec<Plan> {
    let cases = [
        ("lstm", "order2", 0, -25.0),
        ("lstm", "memorise", 0, -25.0),
        ("lstm", "order2", 1, -12.0),
        ("lstm", "waves", 1, -12.0),
        ("lstm", "match", 3, -25.0),
        ("lstm", "adding", 3, -12.0),
        ("lstm", "memorise", 1, 14.0),
        ("gru", "order2", 1, 25.0),
        ("gru", "match", 1, 12.0),
        ("gru", "memorise", 1, -12.0),
        ("gru", "waves", 0, -25.0),
        ("gru", "forecast", 1, 12.0),
    ];
    let of = |(cell, kind, gate, bias): (&str, &str, usize, f32)| {
        faulty("stuck-gates", &format!("gate-{gate}-{bias}"), base(cell, kind, 5).with("steps=200"))
            .edited(Edit::Gate(gate, bias))
            .permits(&AFTER_VANISHING)
            .permits(&["sensitivity-explosion"])
    };
    cases.into_iter().map(of).collect()
}

/// Deep stacks in which every layer passes only a small part of the gradient down.
fn vanishing_across_layers() -> Vec<Plan> {
    let cases = [
        ("rnn", "order2", 6),
        ("rnn", "waves", 5),
        ("rnn", "match", 6),
        ("rnn", "forecast", 5),
        ("relu", "match", 6),
        ("relu", "forecast", 5),
        ("gru", "parity", 6),
        ("gru", "match", 6),
        ("gru", "waves", 5),
        ("lstm", "order2", 5),
        ("lstm", "match", 6),
        ("lstm", "waves", 5),
    ];
    let of = |(cell, kind, layers): (&str, &str, usize)| {
        let base = base(cell, kind, 5).with(&format!("layers={layers} steps=100 lr=2e-4"));
        let mut plan = faulty("vanishing-across-layers", &format!("{layers}-layers"), base);
        for name in &[
            "rnn.weight_ih_l1",
            "rnn.weight_ih_l2",
            "rnn.weight_ih_l3",
            "rnn.weight_ih_l4",
            "rnn.weight_ih_l5",
        ][..layers - 1]
        {
            plan = plan.edited(Edit::Scale(name, 0.01));
        }
        plan.permits(&AFTER_VANISHING).permits(&["dead-units"])
    };
    cases.into_iter().map(of).collect()
}

/// States that depend more and more on the weights: gains above 1, or memory that never fades over long rows.
fn sensitivity_explosion() -> Vec<Plan> {
    let grown = |(cell, kind, settings, gain): (&str, &str, &str, f32)| {
        faulty("sensitivity-explosion", &format!("gain-{gain}"), base(cell, kind, 7).with(settings))
            .edited(Edit::Scale("rnn.weight_hh", gain))
            .permits(&AFTER_GROWTH)
    };
    [
        ("relu", "order2", "length=30 steps=100 lr=1e-5", 1.6),
        ("relu", "match", "length=30 steps=100 lr=1e-5", 1.6),
        ("relu", "adding", "length=30 steps=100 lr=1e-5", 1.6),
        ("rnn", "order2", "length=40 steps=100 lr=1e-5", 5.0),
        ("rnn", "match", "length=40 steps=100 lr=1e-5", 5.0),
        ("rnn", "agreement", "length=40 steps=100 lr=1e-5", 5.0),
        ("relu", "memorise", "length=25 steps=100 lr=1e-5", 1.6),
        ("relu", "reversal", "length=20 steps=100 lr=1e-5", 1.6),
        ("gru", "order2", "length=40 steps=100 lr=1e-5", 12.0),
        ("gru", "match", "length=40 steps=100 lr=1e-5", 12.0),
        ("lstm", "order2", "length=40 steps=100 lr=1e-5", 12.0),
        ("lstm", "memorise", "length=30 steps=100 lr=1e-5", 14.0),
    ]
    .into_iter()
    .map(grown)
    .collect()
}
