//! Compares the recurrent passes with plain loops on pseudo-random shapes, with rows of different lengths:
//! see [`shapes`](crate::shapes).

use crate::chain::{Chain, GATES, PARTS, PHASES, SLOTS};
use crate::{drawn, instruction_sets, whole};
use longspan_kernel::Real;
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::packed_shape::{PackedShape, TimeSlice};
use longspan_kernel::recurrent::{self, Chunk, Gradients, Tangents};
use longspan_kernel::rng::Stream;
use longspan_kernel::{Context, Packed, Weights};

/// Number of shapes per instruction set and number type.
const CASES: u64 = 12;

/// The buffers of a chunk, in whole numbers.
struct Case<R> {
    shape: PackedShape,
    first: usize,
    steps: usize,
    hidden: usize,
    /// W_0, W_1, W_2, each `[H, H]`.
    weights: Box<[R]>,
    elementwise: Box<[R]>,
    tape: Box<[R]>,
    states: Box<[R]>,
    stride: usize,
    d_states: Box<[R]>,
}

/// Draws −1, 0 or 1, mostly 0, so that sums over `width` of them stay small.
fn sparse<R: Real>(draw: &mut Stream, len: usize, width: usize) -> Box<[R]> {
    let mut number = || match draw.below(2 * width as u32 + 1) {
        0 | 1 => 1.0,
        2 | 3 => -1.0,
        _ => 0.0,
    };
    (0..len).map(|_| R::from_f64(number())).collect()
}

impl<R: Real> Case<R> {
    fn draw(draw: &mut Stream) -> Self {
        let (hidden, rows) = (1 + draw.below(45) as usize, 1 + draw.below(12) as usize);
        let mut lengths: Vec<usize> = (0..rows).map(|_| 1 + draw.below(4) as usize).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        if draw.below(3) == 0 {
            lengths = vec![lengths[0]; rows];
        }
        let mut shape = PackedShape::default();
        shape.set_lengths(&lengths);
        let first = draw.below(shape.steps() as u32) as usize;
        let steps = 1 + draw.below((shape.steps() - first) as u32) as usize;
        let slice = shape.time_slice(first, steps);
        let (positions, part) = (slice.positions(), slice.states() * hidden);
        let stride = part + draw.below(5) as usize;
        Self {
            shape,
            first,
            steps,
            hidden,
            weights: sparse(draw, GATES * hidden * hidden, hidden),
            elementwise: whole(draw, hidden),
            tape: sparse(draw, positions * SLOTS * hidden, 2),
            states: sparse(draw, stride + part, 2),
            stride,
            d_states: sparse(draw, stride + part, 2),
        }
    }

