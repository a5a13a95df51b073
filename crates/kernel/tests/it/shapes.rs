//! Compares kernels with plain loops on pseudo-random shapes, strides and lengths. The sanitizers run these
//! tests.
//!
//! Buffers end with the last number, so that an access beyond them leaves the allocation. Where equality is
//! asserted, numbers are small and whole, and sums of them are exact in any order.

use crate::{drawn, instruction_sets, whole};
use longspan_kernel::Real;
use longspan_kernel::gemm::{DEPTH, Start, Workspace, accumulate_transposed, product};
use longspan_kernel::gram::squared_norm_of_outer;
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::norms::{
    norms_of_rows, project_off, sum_of_squares_threaded, sums_of_squares_and_changes,
};
use longspan_kernel::orthonormal::{BLOCK, Finished, orthonormalise};
use longspan_kernel::rng::Stream;
use longspan_kernel::rows::{gather_rows, scatter_rows};
use longspan_kernel::softmax::{LINE, Normaliser, cross_entropy_gradient, exponentials};
use longspan_kernel::{Context, Packed, Weights};

/// Number of shapes per test and instruction set.
const CASES: u64 = 24;

/// Calls `check` with a context and a stream of random numbers, for all instruction sets and one to three
/// threads.
fn cases<R: Real>(check: impl Fn(&Context<R>, &mut Stream)) {
    for (isa, threads) in
        instruction_sets().into_iter().flat_map(|isa| [1, 2, 3].map(|threads| (isa, threads)))
    {
        let ctx = Context::new(isa, threads);
        (0..CASES / 3).for_each(|case| check(&ctx, &mut drawn(3 * case + threads as u64)));
    }
}

/// Draws a number from `least` to `most`.
fn between(draw: &mut Stream, least: usize, most: usize) -> usize {
    least + draw.below((most - least + 1) as u32) as usize
}

/// Draws the numbers of a matrix with gaps between its rows but not after the last one; also returns its
/// stride.
fn strided<R: Real>(draw: &mut Stream, rows: usize, cols: usize) -> (Box<[R]>, usize) {
    let stride = cols + draw.below(4) as usize;
    let len = if rows == 0 { 0 } else { (rows - 1) * stride + cols };
    (whole(draw, len), stride)
}

fn at<R: Real>(data: &[R], stride: usize, i: usize, j: usize) -> f64 {
    data[i * stride + j].to_f64()
}

fn products<R: Real>(ctx: &Context<R>, draw: &mut Stream) {
    let (m, n) = (between(draw, 0, 20), between(draw, 1, 140));
    let k = if draw.below(4) == 0 { DEPTH + between(draw, 0, 9) } else { between(draw, 0, 40) };
    let (a, a_stride) = strided::<R>(draw, m, k);
    let (b, b_stride) = strided::<R>(draw, k, n);
    let (mut c, c_stride) = strided::<R>(draw, m, n);
    let (bias, before) = (whole::<R>(draw, n), c.clone());
    let mut packed = Packed::new(ctx.instruction_set(), 3, 1, 5);
    packed.reshape(k, n);
    packed.pack(ctx, Weights::Plain(Mat::strided(&b, k, n, b_stride)));
    let a_view = Mat::strided(&a, m, k, a_stride);
    let start = draw.below(3);
    let of = match start {
        0 => Start::Zero,
        1 => Start::Bias(&bias),
        _ => Start::Keep,
    };
    product(ctx, a_view, &packed, of, MatMut::strided(&mut c, m, n, c_stride));
    for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
        let from = [0.0, bias[j].to_f64(), at(&before, c_stride, i, j)][start as usize];
        let sum: f64 = (0..k).map(|k| at(&a, a_stride, i, k) * at(&b, b_stride, k, j)).sum();
        assert_eq!(at(&c, c_stride, i, j), from + sum, "({i}, {j}) of [{m}, {k}] · [{k}, {n}]");
    }
    let gap = |i: usize| i % c_stride >= n;
    assert!((0..c.len()).filter(|&i| gap(i)).all(|i| c[i] == before[i]), "a gap of C was written to");
}

#[test]
fn products_of_random_shapes() {
    cases::<f32>(products);
    cases::<f64>(products);
}

