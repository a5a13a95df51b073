use std::sync::Arc;

use super::*;
use crate::bptt::layer::Layer;
use crate::bptt::{Recurrence, RecurrenceSpec};
use crate::params::{Group, Layout};
use longspan_kernel::InstructionSet;

const V: usize = 50;
const E: usize = 24;
const H: usize = 40;
const LSTM: CellKind = CellKind::Lstm { peepholes: true, coupled: false };
const COUPLED: CellKind = CellKind::Lstm { peepholes: false, coupled: true };
const GRU: CellKind = CellKind::Gru { reset_after: true };

/// Returns the weights of two layers of a cell between an embedding and a readout.
fn weights(init: Init, cell: CellKind, tied: bool, seed: u64) -> Params<f64> {
    weights_by(1, init, cell, tied, seed)
}

fn weights_by(threads: usize, init: Init, cell: CellKind, tied: bool, seed: u64) -> Params<f64> {
    drawn(threads, &InitSpec { init, parts: InitParts::default(), forget_bias: 1.0, cell, seed }, tied)
}

fn drawn(threads: usize, spec: &InitSpec, tied: bool) -> Params<f64> {
    let mut layout = Layout::default();
    layout.push("embedding.weight", &[V, E], Group::Embedding);
    for (index, input) in [E, H].into_iter().enumerate() {
        Layer::<f64>::new(InstructionSet::Portable, spec.cell, &format!("l{index}"), input, H, &mut layout);
    }
    if !tied {
        layout.push("head.weight", &[V, H], Group::Head);
    }
    layout.push("head.bias", &[V], Group::Bias);
    let mut params = Params::zeros(Arc::new(layout));
    params.flat_mut().fill(f64::NAN);
    let ctx = Context::new(InstructionSet::detect(), threads);
    initialise(&ctx, &mut params, spec);
    params
}

#[test]
fn threads_change_no_bit() {
    let gains =
        [Init::Orthogonal { gain: 1.5 }, Init::Gaussian { gain: 1.0 }, Init::Chrono { longest: 30.0 }];
    for init in gains.into_iter().chain([Init::Uniform]) {
        for cell in [CellKind::Rnn, GRU, LSTM] {
            let one = weights(init, cell, false, 3);
            for threads in [2, 3] {
                let more = weights_by(threads, init, cell, false, 3);
                let same = one.flat().iter().zip(more.flat()).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{init}, {cell}, {threads} threads");
            }
        }
    }
}

/// Checks that the mean is 0, the variance is as given, and no element exceeds the bound.
fn assert_moments(x: &[f64], variance: f64, bound: f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let second = x.iter().map(|x| x * x).sum::<f64>() / n;
    // The tolerance is five standard errors; the fourth moment is at most that of a Gaussian.
    assert!(mean.abs() < 5.0 * (variance / n).sqrt(), "mean {mean}");
    assert!((second / variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "variance {second} for {variance}");
    assert!(x.iter().all(|x| x.abs() <= bound), "beyond {bound}");
}

fn assert_uniform(x: &[f64], bound: f64) {
    assert_moments(x, bound * bound / 3.0, bound);
}

fn gate(x: &[f64], gate: usize) -> &[f64] {
    &x[gate * x.len() / 4..][..x.len() / 4]
}

#[test]
fn uniform_is_the_distribution_of_pytorch() {
    let (p, bound) = (weights(Init::Uniform, GRU, false, 1), 1.0 / (H as f64).sqrt());
    for name in ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l1", "bias_hh_l1"] {
        assert_uniform(p.named(&format!("rnn.{name}")), bound);
    }
    assert_uniform(p.named("head.weight"), bound);
    assert!(p.named("head.bias").iter().all(|&x| x == 0.0));
    assert_moments(p.named("embedding.weight"), 1.0, f64::INFINITY);
}

#[test]
fn tied_embeddings_have_the_variance_of_a_readout() {
    let p = weights(Init::Xavier, GRU, true, 1);
    assert_moments(p.named("embedding.weight"), 1.0 / E as f64, f64::INFINITY);
}

#[test]
fn recurrent_weights_follow_their_rule() {
    let hh = |init| weights(init, LSTM, false, 2).named("rnn.weight_hh_l1").to_vec();
    let h = H as f64;
    assert_uniform(&hh(Init::Xavier), (6.0 / (2.0 * h)).sqrt());
    assert_moments(&hh(Init::Gaussian { gain: 2.5 }), 2.5 * 2.5 / h, f64::INFINITY);
    for (at, &x) in hh(Init::Identity).iter().enumerate() {
        assert_eq!(x, if at / H % H == at % H { 1.0 } else { 0.0 });
    }
    for (init, gain) in [(Init::Orthogonal { gain: 0.5 }, 0.5), (Init::Chrono { longest: 9.0 }, 1.0)] {
        let all = hh(init);
        for block in all.chunks(H * H) {
            for (i, j) in (0..H).flat_map(|i| (0..=i).map(move |j| (i, j))) {
                let product: f64 = (0..H).map(|k| block[i * H + k] * block[j * H + k]).sum();
                let expected = if i == j { gain * gain } else { 0.0 };
                assert!((product - expected).abs() < 1e-14, "{init}: {product}");
            }
        }
        assert_ne!(gate(&all, 0), gate(&all, 1), "the gates' blocks are drawn separately");
    }
}

