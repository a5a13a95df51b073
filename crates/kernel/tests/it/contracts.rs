//! Safe calls that unsafe code could not serve are refused, and the message names what does not fit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::chain::{Chain, GATES, PARTS, PHASES, SLOTS};
use crate::{LEVELS, levels};
use longspan_kernel::extent::Extent;
use longspan_kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::orthonormal::{BLOCK, Finished, orthonormalise};
use longspan_kernel::recurrent::{
    self, Backward, Chunk, Equations, Forward, Gradients, Linearise, MAX_GATES, Operand, Phase, Tangent,
    Tangents, Units,
};
use longspan_kernel::rows::{gather_rows, scatter_rows};
use longspan_kernel::softmax::{LINE, Normaliser, cross_entropy_gradient, exponentials};
use longspan_kernel::{Buffer, Context, Level, Packed, Weights, fma_peak_flops};

/// Asserts that `work` panics with a message that contains `expected`.
#[track_caller]
fn refused(expected: &str, work: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err(expected);
    let message = match panic.downcast_ref::<&str>() {
        Some(message) => message,
        None => panic.downcast_ref::<String>().map_or("", String::as_str),
    };
    assert!(message.contains(expected), "\"{message}\" does not contain \"{expected}\"");
}

fn ctx() -> Context<f32> {
    Context::new(Level::Portable, 1)
}

/// Another instruction set than the portable one.
fn other_level() -> Level {
    if cfg!(target_arch = "x86_64") { Level::Avx2 } else { Level::Avx512 }
}

/// An operand `[depth, gates · units]` of zeros.
fn packed(depth: usize, gates: usize, units: usize) -> Packed<f32> {
    let weights = vec![0.0; depth * gates * units];
    let mut packed = Packed::new(Level::Portable, depth, gates, units);
    packed.pack_here(Weights::Plain(Mat::new(&weights, depth, gates * units)));
    packed
}

#[test]
fn buffers_whose_size_wraps() {
    refused("a buffer of 4611686018427387904 numbers of 4 bytes", || drop(Buffer::<f32>::zeros(1 << 62)));
    refused("a buffer of 1152921504606846976 numbers of 8 bytes", || drop(Buffer::<f64>::zeros(1 << 60)));
    refused("a buffer of 4611686018427387905 numbers", || Buffer::<f32>::zeros(1).grow((1 << 62) + 1));
}

#[test]
fn matrices_that_leave_their_data() {
    let mut data = [0.0f32; 12];
    refused("a [3, 2] matrix of stride 9223372036854775808 overflows", || {
        MatMut::strided(&mut data, 3, 2, 1 << 63);
    });
    refused("a [9223372036854775809, 2] matrix of stride 2 overflows", || {
        Mat::new(&[0.0f32; 2], (1 << 63) + 1, 2);
    });
    refused("a [3, 4] matrix of stride 5 needs 14 elements, not 12", || {
        Mat::strided(&[0.0f32; 12], 3, 4, 5);
    });
    refused("a row of 4 does not fit a stride of 3", || {
        Mat::strided(&[0.0f32; 12], 3, 4, 3);
    });
}

#[test]
fn windows_whose_offsets_would_be_wrong() {
    refused("overflows", || drop(Extent::even(2, 1 << 63)));
    refused("a window of 18446744073709551615 steps overflows", || drop(Extent::even(usize::MAX, 1)));
    refused("longest first", || Extent::default().set_lengths(&[2, 3]));
    refused("row 1 of 2 has no step", || Extent::default().set_lengths(&[2, 0]));
    let extent = Extent::even(3, 2);
    refused("steps 2..2 + 2 of a window of 3", || {
        extent.cut(2, 2).rows();
    });
    refused("steps 18446744073709551615..", || {
        extent.cut(usize::MAX, 2).rows();
    });
    refused("step 3 of 3", || {
        extent.whole().after(3).rows();
    });
    refused("part 2 of 2", || {
        extent.whole().share(2, 2);
    });
}

/// Lengths from a function that returns others when it is called again: no offset may go wrong.
#[test]
fn lengths_that_change_while_they_are_read() {
    let lengths = [4, 3, 1];
    for changes_after in 0..20 {
        let calls = AtomicUsize::new(0);
        let mut extent = Extent::default();
        let set = catch_unwind(AssertUnwindSafe(|| {
            extent.set_lengths_of(3, |row| match calls.fetch_add(1, Ordering::Relaxed) < changes_after {
                true => lengths[row],
                false => 0,
            });
        }));
        if set.is_ok() {
            let rows: Vec<usize> = (0..extent.steps()).map(|t| extent.rows_at(t)).collect();
            assert_eq!((rows.iter().sum::<usize>(), rows), (8, vec![3, 2, 2, 1]));
        } else {
            assert!(changes_after < 15, "the lengths were right whenever they were read");
        }
    }
}

