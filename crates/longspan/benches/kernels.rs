//! Benchmarks of single kernels, on one thread: `cargo bench -p longspan`, see docs/benchmarking.md. Whole
//! training steps matter (`longspan bench`); this benchmark shows which part of a step has become faster or
//! slower.
//!
//! A rate is in flops if a name contains product or recurrent, otherwise in elements. `LONGSPAN_ISA` selects
//! the instruction set.
#![allow(missing_docs, reason = "a program")]

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use longspan::cell::Cell;
use longspan::cell::elman;
use longspan::cell::elman::Elman;
use longspan::cell::gru::{ResetAfter, ResetBefore};
use longspan::cell::lstm::Lstm;
use longspan::cell::residual::Residual;
use longspan::model::head::Classes;
use longspan::optim::clip::{Clip, ClipReport};
use longspan::optim::{Optimizer, Rule, Settings};
use longspan::params::{Group, Layout, Params};
use longspan_kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::recurrent;
use longspan_kernel::recurrent::{
    Backward, Chunk, Equations, Forward, Gradients, Linearise, MAX_GATES, Tangent, Units,
};
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet, Packed, Vector, Weights};

fn main() {
    divan::main();
}

#[allow(clippy::disallowed_methods, reason = "a benchmark reads its options from the environment")]
fn context() -> Context<f32> {
    let isa = match std::env::var("LONGSPAN_ISA") {
        Ok(name) => name
            .parse()
            .and_then(InstructionSet::checked)
            .unwrap_or_else(|error| panic!("LONGSPAN_ISA: {error}")),
        Err(_) => InstructionSet::detect(),
    };
    Context::new(isa, 1)
}

fn draw(len: usize, scale: f64) -> Vec<f32> {
    let mut stream = Key::new(1, Purpose::Probe, 0, 0).stream(0, 0);
    (0..len).map(|_| (scale * stream.normal()) as f32).collect()
}

/// Number of units.
const HIDDEN: [usize; 4] = [128, 256, 512, 1024];
/// Number of rows of a chunk's products, T · B.
const ROWS: usize = 512;

/// [rows, H] · [H, 4 H]: the input projection of an lstm.
fn project(bencher: Bencher, rows: usize, hidden: usize) {
    let (ctx, n) = (context(), 4 * hidden);
    let (a, b, mut c) = (draw(rows * hidden, 1.0), draw(hidden * n, 1.0), vec![0.0; rows * n]);
    let mut packed = Packed::new(ctx.instruction_set(), hidden, 1, n);
    packed.pack(&ctx, Weights::Plain(Mat::new(&b, hidden, n)));
    bencher.counter(ItemsCount::new(2 * rows * hidden * n)).bench_local(|| {
        product(&ctx, Mat::new(&a, rows, hidden), &packed, Start::Zero, MatMut::new(&mut c, rows, n));
    });
}

#[divan::bench(args = HIDDEN)]
fn product_of_a_chunk(bencher: Bencher, hidden: usize) {
    project(bencher, ROWS, hidden);
}

#[divan::bench(args = [1, 2, 3, 4, 8])]
fn product_of_few_rows(bencher: Bencher, rows: usize) {
    project(bencher, rows, 256);
}

/// [T · B, 4 H]ᵀ · [T · B, H], with the sums of the columns: the gradients of an lstm's weights and bias.
#[divan::bench(args = HIDDEN)]
fn product_accumulated_transposed(bencher: Bencher, hidden: usize) {
    let (ctx, m) = (context(), 4 * hidden);
    let (a, b) = (draw(ROWS * m, 1.0), draw(ROWS * hidden, 1.0));
    let (mut c, mut sums, mut work) = (vec![0.0; m * hidden], vec![0.0; m], Workspace::new());
    bencher.counter(ItemsCount::new(2 * ROWS * m * hidden)).bench_local(|| {
        let into = [(Mat::new(&b, ROWS, hidden), MatMut::new(&mut c, m, hidden))];
        accumulate_transposed(&ctx, Mat::new(&a, ROWS, m), into, &mut work, Some(&mut sums));
    });
}

fn pack(bencher: Bencher, hidden: usize, transposed: bool) {
    let (ctx, n) = (context(), 4 * hidden);
    let b = draw(hidden * n, 1.0);
    let mut packed = Packed::new(ctx.instruction_set(), hidden, 1, n);
    bencher.counter(ItemsCount::new(hidden * n)).bench_local(|| {
        packed.pack(
            &ctx,
            match transposed {
                true => Weights::Transposed(Mat::new(&b, n, hidden)),
                false => Weights::Plain(Mat::new(&b, hidden, n)),
            },
        );
    });
}

#[divan::bench(args = HIDDEN)]
fn pack_plain(bencher: Bencher, hidden: usize) {
    pack(bencher, hidden, false);
}

#[divan::bench(args = HIDDEN)]
fn pack_transposed(bencher: Bencher, hidden: usize) {
    pack(bencher, hidden, true);
}