#[test]
fn input_weights_are_xavier_in_each_gate() {
    let p = weights(Init::Identity, LSTM, false, 3);
    for (layer, input) in [(0, E), (1, H)] {
        assert_uniform(p.named(&format!("rnn.weight_ih_l{layer}")), (6.0 / (input + H) as f64).sqrt());
    }
    assert!(p.named("rnn.weight_peephole_l0").iter().all(|&x| x == 0.0));
}

#[test]
fn the_forget_bias_is_in_one_bias_of_one_gate() {
    for init in [Init::Xavier, Init::Uniform] {
        let p = weights(init, LSTM, false, 4);
        let (ih, hh) = (p.named("rnn.bias_ih_l1"), p.named("rnn.bias_hh_l1"));
        assert!(gate(ih, 1).iter().all(|&b| b == 1.0) && gate(hh, 1).iter().all(|&b| b == 0.0));
        for other in [0, 2, 3] {
            let zero = gate(ih, other).iter().chain(gate(hh, other)).all(|&b| b == 0.0);
            assert_eq!(zero, init == Init::Xavier);
        }
    }
    let p = weights(Init::Xavier, COUPLED, false, 4);
    let ih = p.named("rnn.bias_ih_l0");
    assert!(ih[..H].iter().all(|&b| b == -1.0) && ih[H..].iter().all(|&b| b == 0.0));
    assert!(p.named("rnn.bias_hh_l0").iter().all(|&b| b == 0.0));
    assert!(weights(Init::Xavier, GRU, false, 4).named("rnn.bias_ih_l0").iter().all(|&b| b == 0.0));
}

#[test]
fn chrono_biases_spread_forgetting_over_the_dependency() {
    let chrono = Init::Chrono { longest: 101.0 };
    // u ~ U[1, 100].
    let spread = |ln_u: &[f64]| {
        let centred: Vec<f64> = ln_u.iter().map(|b| b.exp() - 50.5).collect();
        assert_uniform(&centred, 49.5 + 1e-12);
    };
    let negative = |x: &[f64]| x.iter().map(|b| -b).collect::<Vec<_>>();
    let zero = |x: &[f64]| assert!(x.iter().all(|&b| b == 0.0));
    for layer in 0..2 {
        let (ih, hh) = (format!("rnn.bias_ih_l{layer}"), format!("rnn.bias_hh_l{layer}"));
        let lstm = weights(chrono, LSTM, false, 5);
        spread(gate(lstm.named(&ih), 1));
        assert_eq!(gate(lstm.named(&ih), 0), negative(gate(lstm.named(&ih), 1)));
        zero(&lstm.named(&ih)[2 * H..]);
        zero(lstm.named(&hh));
        let coupled = weights(chrono, COUPLED, false, 5);
        spread(&negative(&coupled.named(&ih)[..H]));
        zero(&coupled.named(&ih)[H..]);
        zero(coupled.named(&hh));
        let gru = weights(chrono, GRU, false, 5);
        zero(&gru.named(&ih)[..H]);
        spread(&gru.named(&ih)[H..2 * H]);
        zero(&gru.named(&ih)[2 * H..]);
        zero(gru.named(&hh));
        zero(weights(chrono, CellKind::Rnn, false, 5).named(&ih));
    }
}

#[test]
fn one_distribution_sets_every_weight_and_bias() {
    let (bound, deviation) = (0.05, 0.2);
    let names = |p: &Params<f64>| -> Vec<String> {
        p.layout().entries().iter().map(|entry| entry.name.clone()).collect()
    };
    for tied in [false, true] {
        let spec =
            |init| InitSpec { init, parts: InitParts::default(), forget_bias: 0.0, cell: LSTM, seed: 8 };
        let uniform = drawn(1, &spec(Init::Every(Distribution::Uniform { bound })), tied);
        names(&uniform).iter().for_each(|name| assert_uniform(uniform.named(name), bound));
        let normal = drawn(1, &spec(Init::Every(Distribution::Normal { deviation })), tied);
        names(&normal)
            .iter()
            .for_each(|name| assert_moments(normal.named(name), deviation * deviation, f64::INFINITY));
    }
    // The forget bias stays a setting of its own.
    let p = weights(Init::Every(Distribution::Uniform { bound }), LSTM, false, 8);
    assert!(gate(p.named("rnn.bias_ih_l1"), 1).iter().all(|&b| b == 1.0));
}