fn transposed<R: Real>(ctx: &Context<R>, draw: &mut Stream) {
    let (m, n) = (between(draw, 0, 40), [between(draw, 0, 70), between(draw, 1, 20)]);
    let k = if draw.below(4) == 0 { DEPTH + between(draw, 0, 9) } else { between(draw, 0, 30) };
    let (a, a_stride) = strided::<R>(draw, k, m);
    let (left, a_stride_) = strided::<R>(draw, k, n[0]);
    let (right, b_stride_) = strided::<R>(draw, k, n[1]);
    let (mut c, c_stride) = strided::<R>(draw, m, n[0]);
    let (mut d, d_stride) = strided::<R>(draw, m, n[1]);
    let (mut sums, before) = (vec![R::ZERO; m].into_boxed_slice(), [c.clone(), d.clone()]);
    let products = [
        (Mat::strided(&left, k, n[0], a_stride_), MatMut::strided(&mut c, m, n[0], c_stride)),
        (Mat::strided(&right, k, n[1], b_stride_), MatMut::strided(&mut d, m, n[1], d_stride)),
    ];
    let a_view = Mat::strided(&a, k, m, a_stride);
    accumulate_transposed(ctx, a_view, products, &mut Workspace::new(), Some(&mut sums));
    let strides = [(a_stride_, c_stride), (b_stride_, d_stride)];
    for (p, (b, c)) in [(&left, &c), (&right, &d)].into_iter().enumerate() {
        for (i, j) in (0..m).flat_map(|i| (0..n[p]).map(move |j| (i, j))) {
            let sum: f64 = (0..k).map(|k| at(&a, a_stride, k, i) * at(b, strides[p].0, k, j)).sum();
            let exact = at(&before[p], strides[p].1, i, j) + sum;
            assert_eq!(at(c, strides[p].1, i, j), exact, "({i}, {j}) of [{k}, {m}]ᵀ · [{k}, {}]", n[p]);
        }
    }
    for i in 0..m {
        assert_eq!(sums[i].to_f64(), (0..k).map(|k| at(&a, a_stride, k, i)).sum::<f64>());
    }
}

#[test]
fn transposed_products_of_random_shapes() {
    cases::<f32>(transposed);
    cases::<f64>(transposed);
}

fn rows_of_tables<R: Real>(ctx: &Context<R>, draw: &mut Stream) {
    let (tokens, cols, count) = (between(draw, 1, 9), between(draw, 0, 50), between(draw, 0, 12));
    let indices: Vec<u32> = (0..count).map(|_| draw.below(tokens as u32)).collect();
    let (mut table, stride) = strided::<R>(draw, tokens, cols);
    let (mut rows, row_stride) = strided::<R>(draw, count, cols);
    let to = MatMut::strided(&mut rows, count, cols, row_stride);
    gather_rows(ctx, Mat::strided(&table, tokens, cols, stride), &indices, to);
    for (i, j) in (0..count).flat_map(|i| (0..cols).map(move |j| (i, j))) {
        assert_eq!(at(&rows, row_stride, i, j), at(&table, stride, indices[i] as usize, j));
    }
    let before = table.clone();
    let from = Mat::strided(&rows, count, cols, row_stride);
    scatter_rows(ctx, &indices, from, MatMut::strided(&mut table, tokens, cols, stride));
    for (token, j) in (0..tokens).flat_map(|token| (0..cols).map(move |j| (token, j))) {
        let hits = indices.iter().filter(|&&index| index as usize == token).count() as f64;
        assert_eq!(at(&table, stride, token, j), (1.0 + hits) * at(&before, stride, token, j));
    }
}

#[test]
fn rows_of_tables_of_random_shapes() {
    cases::<f32>(rows_of_tables);
    cases::<f64>(rows_of_tables);
}

fn norms<R: Real>(ctx: &Context<R>, draw: &mut Stream) {
    let (rows, cols) = (between(draw, 0, 20), between(draw, 1, 90));
    let (a, b) = (whole::<R>(draw, rows * cols), whole::<R>(draw, rows * cols));
    let square = |x: &R| x.to_f64() * x.to_f64();
    let squares: f64 = a.iter().map(square).sum();
    let changes: f64 = a.iter().zip(&b).map(|(a, b)| (b.to_f64() - a.to_f64()).powi(2)).sum();
    assert_eq!(sum_of_squares_threaded(ctx, &a, &mut Vec::new()), squares);
    assert_eq!(sums_of_squares_and_changes(ctx, &a, &b, &mut Vec::new()), [squares, changes]);
    let of_rows: Vec<f64> = a.chunks(cols).map(|row| row.iter().map(square).sum::<f64>().sqrt()).collect();
    let exact = [of_rows.iter().sum::<f64>(), of_rows.iter().copied().fold(0.0, f64::max)];
    for (found, exact) in norms_of_rows(ctx.instruction_set(), &a, cols).into_iter().zip(exact) {
        assert!((found - exact).abs() <= 1e-12 * exact, "{found} and {exact}: {rows} rows of {cols}");
    }
    // ‖Σ_i a_i ⊗ b_i‖² is the sum of the squares of A ᵀB.
    let (left, right) = (Mat::new(&a, rows, cols), Mat::new(&b, rows, cols));
    let element =
        |u: usize, v: usize| (0..rows).map(|i| at(&a, cols, i, u) * at(&b, cols, i, v)).sum::<f64>();
    let outer: f64 =
        (0..cols).flat_map(|u| (0..cols).map(move |v| (u, v))).map(|(u, v)| element(u, v).powi(2)).sum();
    let found = squared_norm_of_outer(ctx, left, right, R::ONE, &mut Vec::new());
    assert!((found - outer).abs() <= 1e-4 * outer, "{found} and {outer}: {rows} rows of {cols}");
}