#[test]
fn instruction_sets_that_the_processor_lacks() {
    for level in LEVELS {
        let absent = level.checked().is_err();
        let starts = catch_unwind(|| Context::<f32>::new(level, 1).threads());
        assert_eq!(starts.is_err(), absent, "a context on {level}");
        assert_eq!(catch_unwind(|| fma_peak_flops(level, 1)).is_err(), absent, "the peak of {level}");
        let sum = catch_unwind(|| longspan_kernel::norms::sum_of_squares(level, &[2.0f32]));
        assert_eq!(sum.is_err(), absent, "a job on {level}");
    }
}

#[test]
fn operands_of_impossible_shapes() {
    for gates in [0, 5] {
        refused(&format!("{gates} gates in one product"), || {
            Packed::<f32>::new(Level::Portable, 3, gates, 5);
        });
    }
    refused("overflows", || drop(Packed::<f32>::new(Level::Portable, 1 << 40, 4, 1 << 40)));
    refused("overflows", || packed(3, 1, 5).reshape(1 << 32, 1 << 30));
    refused("shape of the weights to pack", || {
        packed(3, 2, 5).pack_here(Weights::Plain(Mat::new(&[0.0; 30], 3, 9)));
    });
}

/// C [2, 5] = A [2, 3] · B.
fn multiply(ctx: &Context<f32>, b: &Packed<f32>) {
    let mut c = [0.0; 10];
    product(ctx, Mat::new(&[0.0; 6], 2, 3), b, Start::Zero, MatMut::new(&mut c, 2, 5));
}

#[test]
fn operands_without_weights() {
    let no_weights = "an operand of shape [3, 5] has no weights";
    refused(no_weights, || multiply(&ctx(), &Packed::new(Level::Portable, 3, 1, 5)));
    let mut reshaped = packed(2, 1, 7);
    reshaped.reshape(3, 5);
    refused(no_weights, || multiply(&ctx(), &reshaped));
    let (mut small, mut large) = (Packed::new(Level::Portable, 3, 1, 5), packed(30, 1, 50));
    small.take_room(&mut large);
    refused(no_weights, || multiply(&ctx(), &small));
    large.reshape(3, 5);
    refused(no_weights, || multiply(&ctx(), &large));
    // The same shape again changes nothing.
    let mut ready = packed(3, 1, 5);
    ready.reshape(3, 5);
    multiply(&ctx(), &ready);
}

#[test]
fn operands_of_another_instruction_set() {
    let mut other = Packed::new(other_level(), 3, 1, 5);
    other.pack_here(Weights::Plain(Mat::new(&[0.0f32; 15], 3, 5)));
    refused("an operand packed for avx", || multiply(&ctx(), &other));
    for (level, another) in
        levels().into_iter().flat_map(|level| levels().into_iter().map(move |l| (level, l)))
    {
        // Working memory adapts to the context instead.
        let (mut work, mut c) = (Workspace::new(), vec![0.0f32; 40].into_boxed_slice());
        for level in [level, another] {
            let ctx = Context::new(level, 2);
            let (a, b) = (vec![1.0; 6], vec![2.0; 60]);
            let into = [(Mat::new(&b, 3, 20), MatMut::new(&mut c, 2, 20))];
            accumulate_transposed(&ctx, Mat::new(&a, 3, 2), into, &mut work, None);
        }
        assert!(c.iter().all(|&c| c == 12.0), "{level}, then {another}: {c:?}");
    }
}

#[test]
fn products_whose_shapes_differ() {
    let (ctx, b) = (ctx(), packed(3, 1, 5));
    let mut c = [0.0; 10];
    refused("K of the left", || {
        product(&ctx, Mat::new(&[0.0; 8], 2, 4), &b, Start::Zero, MatMut::new(&mut c, 2, 5));
    });
    refused("shape of the result", || {
        product(&ctx, Mat::new(&[0.0; 6], 2, 3), &b, Start::Zero, MatMut::new(&mut c, 2, 4));
    });
    refused("length of the bias", || {
        product(&ctx, Mat::new(&[0.0; 6], 2, 3), &b, Start::Bias(&[0.0; 4]), MatMut::new(&mut c, 2, 5));
    });
    let mut accumulate = |rows, columns, sums: usize| {
        let into = [(Mat::new(&[0.0; 15], 3, 5), MatMut::new(&mut c, 2, columns))];
        let a = Mat::new(&[0.0; 6], rows, 2);
        accumulate_transposed(&ctx, a, into, &mut Workspace::new(), Some(&mut vec![0.0; sums]));
    };
    refused("K of the left", || accumulate(2, 5, 2));
    refused("shape of the result", || accumulate(3, 4, 2));
    refused("length of the sums", || accumulate(3, 5, 1));
}

