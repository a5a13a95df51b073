//! Parity with PyTorch: outputs and every gradient, from files that `tools/golden.py` writes.

mod common;

use common::{Case, Problem};
use longspan::bptt::State;
use longspan::cell::CellKind;
use longspan::kernel::{Context, Level};
use longspan::real::Real;
use safetensors::SafeTensors;

fn tensor(file: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let view = file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
}

fn fill<R: Real>(to: &mut [R], from: &[f64]) {
    assert_eq!(to.len(), from.len());
    to.iter_mut().zip(from).for_each(|(to, &x)| *to = R::from_f64(x));
}

/// Ours are `[parts, B, H]` per layer, PyTorch's `[L, B, H]` per part.
fn fill_state<R: Real>(state: &mut State<R>, layers: usize, parts: &[Vec<f64>]) {
    for layer in 0..layers {
        let n = parts[0].len() / layers;
        let values: Vec<f64> = parts.iter().flat_map(|p| p[layer * n..][..n].to_vec()).collect();
        fill(state.layer_mut(layer), &values);
    }
}

fn assert_close<R: Real>(name: &str, ours: &[R], truth: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), truth.len(), "{name}");
    let error: f64 = ours.iter().zip(truth).map(|(o, t)| (o.to_f64() - t).powi(2)).sum();
    let size: f64 = truth.iter().map(|t| t * t).sum();
    let relative = (error / size).sqrt();
    assert!(relative < tolerance, "{name}: relative error {relative:e}");
}

fn compare<R: Real>(name: &str, kind: CellKind, layers: usize, bytes: &[u8], tolerance: f64) {
    let file = SafeTensors::deserialize(bytes).expect("a golden file");
    let case = Case { kind, layers, input: 5, hidden: 6, steps: 7, rows: 3, chunk: 4 };
    let ctx = Context::new(Level::detect(), 1);
    let mut problem = Problem::<R>::new(ctx.level(), case, 0);
    for entry in problem.params.layout().clone().entries() {
        fill(problem.params.named_mut(&entry.name), &tensor(&file, &entry.name));
    }
    fill(&mut problem.x, &tensor(&file, "x"));
    fill(&mut problem.target, &tensor(&file, "target"));
    let parts: &[&str] = if matches!(kind, CellKind::Lstm { .. }) { &["h", "c"] } else { &["h"] };
    let of = |prefix: &str, suffix: &str| -> Vec<Vec<f64>> {
        parts.iter().map(|p| tensor(&file, &format!("{prefix}{p}{suffix}"))).collect()
    };
    fill_state(&mut problem.state, layers, &of("", "0"));
    fill_state(&mut problem.end, layers, &of("end_", ""));

    assert_close(name, &problem.outputs(&ctx).0, &tensor(&file, "y"), tolerance);
    let loss = [problem.loss(&ctx)];
    assert_close(name, &loss, &tensor(&file, "loss"), tolerance);
    let gradient = problem.gradient(&ctx);
    for entry in problem.params.layout().entries() {
        let truth = tensor(&file, &format!("grad.{}", entry.name));
        assert_close(
            &format!("{name} {}", entry.name),
            gradient.params.named(&entry.name),
            &truth,
            tolerance,
        );
    }
    assert_close(&format!("{name} x"), &gradient.x, &tensor(&file, "d_x"), tolerance);
    let mut d_state = problem.state.clone();
    fill_state(&mut d_state, layers, &of("d_", "0"));
    for layer in 0..layers {
        let truth: Vec<f64> = d_state.layer(layer).iter().map(|d| d.to_f64()).collect();
        assert_close(&format!("{name} initial state"), gradient.state.layer(layer), &truth, tolerance);
    }
}

macro_rules! golden {
    ($($test:ident: $kind:expr, $layers:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let bytes = include_bytes!(concat!("golden/", stringify!($test), ".safetensors"));
                // Rounding of sums of some dozen terms through seven steps, in either type.
                compare::<f64>(stringify!($test), $kind, $layers, bytes, 1e-13);
                compare::<f32>(stringify!($test), $kind, $layers, bytes, 2e-6);
            }
        )*
    };
}

golden! {
    rnn_1: CellKind::Rnn, 1;
    rnn_2: CellKind::Rnn, 2;
    relu_1: CellKind::Relu, 1;
    relu_2: CellKind::Relu, 2;
    gru_1: CellKind::Gru { reset_after: true }, 1;
    gru_2: CellKind::Gru { reset_after: true }, 2;
    lstm_1: CellKind::Lstm { peepholes: false, coupled: false }, 1;
    lstm_2: CellKind::Lstm { peepholes: false, coupled: false }, 2;
}
