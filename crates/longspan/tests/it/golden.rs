//! Parity with PyTorch: compares outputs and all gradients with files that `tools/golden.py` writes.

use longspan::bptt::State;
use longspan::cell::CellKind;
use longspan::cell::Real;
use longspan::gradient_check::{Case, Options, Problem};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};
use safetensors::SafeTensors;

fn tensor(file: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let view = file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
}

fn fill<R: Real>(to: &mut [R], from: &[f64]) {
    assert_eq!(to.len(), from.len());
    to.iter_mut().zip(from).for_each(|(to, &x)| *to = R::from_f64(x));
}

/// The library's states are `[parts, B, H]` per layer, PyTorch's `[L, B, H]` per part.
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

fn compare<R: Real>(
    name: &str,
    kind: CellKind,
    layers: usize,
    (options, lengths): (Options, [usize; 3]),
    bytes: &[u8],
    tolerance: f64,
) {
    let file = SafeTensors::deserialize(bytes).expect("a golden file");
    let case = Case { kind, layers, input: 5, hidden: 6, steps: 7, rows: 3, chunk: 4 };
    let ctx = Context::new(InstructionSet::detect(), 1);
    let mut shape = PackedShape::default();
    shape.set_lengths(&lengths);
    let mut problem = Problem::<R>::with(ctx.instruction_set(), case, options, shape, 0);
    let states = problem.stack.states();
    for entry in problem.params.layout().clone().entries() {
        fill(problem.params.named_mut(&entry.name), &tensor(&file, &entry.name));
    }
    fill(&mut problem.x, &tensor(&file, "x"));
    fill(&mut problem.target, &tensor(&file, "target"));
    let parts: &[&str] = if matches!(kind, CellKind::Lstm { .. }) { &["h", "c"] } else { &["h"] };
    let of = |prefix: &str, suffix: &str| -> Vec<Vec<f64>> {
        parts.iter().map(|p| tensor(&file, &format!("{prefix}{p}{suffix}"))).collect()
    };
    // A learned state is one of the weights.
    if !options.learned_state {
        fill_state(&mut problem.state, states, &of("", "0"));
    }
    fill_state(&mut problem.end, states, &of("end_", ""));

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
    if options.learned_state {
        return;
    }
    let mut d_state = problem.state.clone();
    fill_state(&mut d_state, states, &of("d_", "0"));
    for layer in 0..states {
        let truth: Vec<f64> = d_state.layer(layer).iter().map(|d| d.to_f64()).collect();
        assert_close(&format!("{name} initial state"), gradient.state.layer(layer), &truth, tolerance);
    }
}

macro_rules! golden {
    ($($test:ident: $kind:expr, $layers:literal, $options:expr;)*) => {
        $(
            #[test]
            fn $test() {
                let bytes = include_bytes!(concat!("../golden/", stringify!($test), ".safetensors"));
                // The tolerance allows the rounding of sums of some dozen terms through seven steps, in
                // either type.
                compare::<f64>(stringify!($test), $kind, $layers, $options, bytes, 1e-13);
                compare::<f32>(stringify!($test), $kind, $layers, $options, bytes, 2e-6);
            }
        )*
    };
}

const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };
const GRU: CellKind = CellKind::Gru { reset_after: true };

/// Returns options for rows of equal length.
fn plain() -> (Options, [usize; 3]) {
    (Options::default(), [7; 3])
}

/// Returns options for a bidirectional stack with rows of different lengths.
fn bidirectional() -> (Options, [usize; 3]) {
    (Options { bidirectional: true, ..Options::default() }, [7, 4, 2])
}

/// Returns options for all connections between layers, and a learned state.
fn connected(bidirectional: bool) -> (Options, [usize; 3]) {
    let (residual, norm, learned_state) = (true, true, true);
    (Options { bidirectional, residual, norm, learned_state, dropout: None }, [7, 4, 2])
}

golden! {
    rnn_1: CellKind::Rnn, 1, plain();
    rnn_2: CellKind::Rnn, 2, plain();
    relu_1: CellKind::Relu, 1, plain();
    relu_2: CellKind::Relu, 2, plain();
    gru_1: GRU, 1, plain();
    gru_2: GRU, 2, plain();
    lstm_1: LSTM, 1, plain();
    lstm_2: LSTM, 2, plain();
    bidirectional_rnn_2: CellKind::Rnn, 2, bidirectional();
    bidirectional_gru_2: GRU, 2, bidirectional();
    bidirectional_lstm_2: LSTM, 2, bidirectional();
    connected_gru_3: GRU, 3, connected(true);
    connected_lstm_3: LSTM, 3, connected(false);
}