    fn slice(&self) -> TimeSlice<'_> {
        self.shape.time_slice(self.first, self.steps)
    }

    /// W_hh of a phase, `[gates · H, H]`.
    fn block(&self, phase: usize) -> Mat<'_, R> {
        let n = self.hidden * self.hidden;
        Mat::new(
            &self.weights[PHASES[phase].first_gate * n..],
            PHASES[phase].gates * self.hidden,
            self.hidden,
        )
    }

    fn packed(&self, ctx: &Context<R>, backward: bool) -> Vec<Packed<R>> {
        let pack = |phase: usize| {
            let (gates, block) = (PHASES[phase].gates, self.block(phase));
            let (mut packed, weights) = match backward {
                true => (
                    Packed::new(ctx.instruction_set(), gates * self.hidden, 1, self.hidden),
                    Weights::Plain(block),
                ),
                false => (
                    Packed::new(ctx.instruction_set(), self.hidden, gates, self.hidden),
                    Weights::Transposed(block),
                ),
            };
            packed.pack(ctx, weights);
            packed
        };
        vec![pack(0), pack(1)]
    }

    fn weight(&self, gate: usize, to: usize, from: usize) -> f64 {
        self.weights[(gate * self.hidden + to) * self.hidden + from].to_f64()
    }

    /// Computes Σ_from W_gate[to, from] x[from].
    fn times(&self, gate: usize, to: usize, x: &[f64]) -> f64 {
        (0..self.hidden).map(|from| self.weight(gate, to, from) * x[from]).sum()
    }

    /// Computes Σ_to W_gate[to, from] x[to].
    fn transposed(&self, gate: usize, from: usize, x: &[f64]) -> f64 {
        (0..self.hidden).map(|to| self.weight(gate, to, from) * x[to]).sum()
    }

    /// Computes tape and states of the forward pass with plain loops.
    fn forward(&self) -> (Vec<f64>, Vec<f64>) {
        let (slice, h) = (self.slice(), self.hidden);
        let (mut tape, mut states) = (f64s(&self.tape), f64s(&self.states));
        for (t, row) in (0..self.steps).flat_map(|t| (0..slice.rows_at(t)).map(move |row| (t, row))) {
            let position = (slice.offset(t) + row) * SLOTS * h;
            let (before, after) = ((slice.state_offset(t) + row) * h, (slice.state_offset(t + 1) + row) * h);
            let state = states[before..before + h].to_vec();
            for j in 0..h {
                tape[position + j] += self.times(0, j, &state);
                tape[position + h + j] += self.times(1, j, &state);
                tape[position + 3 * h + j] = tape[position + j] + state[j];
            }
            let u = tape[position + 3 * h..position + 4 * h].to_vec();
            for j in 0..h {
                tape[position + 2 * h + j] += self.times(2, j, &u);
                let c = states[self.stride + before + j] + tape[position + 2 * h + j];
                states[self.stride + after + j] = c;
                states[after + j] = tape[position + h + j] + self.elementwise[j].to_f64() * c;
            }
        }
        (tape, states)
    }

    /// Computes deltas and gradients with respect to the states with plain loops.
    fn backward(&self) -> (Vec<f64>, Vec<f64>) {
        let (slice, h) = (self.slice(), self.hidden);
        let (mut deltas, mut d_states) = (vec![0.0; self.tape.len()], f64s(&self.d_states));
        for (t, row) in (0..self.steps).rev().flat_map(|t| (0..slice.rows_at(t)).map(move |row| (t, row))) {
            let position = (slice.offset(t) + row) * SLOTS * h;
            let (before, after) = ((slice.state_offset(t) + row) * h, (slice.state_offset(t + 1) + row) * h);
            for j in 0..h {
                let d_h = d_states[after + j];
                let total = d_states[self.stride + after + j] + self.elementwise[j].to_f64() * d_h;
                (deltas[position + h + j], deltas[position + 2 * h + j]) = (d_h, total);
                d_states[self.stride + before + j] = total;
            }
            let (d_a1, d_a2) =
                (deltas[position + h..][..h].to_vec(), deltas[position + 2 * h..][..h].to_vec());
            for j in 0..h {
                let d_u = self.transposed(2, j, &d_a2);
                (deltas[position + j], deltas[position + 3 * h + j]) = (d_u, d_u);
            }
            let d_u = deltas[position..][..h].to_vec();
            for j in 0..h {
                d_states[before + j] += d_u[j] + self.transposed(0, j, &d_u) + self.transposed(1, j, &d_a1);
            }
        }
        (deltas, d_states)
    }
}

fn f64s<R: Real>(from: &[R]) -> Vec<f64> {
    from.iter().map(|x| x.to_f64()).collect()
}

fn assert_equal<R: Real>(found: &[R], exact: &[f64], what: &str) {
    for (i, (found, exact)) in found.iter().zip(exact).enumerate() {
        assert!(found.to_f64() == *exact, "{what}: {found} and not {exact} at {i}");
        assert!(exact.abs() < f64::from(1 << 24), "{what}: f32 does not hold {exact}");
    }
    assert_eq!(found.len(), exact.len(), "{what}");
}

