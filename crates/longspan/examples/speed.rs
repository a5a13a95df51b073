//! Times forward + backward of a recurrent stack on one shape after another.
//!
//!     cargo run --release --example speed [THREADS [SHAPE]]
//!
//! Flops are 3 · 2 · T · B · Σ (D + H) · G · H; the peak is that of the multiply-add loop in the same run.

use std::sync::Arc;
use std::time::Instant;

use longspan::bptt::{Input, Stack};
use longspan::cell::CellKind;
use longspan::kernel::{Context, Level, fma_peak_flops};
use longspan::params::{Layout, Params};
use longspan::rng::{Key, Purpose};

/// Runs per shape; the median counts.
const REPEATS: usize = 31;

const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };
const GRU: CellKind = CellKind::Gru { reset_after: true };

/// (cell, gates, T, B, D, H, L).
const SHAPES: [(CellKind, usize, usize, usize, usize, usize, usize); 10] = [
    (CellKind::Rnn, 1, 128, 32, 256, 256, 1),
    (GRU, 3, 128, 32, 256, 256, 1),
    (LSTM, 4, 128, 32, 256, 256, 1),
    (GRU, 3, 128, 64, 512, 512, 2),
    (LSTM, 4, 128, 64, 512, 512, 2),
    (CellKind::Rnn, 1, 1000, 8, 10, 128, 1),
    (GRU, 3, 1000, 8, 10, 128, 1),
    (LSTM, 4, 1000, 8, 10, 128, 1),
    (LSTM, 4, 100, 1, 64, 64, 1),
    (LSTM, 4, 64, 64, 1024, 1024, 1),
];

fn median(mut run: impl FnMut()) -> f64 {
    run();
    let mut times: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[REPEATS / 2]
}

fn main() {
    let argument = |n: usize| std::env::args().nth(n).and_then(|n| n.parse::<usize>().ok());
    let (threads, only) = (argument(1).unwrap_or(1), argument(2));
    let ctx = Context::<f32>::new(Level::detect(), threads);
    let mut flops = 0.0;
    let seconds = median(|| flops = fma_peak_flops(ctx.level(), 300));
    let peak = flops / seconds / 1e9 * threads as f64;
    println!("{} thread(s), {}, multiply-add peak {peak:.0} GFLOP/s", threads, ctx.level());
    println!("| cell | T, B, D, H, L | ms | GFLOP/s | of peak |\n|---|---|---|---|---|");
    for (index, (kind, gates, steps, rows, input, hidden, layers)) in SHAPES.into_iter().enumerate() {
        if only.is_some_and(|only| only != index) {
            continue;
        }
        let mut layout = Layout::default();
        let mut stack = Stack::new(
            ctx.level(),
            kind,
            layers,
            input,
            hidden,
            std::env::var("CH").ok().and_then(|c| c.parse().ok()).unwrap_or((512 / rows).clamp(8, 128)),
            &mut layout,
        );
        let mut params = Params::zeros(Arc::new(layout));
        let mut draw = Key::new(0, Purpose::Init, 0, 0).stream(0, 0);
        let bound = 1.0 / (hidden as f64).sqrt();
        for index in 0..params.layout().entries().len() {
            let weights = params.tensor_mut(index).iter_mut();
            weights.for_each(|w| *w = ((2.0 * draw.uniform() - 1.0) * bound) as f32);
        }
        let mut normal = |len: usize| (0..len).map(|_| draw.normal() as f32).collect::<Vec<_>>();
        let (x, d_y) = (normal(steps * rows * input), normal(steps * rows * hidden));
        let (mut y, mut d_x) = (d_y.clone(), x.clone());
        let mut grads = Params::zeros(Arc::clone(params.layout()));
        let (mut state, mut d_state) = (stack.zero_state(rows), stack.zero_state(rows));
        let seconds = median(|| {
            state.clear();
            d_state.clear();
            grads.clear();
            stack.pack(&ctx, &params);
            stack.forward(&ctx, &params, Input::Numbers(&x), (steps, rows), &mut state, None, &mut y);
            stack.backward(
                &ctx,
                &params,
                Input::Numbers(&x),
                &d_y,
                &mut d_state,
                &mut grads,
                Some(&mut d_x),
                &mut |_| (),
            );
        });
        let sizes: usize = (0..layers).map(|l| if l == 0 { input + hidden } else { 2 * hidden }).sum();
        let rate = (6 * steps * rows * sizes * gates * hidden) as f64 / seconds / 1e9;
        let share = 100.0 * rate / peak;
        println!(
            "| {kind} | {steps}, {rows}, {input}, {hidden}, {layers} | {:.2} | {rate:.1} | {share:.0} % |",
            seconds * 1e3
        );
    }
}