#[test]
fn parts_and_rows_that_do_not_exist() {
    let ctx = ctx();
    refused("12 elements in parts of 0", || ctx.split_parts(&mut [0; 12], 0, |_, _| ()));
    let (mut table, mut rows) = ([0.0; 6], [0.0; 4]);
    refused("index 3 at 1 is beyond a table of 3 rows", || {
        gather_rows(&ctx, Mat::new(&table, 3, 2), &[2, 3], MatMut::new(&mut rows, 2, 2));
    });
    refused("index 7 at 0 is beyond a table of 3 rows", || {
        scatter_rows(&ctx, &[7, 0], Mat::new(&rows, 2, 2), MatMut::new(&mut table, 3, 2));
    });
    refused("one row for each index", || {
        scatter_rows(&ctx, &[0], Mat::new(&rows, 2, 2), MatMut::new(&mut table, 3, 2));
    });
}

#[test]
fn softmax_of_other_lengths() {
    let (ctx, mut logits) = (ctx(), [0.0; 2 * LINE]);
    let mut places = [[0.0; LINE]; 2];
    let [largest, sums] = &mut places;
    refused("a bias for each token", || {
        exponentials(&ctx, MatMut::new(&mut logits, 2, LINE), &[0.0; 3], largest, sums);
    });
    refused("a sum for each of 16 places", || {
        exponentials(&ctx, MatMut::new(&mut logits, 2, LINE), &[0.0; 2], &mut largest[1..], sums);
    });
    let of = Normaliser { factors: &[0.0; LINE], targets: &[], scales: &[] };
    let mut gradient = |token, of, d_bias: usize| {
        let view = MatMut::new(&mut logits, 2, LINE);
        cross_entropy_gradient(&ctx, view, token, of, &mut vec![0.0; d_bias]);
    };
    refused("a place for each target", || gradient(0, of, 3));
    refused("a factor for each of 16 places", || gradient(0, Normaliser { factors: &[0.0; 15], ..of }, 2));
    refused("a scale for each target", || gradient(0, Normaliser { targets: &[1], ..of }, 2));
    refused("overflow", || gradient(usize::MAX, of, 2));
}

#[test]
fn orthonormal_rows_of_other_blocks() {
    let rows = vec![0.0f32; (BLOCK + 1) * 20];
    refused("17 rows in a block of 16", || {
        Finished::new(Level::Portable, 20).set(Mat::new(&rows, BLOCK + 1, 20));
    });
    let finished = |level, n| {
        let mut finished = Box::new(Finished::new(level, n));
        finished.set(Mat::new(&rows, 1, n));
        finished
    };
    let against = |finished| {
        orthonormalise(Level::Portable, &mut [1.0f32; 20], &[finished], &mut [0.0]);
    };
    refused("length of the finished rows", || against(finished(Level::Portable, 19)));
    refused("an operand packed for avx", || against(finished(other_level(), 20)));
    against(finished(Level::Portable, 20));
}

/// A chunk of [`Chain`] of 2 steps, 3 rows and 5 units, with buffers that are just long enough.
struct Buffers {
    extent: Extent,
    hidden: usize,
    tape: Vec<f32>,
    states: Vec<f32>,
    part_stride: usize,
    weights: Vec<f32>,
    deltas: Vec<f32>,
    d_states: Vec<f32>,
    jacobian: Vec<f32>,
    phases: Vec<Phase>,
    forward: Vec<Packed<f32>>,
    backward: Vec<Packed<f32>>,
}

const STEPS: usize = 2;
const ROWS: usize = 3;
const UNITS: usize = 5;

