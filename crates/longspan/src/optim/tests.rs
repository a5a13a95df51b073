use std::sync::Arc;

use super::*;
use crate::params::Group;
use longspan_kernel::InstructionSet;
use longspan_kernel::rng::{Key, Purpose};

/// A matrix with weight decay and a bias without, each followed by a gap.
fn layout() -> Arc<Layout> {
    let mut layout = Layout::default();
    layout.push("matrix", &[37, 41], Group::Recurrent);
    layout.push("bias", &[37], Group::Bias);
    Arc::new(layout)
}

fn draw<R: Real>(step: u64) -> Params<R> {
    let mut params = Params::zeros(layout());
    for i in 0..2 {
        let mut stream = Key::new(11, Purpose::Probe, i as u32, step).stream(0, 0);
        params.tensor_mut(i).iter_mut().for_each(|x| *x = R::from_f64(stream.normal()));
    }
    params
}

fn every_rule() -> Vec<Settings> {
    let base = Settings { weight_decay: 0.1, ..Settings::default() };
    let with = |rule| Settings { rule, ..base };
    vec![
        with(Rule::Sgd),
        Settings { weight_decay: 0.0, ..with(Rule::Sgd) },
        Settings { momentum: 0.9, ..with(Rule::Sgd) },
        Settings { momentum: 0.8, nesterov: true, ..with(Rule::Sgd) },
        with(Rule::Adam),
        with(Rule::AdamW),
        Settings { beta1: 0.3, beta2: 0.6, eps: Some(1e-3), ..with(Rule::Adam) },
        with(Rule::RmsProp),
        Settings { momentum: 0.7, smoothing: 0.5, ..with(Rule::RmsProp) },
        with(Rule::Adagrad),
    ]
}

/// Takes five steps from the drawn weights, each with another learning rate.
fn five_steps<R: Real>(settings: Settings, ctx: &Context<R>) -> (Params<R>, Optimizer<R>) {
    let (mut params, mut optimizer) = (draw::<R>(0), Optimizer::new(settings, layout()));
    for t in 1..=5 {
        let mut grads = draw(t);
        optimizer.step(ctx, rate(t), &mut params, &mut grads);
        assert!(
            grads.flat().iter().all(|&g| g == R::ZERO),
            "{settings:?} leaves gradients that are not zero"
        );
    }
    (params, optimizer)
}

fn rate(t: u64) -> f64 {
    0.1 / t as f64
}

/// Computes the weight after five steps with sums over the whole past instead of running moments.
fn by_the_past(s: &Settings, decays: bool, start: f64, grads: &[f64]) -> f64 {
    let lambda = if decays { s.weight_decay } else { 0.0 };
    let eps = s.eps.unwrap_or(if s.rule == Rule::Adagrad { 1e-10 } else { 1e-8 });
    let (mut w, mut past, mut directions) = (start, Vec::new(), Vec::new());
    for (t, &g) in (1u64..).zip(grads) {
        let lr = rate(t);
        past.push(if s.rule == Rule::AdamW { g } else { g + lambda * w });
        let g = past[past.len() - 1];
        // Σ_k weight^(t − k) of(x_k)
        let faded = |keep: f64, of: &dyn Fn(f64) -> f64, xs: &[f64]| -> f64 {
            xs.iter().rev().enumerate().map(|(age, &x)| keep.powi(age as i32) * of(x)).sum()
        };
        let (same, square): (&dyn Fn(f64) -> f64, &dyn Fn(f64) -> f64) = (&|x| x, &|x| x * x);
        w = match s.rule {
            Rule::Sgd => {
                let b = faded(s.momentum, same, &past);
                w - lr * if s.nesterov { g + s.momentum * b } else { b }
            }
            Rule::Adam | Rule::AdamW => {
                // Weighted means of the past: (1 − β) Σ β^age x / (1 − βᵗ) with Σ β^age = (1 − βᵗ)/(1 − β).
                let mean = |beta: f64, of| faded(beta, of, &past) / faded(beta, &|_| 1.0, &past);
                let step = lr * mean(s.beta1, same) / (mean(s.beta2, square).sqrt() + eps);
                let decay = if s.rule == Rule::AdamW { lr * lambda * w } else { 0.0 };
                w - decay - step
            }
            Rule::RmsProp => {
                let mean = (1.0 - s.smoothing) * faded(s.smoothing, square, &past);
                directions.push(g / (mean.sqrt() + eps));
                w - lr * faded(s.momentum, same, &directions)
            }
            Rule::Adagrad => w - lr * g / (faded(1.0, square, &past).sqrt() + eps),
        };
    }
    w
}

