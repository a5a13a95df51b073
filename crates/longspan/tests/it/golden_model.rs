//! Parity with PyTorch of whole language models: loss, gradients with respect to the weights, the initial
//! state and h_t through time, and ten steps with each optimizer. `tools/golden.py` writes the files.
#![allow(missing_docs, reason = "a test file")]

use std::sync::Arc;

use longspan::batch::Batch;
use longspan::bptt::{BackwardStep, OnBackwardStep, Pass, State};
use longspan::cell::CellKind;
use longspan::cell::Real;
use longspan::model::{Model, ModelSpec};
use longspan::optim::clip::{Clip, ClipReport};
use longspan::optim::{Optimizer, Rule, Settings};
use longspan::params::Params;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};
use safetensors::SafeTensors;

const STEPS: usize = 7;
const ROWS: usize = 3;

struct Golden<'a> {
    file: SafeTensors<'a>,
    kind: CellKind,
    layers: usize,
}

impl Golden<'_> {
    fn tensor(&self, name: &str) -> Vec<f64> {
        let view = self.file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
    }

    fn tokens(&self, name: &str) -> Vec<u32> {
        let view = self.file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        view.data().as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect()
    }

    fn spec(&self) -> ModelSpec {
        ModelSpec { chunk: 4, ..ModelSpec::language(self.kind, 11, 5, 6, self.layers) }
    }

    fn params<R: Real>(&self, model: &Model<R>) -> Params<R> {
        let mut params = Params::zeros(Arc::clone(model.layout()));
        for (index, entry) in model.layout().entries().iter().enumerate() {
            let values = self.tensor(&format!("init.{}", entry.name));
            assert_eq!(values.len(), entry.len(), "{}", entry.name);
            params.tensor_mut(index).iter_mut().zip(values).for_each(|(to, x)| *to = R::from_f64(x));
        }
        params
    }

    /// The library's state is `[parts, B, H]` per layer, PyTorch's `[L, B, H]` per part.
    fn state<R: Real>(&self, model: &Model<R>, prefix: &str, suffix: &str) -> State<R> {
        let mut state = model.zero_state(ROWS);
        let parts: &[&str] = if matches!(self.kind, CellKind::Lstm { .. }) { &["h", "c"] } else { &["h"] };
        let n = ROWS * 6;
        for (p, part) in parts.iter().enumerate() {
            let values = self.tensor(&format!("{prefix}{part}{suffix}"));
            for layer in 0..self.layers {
                let to = &mut state.layer_mut(layer)[p * n..][..n];
                to.iter_mut().zip(&values[layer * n..]).for_each(|(to, &x)| *to = R::from_f64(x));
            }
        }
        state
    }

    fn batch(&self) -> Batch {
        let (inputs, targets) = (self.tokens("inputs"), self.tokens("targets"));
        Batch { shape: PackedShape::even(STEPS, ROWS), inputs, targets, ..Batch::default() }
    }
}

fn assert_close<R: Real>(name: &str, ours: &[R], truth: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), truth.len(), "{name}");
    let error: f64 = ours.iter().zip(truth).map(|(o, t)| (o.to_f64() - t).powi(2)).sum();
    let size: f64 = truth.iter().map(|t| t * t).sum();
    assert!((error / size).sqrt() < tolerance, "{name}: relative error {:e}", (error / size).sqrt());
}

fn gradients<R: Real>(golden: &Golden<'_>, tolerance: f64) {
    let ctx = Context::<R>::new(InstructionSet::detect(), 2);
    let mut model = Model::new(ctx.instruction_set(), &golden.spec());
    let params = golden.params(&model);
    let mut state = golden.state(&model, "", "0");
    let mut grads = Params::zeros(Arc::clone(model.layout()));
    let mut through_time = vec![vec![Vec::new(); STEPS]; golden.layers];
    model.pack(&ctx, &params);
    let mut seen = OnBackwardStep(|step: &BackwardStep<'_, R>| {
        through_time[step.layer][step.t] = step.d_hidden.to_vec();
    });
    let pass = &mut Pass::new(&ctx, &params).observed_by(&mut seen);
    let score = model.train(pass, &golden.batch(), &mut state, &mut grads);
    assert_close("loss", &[R::from_f64(score.mean_loss())], &golden.tensor("loss"), tolerance);
    for (index, entry) in model.layout().entries().iter().enumerate() {
        assert_close(
            &entry.name,
            grads.tensor(index),
            &golden.tensor(&format!("grad.{}", entry.name)),
            tolerance,
        );
    }
    let end = golden.state(&model, "", "_n");
    let d_state = golden.state(&model, "d_", "0");
    for (layer, flow) in through_time.iter().enumerate() {
        let wide = |state: &State<R>| state.layer(layer).iter().map(|x| x.to_f64()).collect::<Vec<_>>();
        assert_close("final state", state.layer(layer), &wide(&end), tolerance);
        let ours = model.d_state().expect("after a training pass").layer(layer);
        assert_close("gradient of the initial state", ours, &wide(&d_state), tolerance);
        assert_close("d_h through time", &flow.concat(), &golden.tensor(&format!("d_h.l{layer}")), tolerance);
    }
}