impl Buffers {
    fn new() -> Self {
        let (places, part) = (STEPS * ROWS, (STEPS + 1) * ROWS * UNITS);
        Self {
            extent: Extent::even(STEPS, ROWS),
            hidden: UNITS,
            tape: vec![0.0; places * SLOTS * UNITS],
            states: vec![0.0; PARTS * part],
            part_stride: part,
            weights: vec![0.0; UNITS],
            deltas: vec![0.0; places * SLOTS * UNITS],
            d_states: vec![0.0; PARTS * part],
            jacobian: vec![0.0; places * UNITS],
            phases: PHASES.to_vec(),
            forward: PHASES.iter().map(|phase| packed(UNITS, phase.gates, UNITS)).collect(),
            backward: PHASES.iter().map(|phase| packed(phase.gates * UNITS, 1, UNITS)).collect(),
        }
    }

    /// Runs all passes with the equations of `cell`.
    fn run(&mut self, cell: &impl Equations<f32>) {
        let ctx = ctx();
        let mut chunk = Chunk {
            cut: self.extent.whole(),
            hidden: self.hidden,
            tape: &mut self.tape,
            states: &mut self.states,
            part_stride: self.part_stride,
            weights: &self.weights,
        };
        recurrent::forward(&ctx, cell, &self.phases, &self.forward, &mut chunk);
        recurrent::replay(&ctx, cell, &mut chunk);
        let mut gradients = Gradients { deltas: &mut self.deltas, d_states: &mut self.d_states };
        recurrent::backward(&ctx, cell, &self.phases, &self.backward, &mut chunk, &mut gradients);
        recurrent::linearise(&ctx, cell, &mut chunk, &mut self.jacobian);
    }
}

/// Asserts that the passes over changed buffers are refused.
#[track_caller]
fn refused_passes(expected: &str, change: impl FnOnce(&mut Buffers)) {
    let mut buffers = Buffers::new();
    change(&mut buffers);
    refused(expected, || buffers.run(&Chain));
}

#[test]
fn chunks_whose_buffers_are_too_short() {
    Buffers::new().run(&Chain);
    refused_passes("tape: 120 numbers needed, but only 119 given", |of| {
        of.tape.pop();
    });
    refused_passes("states: 90 numbers needed, but only 89 given", |of| {
        of.states.pop();
    });
    refused_passes("elementwise weights: 5 numbers needed, but only 4 given", |of| {
        of.weights.pop();
    });
    refused_passes("deltas: 120 numbers needed, but only 119 given", |of| {
        of.deltas.pop();
    });
    refused_passes("gradients by states: 90 numbers needed, but only 89", |of| {
        of.d_states.pop();
    });
    refused_passes("coefficients: 30 numbers needed, but only 29 given", |of| {
        of.jacobian.pop();
    });
    refused_passes("state parts of 45 numbers overlap: they begin 44 apart", |of| of.part_stride -= 1);
    refused_passes("numbers needed", |of| of.part_stride = usize::MAX);
    refused_passes("overflows", |of| of.hidden = 1 << 62);
}

#[test]
fn phases_that_name_missing_slots() {
    fn operand(buffers: &mut Buffers, slot: usize, delta: usize, tangent: usize) {
        buffers.phases[1].operand = Operand::Tape { slot, delta, tangent };
    }
    refused_passes("phase 1: tape slot 4 of 4", |of| operand(of, 4, 3, 0));
    refused_passes("phase 1: delta slot 4 of 4", |of| operand(of, 3, 4, 0));
    refused_passes("phase 1: tangent slot 1 of 1", |of| operand(of, 3, 3, 1));
    refused_passes("phase 1: delta slot 2 of its operand is one of its gates, 2..3", |of| {
        operand(of, 3, 2, 0)
    });
    refused_passes("phase 0: delta slots 3..3 + 2 of 4", |of| of.phases[0].delta = 3);
    refused_passes("phase 0: delta slots 18446744073709551615..", |of| of.phases[0].delta = usize::MAX);
    refused_passes("phase 0: 5 gates", |of| of.phases[0].gates = 5);
    refused_passes("phase 0: 0 gates", |of| of.phases[0].gates = 0);
}

#[test]
fn weights_that_do_not_fit_their_phase() {
    refused_passes("phases and packed weights", |of| {
        of.forward.pop();
    });
    refused_passes("phases and packed weights", |of| {
        of.backward.pop();
    });
    // As many columns, but cut into other panels.
    refused_passes("phase 0: (depth, gates, units)", |of| of.forward[0] = packed(UNITS, 1, 2 * UNITS));
    refused_passes("phase 1: (depth, gates, units)", |of| of.forward[1] = packed(UNITS + 1, 1, UNITS));
    refused_passes("phase 0: (depth, gates, units)", |of| of.backward[0] = packed(UNITS, 1, UNITS));
    refused_passes("has no weights", |of| of.forward[0] = Packed::new(Level::Portable, UNITS, 2, UNITS));
    refused_passes("an operand packed for avx", |of| {
        of.backward[1] = Packed::new(other_level(), UNITS, 1, UNITS);
        of.backward[1].pack_here(Weights::Plain(Mat::new(&[0.0; UNITS * UNITS], UNITS, UNITS)));
    });
}