fn matches_the_past<R: Real>(tolerance: f64) {
    let ctx = Context::<R>::new(InstructionSet::detect(), 2);
    for settings in every_rule() {
        let (params, _) = five_steps(settings, &ctx);
        for (i, entry) in layout().entries().iter().enumerate() {
            let start = draw::<R>(0);
            let grads: Vec<Params<R>> = (1..=5).map(draw).collect();
            for j in 0..entry.len() {
                let grads: Vec<f64> = grads.iter().map(|g| g.tensor(i)[j].to_f64()).collect();
                let truth = by_the_past(&settings, entry.decays, start.tensor(i)[j].to_f64(), &grads);
                let got = params.tensor(i)[j].to_f64();
                assert!((got - truth).abs() <= tolerance, "{settings:?} {}[{j}]: {got}, {truth}", entry.name);
            }
        }
    }
}

#[test]
fn every_rule_matches_sums_over_the_past() {
    matches_the_past::<f64>(1e-13);
    matches_the_past::<f32>(5e-6);
}

#[test]
fn threads_and_instruction_sets_change_no_bit() {
    for settings in every_rule() {
        let (expected, _) = five_steps(settings, &Context::<f32>::new(InstructionSet::Portable, 1));
        for isa in [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
            .into_iter()
            .filter(|l| l.checked().is_ok())
        {
            for threads in [1, 3] {
                let (params, _) = five_steps(settings, &Context::<f32>::new(isa, threads));
                assert_eq!(params.flat(), expected.flat(), "{settings:?} on {isa} with {threads} threads");
            }
        }
    }
}

#[test]
fn gaps_stay_zero_even_without_an_epsilon() {
    let layout = layout();
    let gap = layout.entries()[0].range().end..layout.entries()[1].offset;
    assert!(!gap.is_empty());
    for settings in every_rule() {
        let eps = (settings.rule != Rule::Sgd).then_some(0.0);
        let ctx = Context::<f32>::new(InstructionSet::detect(), 2);
        let (params, optimizer) = five_steps(Settings { eps, ..settings }, &ctx);
        assert!(params.flat()[gap.clone()].iter().all(|&x| x.to_bits() == 0), "{settings:?}");
        for (name, moment) in optimizer.moments() {
            assert!(moment.flat()[gap.clone()].iter().all(|&x| x.to_bits() == 0), "{settings:?} {name}");
        }
    }
}

#[test]
fn moments_have_the_names_of_pytorch() {
    let names: Vec<Vec<&str>> = every_rule()
        .into_iter()
        .map(|s| Optimizer::<f32>::new(s, layout()).moments().map(|(name, _)| name).collect())
        .collect();
    let adam = vec!["exp_avg", "exp_avg_sq"];
    let momentum = vec!["momentum_buffer"];
    let expected: [Vec<&str>; 10] = [
        vec![],
        vec![],
        momentum.clone(),
        momentum,
        adam.clone(),
        adam.clone(),
        adam,
        vec!["square_avg"],
        vec!["square_avg", "momentum_buffer"],
        vec!["sum"],
    ];
    assert_eq!(names, expected);
}

#[test]
fn an_optimizer_resumes_from_its_moments_and_steps() {
    let ctx = Context::<f32>::new(InstructionSet::detect(), 2);
    for settings in every_rule() {
        let (mut params, mut optimizer) = five_steps(settings, &ctx);
        let mut resumed = Optimizer::new(settings, layout());
        resumed.set_steps(optimizer.steps());
        for ((to, moment), (from, stored)) in resumed.moments_mut().zip(optimizer.moments()) {
            assert_eq!(to, from);
            moment.flat_mut().copy_from_slice(stored.flat());
        }
        let mut again = params.clone();
        optimizer.step(&ctx, 0.01, &mut params, &mut draw(6));
        resumed.step(&ctx, 0.01, &mut again, &mut draw(6));
        assert_eq!(again.flat(), params.flat(), "{settings:?}");
        assert_eq!((optimizer.steps(), resumed.steps()), (6, 6));
    }
}

#[test]
#[should_panic(expected = "adam has no momentum")]
fn settings_are_validated() {
    Optimizer::<f32>::new(Settings { momentum: 0.9, ..Settings::default() }, layout());
}