/// The settings of `OPTIMIZERS` in tools/golden.py: name, rule, learning rate, norm limit.
fn optimizers() -> Vec<(&'static str, Settings, f64, Option<f64>)> {
    let of = |rule| Settings { rule, ..Settings::default() };
    vec![
        ("sgd", of(Rule::Sgd), 0.5, Some(1.0)),
        ("sgd_clipped", of(Rule::Sgd), 0.5, Some(0.1)),
        ("sgd_nesterov", Settings { momentum: 0.9, nesterov: true, ..of(Rule::Sgd) }, 0.1, None),
        ("adam", of(Rule::Adam), 0.02, Some(1.0)),
        ("adamw", Settings { weight_decay: 0.1, ..of(Rule::AdamW) }, 0.02, None),
        ("rmsprop", of(Rule::RmsProp), 0.01, None),
        ("adagrad", of(Rule::Adagrad), 0.05, None),
    ]
}

fn loss_curves<R: Real>(golden: &Golden<'_>, prefix: &str, tolerance: f64) {
    let ctx = Context::<R>::new(InstructionSet::detect(), 2);
    for (name, settings, lr, limit) in optimizers() {
        let mut model = Model::new(ctx.instruction_set(), &golden.spec());
        let mut params = golden.params(&model);
        let mut optimizer = Optimizer::new(settings, Arc::clone(model.layout()));
        let mut grads = Params::zeros(Arc::clone(model.layout()));
        let mut report = ClipReport::default();
        let curve: Vec<f64> = (0..10)
            .map(|_| {
                let mut state = golden.state(&model, "", "0");
                grads.clear();
                model.pack(&ctx, &params);
                let pass = &mut Pass::new(&ctx, &params);
                let score = model.train(pass, &golden.batch(), &mut state, &mut grads);
                Clip::None.apply(&ctx, &mut grads, &mut report);
                // PyTorch divides by ‖g‖ + 1e-6: this limit has the same effect here.
                let norm = report.global_norm_before;
                if let Some(limit) = limit.filter(|limit| norm + 1e-6 > *limit) {
                    Clip::Norm(limit * norm / (norm + 1e-6)).apply(&ctx, &mut grads, &mut report);
                    assert!(report.acted);
                }
                optimizer.step(&ctx, lr, &mut params, &mut grads);
                score.mean_loss()
            })
            .collect();
        let truth = golden.tensor(&format!("{prefix}.{name}"));
        assert!(truth[9] < truth[0], "{name}: the reference learns");
        for (step, (ours, theirs)) in curve.iter().zip(&truth).enumerate() {
            assert!((ours - theirs).abs() < tolerance, "{name}, step {step}: {ours} against {theirs}");
        }
    }
}

macro_rules! golden {
    ($($test:ident: $kind:expr, $layers:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let bytes = include_bytes!(concat!("../golden/model/", stringify!($test), ".safetensors"));
                let file = SafeTensors::deserialize(bytes).expect("a golden file");
                let golden = Golden { file, kind: $kind, layers: $layers };
                // Rounding of short sums through seven steps; f32 gradients near 0.1 are small differences of
                // sums.
                gradients::<f64>(&golden, 1e-12);
                gradients::<f32>(&golden, 5e-6);
                // Losses near 2.4 over ten steps: 13 digits in f64, a dozen ulps of 2.4e-7 in f32.
                loss_curves::<f64>(&golden, "losses", 1e-12);
                loss_curves::<f32>(&golden, "losses_f32", 3e-6);
            }
        )*
    };
}

golden! {
    rnn_tanh_1: CellKind::Rnn, 1;
    rnn_tanh_2: CellKind::Rnn, 2;
    rnn_relu_1: CellKind::Relu, 1;
    rnn_relu_2: CellKind::Relu, 2;
    gru_1: CellKind::Gru { reset_after: true }, 1;
    gru_2: CellKind::Gru { reset_after: true }, 2;
    lstm_1: CellKind::Lstm { peepholes: false, coupled: false }, 1;
    lstm_2: CellKind::Lstm { peepholes: false, coupled: false }, 2;
}