/// Equations without a state part, or that read a slot that they do not have.
struct Wrong<const PARTS: usize>;

impl<const PARTS: usize> Equations<f32> for Wrong<PARTS> {
    const TAPE: usize = 0;
    const DELTAS: usize = 0;
    const PARTS: usize = PARTS;
    const WEIGHTS: usize = 0;
    const JACOBIAN: usize = 0;

    fn forward<S: Units<f32>>(&self, _: usize, _: [S::V; MAX_GATES], _: Forward<'_, f32, S>) {}
    fn replay<S: Units<f32>>(&self, mut at: Forward<'_, f32, S>) {
        at.next.set(0, at.tape.get(0));
    }
    fn backward<S: Units<f32>>(&self, _: usize, _: Backward<'_, f32, S>) {}
    fn linearise<S: Units<f32>>(&self, _: Linearise<'_, f32, S>) {}
    fn tangent<S: Units<f32>>(&self, _: usize, _: [S::V; MAX_GATES], _: Tangent<'_, f32, S>) {}
}

#[test]
fn equations_that_lack_what_they_read() {
    let without_phases = || Buffers { phases: vec![], forward: vec![], backward: vec![], ..Buffers::new() };
    refused("equations with 0 state parts", || without_phases().run(&Wrong::<0>));
    refused("slot < self.count", || without_phases().run(&Wrong::<1>));
    refused("equations with 0 state parts", || tangents(&Wrong::<0>, |_| ()));
}

/// One tangent of one row, with shapes that `change` changes.
fn tangents(cell: &impl Equations<f32>, change: impl FnOnce(&mut TangentShapes)) {
    let mut of =
        TangentShapes { level: Level::Portable, hidden: UNITS, jacobian: (1, UNITS), before: PARTS * UNITS };
    change(&mut of);
    let (data, mut after) = ([0.0; 64], [0.0; 64]);
    let weights: Vec<_> = PHASES.iter().map(|phase| packed(UNITS, phase.gates, UNITS)).collect();
    let weights = if cell_has_phases(cell) { (&PHASES[..], &weights[..]) } else { (&[][..], &[][..]) };
    recurrent::tangents(
        of.level,
        cell,
        weights.0,
        weights.1,
        Tangents {
            hidden: of.hidden,
            jacobian: Mat::new(&data, of.jacobian.0, of.jacobian.1),
            before: Mat::new(&data, 2, of.before),
            after: MatMut::new(&mut after, 2, of.before),
            inflow: Some(Mat::new(&data, 2, GATES * UNITS)),
            operands: &mut [0.0; 2 * UNITS],
        },
    );
}

struct TangentShapes {
    level: Level,
    hidden: usize,
    jacobian: (usize, usize),
    before: usize,
}

fn cell_has_phases<E: Equations<f32>>(_: &E) -> bool {
    E::TAPE > 0
}

#[test]
fn tangents_of_other_shapes() {
    tangents(&Chain, |_| ());
    refused("2 tangents of 3 rows", || tangents(&Chain, |of| of.jacobian = (3, UNITS)));
    refused("2 tangents of 0 rows", || tangents(&Chain, |of| of.jacobian = (0, UNITS)));
    refused("coefficients of a row: 5 numbers needed, but only 4 given", || {
        tangents(&Chain, |of| of.jacobian = (2, UNITS - 1));
    });
    refused("columns of the tangents before", || tangents(&Chain, |of| of.before -= 1));
    refused("phase 0: (depth, gates, units)", || tangents(&Chain, |of| of.hidden = 4));
    if other_level().checked().is_ok() {
        refused("an operand packed for portable in a product on avx", || {
            tangents(&Chain, |of| of.level = other_level());
        });
    }
}

#[test]
fn a_panic_in_a_thread_is_reported_with_its_message() {
    let ctx = Context::<f32>::new(Level::Portable, 3);
    refused("worker 2", || ctx.split(3, |worker, _, _| assert!(worker != 2, "worker {worker}")));
    let done = AtomicUsize::new(0);
    ctx.split(3, |_, first, end| {
        done.fetch_add(end - first, Ordering::Relaxed);
    });
    assert_eq!(done.into_inner(), 3, "the threads are there for the next region");
}