#[test]
fn norms_of_random_shapes() {
    cases::<f32>(norms);
    cases::<f64>(norms);
}

fn softmax<R: Real>(ctx: &Context<R>, draw: &mut Stream) {
    let (tokens, positions, first) = (between(draw, 1, 20), LINE * between(draw, 0, 4), between(draw, 0, 5));
    let (mut d, stride) = strided::<R>(draw, tokens, positions);
    let (logits, bias) = (d.clone(), whole::<R>(draw, tokens));
    let mut largest = vec![R::ZERO; positions].into_boxed_slice();
    let mut sums = largest.clone();
    let view = MatMut::strided(&mut d, tokens, positions, stride);
    exponentials(ctx, view, &bias, &mut largest, &mut sums);
    let targets: Vec<usize> =
        (0..positions.saturating_sub(3)).map(|_| between(draw, 0, tokens + 9)).collect();
    let scales = vec![R::from_f64(0.5); targets.len()];
    let factors: Vec<R> = sums.iter().map(|sum| R::from_f64(0.5) / *sum).collect();
    let of = Normaliser { factors: &factors, targets: &targets, scales: &scales };
    let mut d_bias = vec![R::ZERO; tokens].into_boxed_slice();
    let view = MatMut::strided(&mut d, tokens, positions, stride);
    cross_entropy_gradient(ctx, view, first, of, &mut d_bias);
    let mut exact_bias = vec![0.0; tokens];
    for p in 0..positions {
        let e: Vec<f64> = (0..tokens).map(|v| (at(&logits, stride, v, p) + bias[v].to_f64()).exp()).collect();
        for v in 0..tokens {
            let hit = targets.get(p) == Some(&(first + v));
            let exact = 0.5 * (e[v] / e.iter().sum::<f64>() - f64::from(u8::from(hit)));
            assert!((at(&d, stride, v, p) - exact).abs() < 1e-6, "({v}, {p}) of [{tokens}, {positions}]");
            exact_bias[v] += exact;
        }
    }
    for (found, exact) in d_bias.iter().zip(exact_bias) {
        assert!((found.to_f64() - exact).abs() < 1e-4, "{found} and {exact}: [{tokens}, {positions}]");
    }
}

#[test]
fn softmax_of_random_shapes() {
    cases::<f32>(softmax);
    cases::<f64>(softmax);
}

fn orthonormal(ctx: &Context<f64>, draw: &mut Stream) {
    let n = between(draw, 1, 50);
    let (rows, isa) = (between(draw, 1, n), ctx.instruction_set());
    let mut q: Box<[f64]> = (0..rows * n).map(|_| draw.normal()).collect();
    let mut ln = vec![0.0; rows];
    let mut finished: Vec<Box<Finished<f64>>> = Vec::new();
    for (block, ln) in q.chunks_mut(BLOCK * n).zip(ln.chunks_mut(BLOCK)) {
        let live = orthonormalise(isa, block, &finished, ln);
        assert_eq!(live, ln.len(), "random rows are independent");
        let mut done = Finished::new(isa, n);
        done.set(Mat::new(block, live, n));
        finished.push(Box::new(done));
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for (i, a) in q.chunks(n).enumerate() {
        for (j, b) in q.chunks(n).enumerate() {
            assert!(
                (dot(a, b) - f64::from(u8::from(i == j))).abs() < 1e-10,
                "rows {i} and {j} of [{rows}, {n}]"
            );
        }
    }
    let mut row: Box<[f64]> = (0..n).map(|_| draw.normal()).collect();
    project_off(isa, &mut row, &q);
    assert!(q.chunks(n).all(|q| dot(q, &row).abs() < 1e-10), "[{rows}, {n}]");
}

#[test]
fn orthonormal_rows_of_random_shapes() {
    cases::<f64>(orthonormal);
}