fn passes<R: Real>() {
    for (isa, case) in instruction_sets().into_iter().flat_map(|isa| (0..CASES).map(move |case| (isa, case)))
    {
        let ctx = Context::<R>::new(isa, 1 + case as usize % 3);
        let mut case = Case::<R>::draw(&mut drawn(case));
        let (tape, states) = case.forward();
        let (deltas, d_states) = case.backward();
        let [forward, backward] = [false, true].map(|backward| case.packed(&ctx, backward));
        let what = format!("{} {isa}, H = {}, {:?}", R::NAME, case.hidden, case.shape);
        let start = case.states.clone();
        let (slice, hidden) = (case.shape.time_slice(case.first, case.steps), case.hidden);
        let mut chunk = Chunk {
            slice,
            hidden,
            tape: &mut case.tape,
            states: &mut case.states,
            part_stride: case.stride,
            weights: &case.elementwise,
        };
        recurrent::forward(&ctx, &Chain, &PHASES, &forward, &mut chunk);
        assert_equal(chunk.states, &states, &format!("states, {what}"));
        chunk.states.copy_from_slice(&start);
        recurrent::recompute(&ctx, &Chain, &mut chunk);
        assert_equal(chunk.states, &states, &format!("states recomputed, {what}"));
        let mut found = vec![R::ZERO; deltas.len()].into_boxed_slice();
        let mut gradients = Gradients { deltas: &mut found, d_states: &mut case.d_states };
        recurrent::backward(&ctx, &Chain, &PHASES, &backward, &mut chunk, &mut gradients);
        assert_equal(&found, &deltas, &format!("deltas, {what}"));
        let mut jacobian = vec![R::ZERO; slice.positions() * hidden].into_boxed_slice();
        recurrent::linearise(&ctx, &Chain, &mut chunk, &mut jacobian);
        assert!(jacobian.chunks(hidden).all(|row| row == &*case.elementwise), "{what}");
        assert_equal(&case.tape, &tape, &format!("tape, {what}"));
        assert_equal(&case.d_states, &d_states, &format!("gradients by states, {what}"));
    }
}

#[test]
fn passes_of_random_shapes() {
    passes::<f32>();
    passes::<f64>();
}

/// For a linear cell the tangent is the step itself, without its input.
fn tangents<R: Real>() {
    for (isa, case) in instruction_sets().into_iter().flat_map(|isa| (0..CASES).map(move |case| (isa, case)))
    {
        let ctx = Context::<R>::new(isa, 1);
        let mut draw = drawn(100 + case);
        let case = Case::<R>::draw(&mut draw);
        let (hidden, batch, each) = (case.hidden, 1 + draw.below(3) as usize, draw.below(7) as usize);
        let rows = batch * each;
        let strides = [1, 2, 3].map(|width| width * hidden + draw.below(3) as usize);
        let len = |stride: usize, width: usize| if rows == 0 { 0 } else { (rows - 1) * stride + width };
        let before = sparse::<R>(&mut draw, len(strides[1], 2 * hidden), 2);
        let inflow = sparse::<R>(&mut draw, len(strides[2], 3 * hidden), 2);
        let jacobian: Box<[R]> = (0..batch).flat_map(|_| case.elementwise.iter().copied()).collect();
        let mut after = vec![R::ZERO; rows * PARTS * hidden].into_boxed_slice();
        let with_inflow = draw.below(2) == 1;
        recurrent::tangents(
            isa,
            &Chain,
            &PHASES,
            &case.packed(&ctx, false),
            Tangents {
                hidden,
                jacobian: Mat::new(&jacobian, batch, hidden),
                before: Mat::strided(&before, rows, PARTS * hidden, strides[1]),
                after: MatMut::new(&mut after, rows, PARTS * hidden),
                inflow: with_inflow.then(|| Mat::strided(&inflow, rows, GATES * hidden, strides[2])),
                operands: &mut vec![R::ZERO; rows * hidden],
            },
        );
        for row in 0..rows {
            let of = |gate: usize, j: usize| match with_inflow {
                true => inflow[row * strides[2] + gate * hidden + j].to_f64(),
                false => 0.0,
            };
            let state = f64s(&before[row * strides[1]..][..PARTS * hidden]);
            let u: Vec<f64> = (0..hidden).map(|j| of(0, j) + case.times(0, j, &state) + state[j]).collect();
            let c = (0..hidden).map(|j| state[hidden + j] + of(2, j) + case.times(2, j, &u));
            let c: Vec<f64> = c.collect();
            let h = (0..hidden)
                .map(|j| of(1, j) + case.times(1, j, &state) + case.elementwise[j].to_f64() * c[j]);
            let exact: Vec<f64> = h.chain(c.iter().copied()).collect();
            let found = &after[row * PARTS * hidden..][..PARTS * hidden];
            assert_equal(found, &exact, &format!("tangent {row} of {rows}, H = {hidden}, {isa}"));
        }
    }
}

#[test]
fn tangents_of_random_shapes() {
    tangents::<f32>();
    tangents::<f64>();
}
