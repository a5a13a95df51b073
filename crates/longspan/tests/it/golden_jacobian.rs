//! Parity with PyTorch of Jacobians of the joint state, and of singular values of their products.
//! `tools/golden.py` writes the files.

use longspan::bptt::{Input, Keep, Pass, State, Window};
use longspan::cell::CellKind;
use longspan::gradient_check::{Case, Problem};
use longspan::probe::jacobian::DenseJacobians;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};
use safetensors::SafeTensors;

const STEPS: usize = 7;

fn tensor(file: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let view = file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
}

fn compare(name: &str, kind: CellKind, layers: usize, bytes: &[u8]) {
    let file = SafeTensors::deserialize(bytes).expect("a golden file");
    let case = Case { kind, layers, input: 5, hidden: 6, steps: STEPS, rows: 1, chunk: 4 };
    let ctx = Context::new(InstructionSet::detect(), 1);
    let mut problem = Problem::<f64>::new(ctx.instruction_set(), case, 0);
    for entry in problem.params.layout().clone().entries() {
        problem.params.named_mut(&entry.name).copy_from_slice(&tensor(&file, &entry.name));
    }
    let x = tensor(&file, "x");
    let mut state: State<f64> = problem.state.clone();
    let parts: &[&str] = if matches!(kind, CellKind::Lstm { .. }) { &["h0", "c0"] } else { &["h0"] };
    for layer in 0..layers {
        let of = |part: &&str| tensor(&file, part)[layer * 6..][..6].to_vec();
        state.layer_mut(layer).copy_from_slice(&parts.iter().flat_map(of).collect::<Vec<_>>());
    }
    let mut dense = DenseJacobians::new(&state, 1, STEPS);
    problem.stack.pack(&ctx, &problem.params);
    let (input, shape, mut y) = (Input::Numbers(&x), PackedShape::even(STEPS, 1), vec![0.0; STEPS * 6]);
    let pass = &mut Pass::new(&ctx, &problem.params).observed_by(&mut dense);
    problem.stack.forward(pass, Window { shape: &shape, input }, Keep::Outputs, &mut state, &mut y);
    let n = dense.width();
    for (t, truth) in tensor(&file, "jacobians").chunks(n * n).enumerate() {
        for (at, (ours, truth)) in dense.matrix(t, 0).iter().zip(truth).enumerate() {
            // The tolerance allows the rounding of sums of six terms of order one through two layers.
            assert!((ours - truth).abs() < 1e-14, "{name}, step {t}, {at}: {ours} against {truth}");
        }
    }
    let lags: Vec<usize> = (1..=STEPS).collect();
    for (product, truth) in dense.products(&ctx, &lags).iter().zip(tensor(&file, "ln_singular").chunks(2)) {
        let (largest, smallest) =
            (product.ln_largest_singular_values[0], product.ln_smallest_singular_values[0]);
        assert!((largest - truth[0]).abs() < 1e-12, "{name}: {largest} against {}", truth[0]);
        // The smallest value of a singular product consists of rounding errors in PyTorch; otherwise the
        // error is rounding times the condition number.
        let rounding = 1e-14 * (truth[0] - truth[1]).exp();
        let same =
            if smallest.is_finite() { (smallest - truth[1]).abs() < rounding } else { rounding > 1e-3 };
        assert!(same, "{name} at {}: {smallest} against {}", product.lag_steps, truth[1]);
    }
}

macro_rules! golden {
    ($($test:ident: $kind:expr, $layers:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let bytes = include_bytes!(concat!("../golden/jacobian/", stringify!($test), ".safetensors"));
                compare(stringify!($test), $kind, $layers, bytes);
            }
        )*
    };
}

golden! {
    rnn_1: CellKind::Rnn, 1;
    rnn_2: CellKind::Rnn, 2;
    relu_1: CellKind::Relu, 1;
    relu_2: CellKind::Relu, 2;
    residual_1: CellKind::Residual { step: 0.5, learned: false }, 1;
    residual_2: CellKind::Residual { step: 0.5, learned: false }, 2;
    gru_1: CellKind::Gru { reset_after: true }, 1;
    gru_2: CellKind::Gru { reset_after: true }, 2;
    lstm_1: CellKind::Lstm { peepholes: false, coupled: false }, 1;
    lstm_2: CellKind::Lstm { peepholes: false, coupled: false }, 2;
}