/// A cell with the buffers of one chunk.
struct Recurrence {
    ctx: Context<f32>,
    shape: PackedShape,
    rows: usize,
    hidden: usize,
    weights: Vec<f32>,
    tape: Vec<f32>,
    states: Vec<f32>,
    elementwise: Vec<f32>,
}

/// T and H of a chunk.
const STEPS: usize = 16;
const UNITS: usize = 256;

impl Recurrence {
    fn new<C: Cell<f32>>(rows: usize) -> Self {
        let hidden = UNITS;
        Self {
            ctx: context(),
            shape: PackedShape::even(STEPS, rows),
            rows,
            hidden,
            weights: draw(C::GATES * hidden * hidden, (hidden as f64).powf(-0.5)),
            tape: draw(STEPS * rows * C::TAPE * hidden, 1.0),
            states: vec![0.0; C::PARTS * (STEPS + 1) * rows * hidden],
            elementwise: draw(C::WEIGHTS * hidden, 0.1),
        }
    }

    fn chunk(&mut self) -> Chunk<'_, f32> {
        Chunk {
            slice: self.shape.whole(),
            hidden: self.hidden,
            tape: &mut self.tape,
            states: &mut self.states,
            part_stride: (STEPS + 1) * self.rows * self.hidden,
            weights: &self.elementwise,
        }
    }

    fn packed<C: Cell<f32>>(&self, backward: bool) -> Vec<Packed<f32>> {
        let hidden = self.hidden;
        let phases = C::PHASES.iter().map(|phase| {
            let rows = phase.gates * hidden;
            let block = Mat::new(&self.weights[phase.first_gate * hidden * hidden..], rows, hidden);
            let isa = self.ctx.instruction_set();
            let (mut packed, weights) = match backward {
                true => (Packed::new(isa, rows, 1, hidden), Weights::Plain(block)),
                false => (Packed::new(isa, hidden, phase.gates, hidden), Weights::Transposed(block)),
            };
            packed.pack(&self.ctx, weights);
            packed
        });
        phases.collect()
    }

    /// Number of flops of the products.
    fn flops<C: Cell<f32>>(&self) -> ItemsCount {
        ItemsCount::new(2 * STEPS * self.rows * C::GATES * self.hidden * self.hidden)
    }
}

fn forward<C: Cell<f32>>(bencher: Bencher, cell: C, rows: usize) {
    let mut recurrence = Recurrence::new::<C>(rows);
    let (packed, flops) = (recurrence.packed::<C>(false), recurrence.flops::<C>());
    let tape = recurrence.tape.clone();
    let ctx = context();
    // The forward pass overwrites the input projection in the tape, so each run gets a copy.
    bencher.counter(flops).with_inputs(|| tape.clone()).bench_local_refs(|tape| {
        let mut chunk = Chunk { tape, ..recurrence.chunk() };
        recurrent::forward(&ctx, &cell, C::PHASES, &packed, &mut chunk);
    });
}

fn backward<C: Cell<f32>>(bencher: Bencher, cell: C, rows: usize) {
    let mut recurrence = Recurrence::new::<C>(rows);
    let (packed, flops) = (recurrence.packed::<C>(false), recurrence.flops::<C>());
    let ctx = context();
    recurrent::forward(&ctx, &cell, C::PHASES, &packed, &mut recurrence.chunk());
    let packed = recurrence.packed::<C>(true);
    let mut deltas = vec![0.0; STEPS * rows * C::DELTAS * recurrence.hidden];
    let arriving = draw(recurrence.states.len(), 1.0);
    bencher.counter(flops).with_inputs(|| arriving.clone()).bench_local_refs(|d_states| {
        let mut gradients = Gradients { deltas: &mut deltas, d_states };
        recurrent::backward(&ctx, &cell, C::PHASES, &packed, &mut recurrence.chunk(), &mut gradients);
    });
}

/// T = 16, H = 256; B is the argument.
macro_rules! cells {
    ($($name:ident $cell:expr;)*) => {
        mod recurrent_forward {
            use super::*;
            $(#[divan::bench(args = [1, 8, 32])]
            fn $name(bencher: Bencher, rows: usize) {
                forward(bencher, $cell, rows);
            })*
        }
        mod recurrent_backward {
            use super::*;
            $(#[divan::bench(args = [1, 8, 32])]
            fn $name(bencher: Bencher, rows: usize) {
                backward(bencher, $cell, rows);
            })*
        }
    };
}

cells! {
    rnn Elman::<{ elman::TANH }>;
    residual Residual;
    gru ResetAfter;
    gru_reset_before ResetBefore;
    lstm Lstm::<false, false>;
    lstm_peepholes Lstm::<true, false>;
}

/// Not a real cell: its state is a function of its tape, so that recomputing the states applies the function
/// once.
struct Apply<const F: u8>;

const EXP: u8 = 0;
const SIGMOID: u8 = 1;
const TANH: u8 = 2;

