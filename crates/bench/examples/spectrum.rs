//! Computes and times the full Lyapunov spectrum of a layer from a file of weights and input, starting at the
//! zero state: the Longspan side of `bench/spectrum.py`.
//!
//! `spectrum FILE rnn|gru|lstm THREADS REPEATS STEPS` prints `{"seconds": […], "exponents": […]}`. The
//! directions are orthonormalised every STEPS steps. FILE has tensors with PyTorch's names in f64, and `x`
//! `[T, D]`.

use std::time::Instant;

use longspan::bptt::{Input, Recurrence, RecurrenceSpec, Window};
use longspan::cell::CellKind;
use longspan::params::{Layout, Params};
use longspan::probe::lyapunov::lyapunov_spectrum;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::spectrum::LyapunovOptions;
use safetensors::SafeTensors;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, cell, threads, repeats, per_qr] = arguments.as_slice() else {
        panic!("usage: spectrum FILE CELL THREADS REPEATS STEPS")
    };
    let cell = match cell.as_str() {
        "rnn" => CellKind::Rnn,
        "gru" => CellKind::Gru { reset_after: true },
        "lstm" => CellKind::Lstm { peepholes: false, coupled: false },
        other => panic!("unknown cell {other}: use rnn, gru or lstm"),
    };
    let bytes = std::fs::read(path).expect("a file");
    let file = SafeTensors::deserialize(&bytes).expect("safetensors");
    let tensor = |name: &str| -> (Vec<f64>, Vec<usize>) {
        let tensor = file.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let numbers =
            tensor.data().chunks_exact(8).map(|x| f64::from_le_bytes(x.try_into().expect("eight bytes")));
        (numbers.collect(), tensor.shape().to_vec())
    };
    let ((x, shape), hidden) = (tensor("x"), tensor("rnn.weight_hh_l0").1[1]);
    let (steps, input) = (shape[0], shape[1]);
    let ctx = Context::<f64>::new(InstructionSet::detect(), threads.parse().expect("a number"));
    let mut layout = Layout::default();
    let mut stack =
        Recurrence::new(ctx.instruction_set(), &RecurrenceSpec::new(cell, input, hidden, 1, 64), &mut layout);
    let mut params = Params::zeros(layout.into());
    for name in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(|name| format!("rnn.{name}_l0")) {
        params.named_mut(&name).copy_from_slice(&tensor(&name).0);
    }
    stack.pack(&ctx, &params);
    let steps_per_qr = per_qr.parse().expect("a number");
    let options = LyapunovOptions { warmup_steps: 0, steps_per_qr, ..LyapunovOptions::default() };
    let (mut seconds, mut exponents) = (Vec::new(), Vec::new());
    for _ in 0..repeats.parse().expect("a number") {
        let mut state = stack.zero_state(1);
        let (extent, began) = (PackedShape::even(steps, 1), Instant::now());
        let spectrum = lyapunov_spectrum(
            &ctx,
            &mut stack,
            &params,
            Window { shape: &extent, input: Input::Numbers(&x) },
            &mut state,
            options.clone(),
        );
        seconds.push(began.elapsed().as_secs_f64());
        exponents = spectrum.exponents_nats_per_step;
    }
    println!("{{\"seconds\": {seconds:?}, \"exponents\": {exponents:?}}}");
}