#[test]
fn a_part_has_its_own_distribution_whatever_the_rule() {
    let (input, embedding, readout) = (
        Distribution::Normal { deviation: 0.3 },
        Distribution::Uniform { bound: 0.1 },
        Distribution::Uniform { bound: 0.2 },
    );
    let parts = InitParts { input: Some(input), embedding: Some(embedding), readout: Some(readout) };
    for init in [Init::Uniform, Init::Identity, Init::Every(Distribution::Normal { deviation: 9.0 })] {
        let p = drawn(1, &InitSpec { init, parts, forget_bias: 1.0, cell: LSTM, seed: 9 }, false);
        (0..2).for_each(|layer| {
            assert_moments(p.named(&format!("rnn.weight_ih_l{layer}")), 0.09, f64::INFINITY);
        });
        assert_uniform(p.named("embedding.weight"), 0.1);
        assert_uniform(p.named("head.weight"), 0.2);
        // The other weights are those of the rule alone.
        let alone = weights(init, LSTM, false, 9);
        for name in ["rnn.weight_hh_l1", "rnn.bias_ih_l0", "rnn.weight_peephole_l1", "head.bias"] {
            assert_eq!(p.named(name), alone.named(name), "{init} {name}");
        }
    }
}

#[test]
fn the_seed_decides_and_every_cell_is_covered() {
    for cell in CellKind::ALL {
        let p = weights(Init::Xavier, cell, false, 6);
        for entry in p.layout().entries() {
            assert!(p.named(&entry.name).iter().all(|x| x.is_finite()), "{cell} {}", entry.name);
        }
        let draws = |seed| weights(Init::Xavier, cell, false, seed).named("rnn.weight_ih_l0").to_vec();
        assert_eq!(draws(6), draws(6));
        assert_ne!(draws(6), draws(7));
        if let CellKind::Residual { step, learned: true } = cell {
            assert_eq!(p.named("rnn.residual_step_l1"), [step]);
        }
    }
}

#[test]
fn initialisers_round_trip_as_text() {
    for text in [
        "uniform",
        "xavier",
        "orthogonal:0.5",
        "identity",
        "gaussian:1.5",
        "chrono:750",
        "uniform:0.1",
        "normal:0.02",
    ] {
        assert_eq!(text.parse::<Init>().map(|i| i.to_string()), Ok(text.to_string()));
    }
    assert_eq!("orthogonal".parse(), Ok(Init::Orthogonal { gain: 1.0 }));
    assert_eq!("gaussian".parse(), Ok(Init::Gaussian { gain: 1.0 }));
    for (text, error) in [
        ("chrono", "\"chrono\" lacks the longest dependency: write chrono:T"),
        ("chrono:1", "the longest dependency must be finite and at least 2, not 1"),
        ("orthogonal:0", "the gain must be finite and above 0, not 0"),
        ("uniform:-1", "the bound of the weights must be finite and above 0, not -1"),
        ("normal", "\"normal\" lacks the standard deviation of the weights: write normal:S"),
        ("xavier:2", "\"xavier:2\" has too many numbers: write xavier"),
        (
            "xaiver",
            "there is no initialiser \"xaiver\": did you mean xavier? choose uniform[:R], xavier, orthogonal[:gain], \
             identity, gaussian[:g], chrono:T or normal:S",
        ),
    ] {
        assert_eq!(text.parse::<Init>().map_err(|e| e.to_string()), Err(error.to_string()));
    }
}

#[test]
fn both_directions_are_drawn_and_connections_begin_neutral() {
    let plain = RecurrenceSpec::new(LSTM, E, H, 2, 4);
    let spec = RecurrenceSpec { bidirectional: true, norm: true, learned_state: true, ..plain };
    let mut layout = Layout::default();
    Recurrence::<f64>::new(InstructionSet::Portable, &spec, &mut layout);
    let mut params = Params::zeros(Arc::new(layout));
    params.flat_mut().fill(f64::NAN);
    let ctx = Context::new(InstructionSet::detect(), 1);
    let init = Init::Orthogonal { gain: 1.0 };
    let parts = InitParts::default();
    initialise(&ctx, &mut params, &InitSpec { init, parts, forget_bias: 1.0, cell: LSTM, seed: 3 });
    let (there, back) = (params.named("rnn.weight_hh_l1"), params.named("rnn.weight_hh_l1_reverse"));
    assert!(there != back && back.iter().all(|w| w.abs() <= 1.0));
    assert_eq!(gate(params.named("rnn.bias_ih_l0_reverse"), 1), [1.0; H]);
    for (name, value) in
        [("norm_weight_l2", 1.0), ("norm_bias_l1", 0.0), ("h0_l0", 0.0), ("c0_l1_reverse", 0.0)]
    {
        assert!(params.named(&format!("rnn.{name}")).iter().all(|&w| w == value), "{name}");
    }
}