impl<const F: u8> Equations<f32> for Apply<F> {
    const TAPE: usize = 1;
    const DELTAS: usize = 0;
    const PARTS: usize = 1;
    const WEIGHTS: usize = 0;
    const JACOBIAN: usize = 0;

    #[inline(always)]
    fn forward<S: Units<f32>>(&self, _: usize, _: [S::V; MAX_GATES], _: Forward<'_, f32, S>) {}

    #[inline(always)]
    fn recompute<S: Units<f32>>(&self, mut at: Forward<'_, f32, S>) {
        let x = at.tape.get(0);
        at.next.set(
            0,
            match F {
                EXP => x.exp(),
                SIGMOID => x.sigmoid(),
                _ => x.tanh(),
            },
        );
    }

    #[inline(always)]
    fn backward<S: Units<f32>>(&self, _: usize, _: Backward<'_, f32, S>) {}

    #[inline(always)]
    fn linearise<S: Units<f32>>(&self, _: Linearise<'_, f32, S>) {}

    #[inline(always)]
    fn tangent<S: Units<f32>>(&self, _: usize, _: [S::V; MAX_GATES], _: Tangent<'_, f32, S>) {}
}

fn activation<const F: u8>(bencher: Bencher) {
    let (ctx, len) = (context(), 4096);
    let (mut tape, mut states) = (draw(len, 3.0), vec![0.0; 2 * len]);
    let shape = PackedShape::even(1, 1);
    bencher.counter(ItemsCount::new(len)).bench_local(|| {
        let (tape, states) = (&mut tape[..], &mut states[..]);
        let mut chunk =
            Chunk { slice: shape.whole(), hidden: len, tape, states, part_stride: 2 * len, weights: &[] };
        recurrent::recompute(&ctx, &Apply::<F>, &mut chunk);
    });
}

#[divan::bench]
fn exp(bencher: Bencher) {
    activation::<EXP>(bencher);
}

#[divan::bench]
fn sigmoid(bencher: Bencher) {
    activation::<SIGMOID>(bencher);
}

#[divan::bench]
fn tanh(bencher: Bencher) {
    activation::<TANH>(bencher);
}

/// Logits, softmax, loss and all gradients of 256 positions with 200 units.
#[divan::bench(args = [65, 1000, 10_000], sample_size = 1)]
fn head(bencher: Bencher, vocabulary: usize) {
    let (ctx, hidden, positions) = (context(), 200, 256);
    let mut layout = Layout::default();
    let weight = layout.push("weight", &[vocabulary, hidden], Group::Head);
    let bias = layout.push("bias", &[vocabulary], Group::Bias);
    let mut head = Classes::new(ctx.instruction_set(), weight, bias, hidden, vocabulary);
    let mut params = Params::zeros(Arc::new(layout));
    params.tensor_mut(weight).copy_from_slice(&draw(vocabulary * hidden, 0.1));
    let mut grads = params.clone();
    let h = draw(positions * hidden, 0.5);
    let targets: Vec<u32> = (0..positions as u32).map(|i| i % vocabulary as u32).collect();
    bencher
        .counter(ItemsCount::new(positions * vocabulary))
        .with_inputs(|| h.clone())
        .bench_local_refs(|h| head.score_and_differentiate(&ctx, &params, h, &targets, &mut grads));
}

/// A million weights in one tensor.
fn weights(scale: f64) -> Params<f32> {
    let mut layout = Layout::default();
    layout.push("weights", &[1 << 20], Group::Input);
    let mut params = Params::zeros(Arc::new(layout));
    let drawn = draw(1 << 20, scale);
    params.tensor_mut(0).copy_from_slice(&drawn);
    params
}

/// The norm alone, and the norm with a gradient that is scaled.
#[divan::bench(args = [1e9, 1.0], sample_size = 1)]
fn clip_norm(bencher: Bencher, limit: f64) {
    let (ctx, grads, mut report) = (context(), weights(1.0), ClipReport::default());
    bencher.counter(ItemsCount::new(grads.flat().len())).with_inputs(|| grads.clone()).bench_local_refs(
        |grads| {
            Clip::Norm(limit).apply(&ctx, grads, &mut report);
        },
    );
}

#[divan::bench(args = [Rule::Sgd, Rule::Adam, Rule::RmsProp, Rule::Adagrad])]
fn update(bencher: Bencher, rule: Rule) {
    let (ctx, mut params) = (context(), weights(0.1));
    let settings = Settings { rule, ..Settings::default() };
    let mut optimizer = Optimizer::new(settings, Arc::clone(params.layout()));
    let grads = weights(1e-3);
    // The update sets the gradients to zero.
    bencher.counter(ItemsCount::new(grads.flat().len())).with_inputs(|| grads.clone()).bench_local_refs(
        |grads| {
            optimizer.step(&ctx, 1e-3, &mut params, grads);
        },
    );
}
