//! NaN and infinities reach exactly the values that depend on them: nothing is skipped because it is
//! multiplied by zero, and nothing leaks into other rows through tiles, tails or padding.

use crate::stack::instruction_sets;
use longspan::cell::CellKind;
use longspan::cell::Real;
use longspan::gradient_check::{Case, Problem};
use longspan_kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::softmax::{LINE, exponentials};
use longspan_kernel::{Context, Packed, Weights};

const SPECIAL: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// Returns numbers from −2 to 2, with zeros: 0 · ∞ must be NaN.
fn numbers<R: Real>(len: usize) -> Vec<R> {
    (0..len).map(|i| R::from_f64(((i * 7 + i / 5) % 5) as f64 - 2.0)).collect()
}

fn same(seen: f64, exact: f64) -> bool {
    seen == exact || (seen.is_nan() && exact.is_nan())
}

/// Compares with Σ_k a[i, k] b[k, j] in f64; sums of whole numbers, infinities and NaN have the same result
/// in any order.
fn assert_product<R: Real>(
    c: &[R],
    (m, k, n): (usize, usize, usize),
    a: impl Fn(usize, usize) -> R,
    b: &[R],
    what: &str,
) {
    for (at, c) in c.iter().enumerate() {
        let exact: f64 = (0..k).map(|k| a(at / n, k).to_f64() * b[k * n + at % n].to_f64()).sum();
        assert!(
            same(c.to_f64(), exact),
            "{what}: {c} and not {exact} at ({}, {}) of {m} rows",
            at / n,
            at % n
        );
    }
}

fn products<R: Real>() {
    for isa in instruction_sets() {
        let ctx = Context::<R>::new(isa, 2);
        for (m, k, n) in [(1, 3, 70), (3, 5, 19), (13, 4, 33), (7, 600, 65)] {
            for special in SPECIAL {
                // One special value in the left operand, one in the right one, and in the last elements,
                // where tiles have their tails.
                for (left, right) in
                    [(Some(m * k / 2), None), (None, Some(k * n / 2)), (Some(m * k - 1), Some(k * n - 1))]
                {
                    let (mut a, mut b) = (numbers::<R>(m * k), numbers::<R>(k * n));
                    left.into_iter().for_each(|at| a[at] = R::from_f64(special));
                    right.into_iter().for_each(|at| b[at] = R::from_f64(special));
                    let what = format!("{} {isa} [{m}, {k}, {n}], {special}", R::NAME);
                    let mut packed = Packed::new(isa, k, 1, n);
                    packed.pack(&ctx, Weights::Plain(Mat::new(&b, k, n)));
                    let mut c = numbers::<R>(m * n);
                    product(&ctx, Mat::new(&a, m, k), &packed, Start::Zero, MatMut::new(&mut c, m, n));
                    assert_product(&c, (m, k, n), |i, at| a[i * k + at], &b, &what);

                    // The same left operand, read as [M, K]ᵀ.
                    let mut c = vec![R::ZERO; m * n];
                    let mut sums = vec![R::ZERO; m];
                    let (left, right) = (Mat::new(&a, k, m), Mat::new(&b, k, n));
                    let into = [(right, MatMut::new(&mut c, m, n))];
                    accumulate_transposed(&ctx, left, into, &mut Workspace::new(), Some(&mut sums));
                    assert_product(&c, (m, k, n), |i, at| a[at * m + i], &b, &what);
                    let ones = vec![R::ONE; k];
                    assert_product(&sums, (m, k, 1), |i, at| a[at * m + i], &ones, &what);
                }
            }
        }
    }
}

#[test]
fn products_pass_them_on() {
    products::<f32>();
    products::<f64>();
}

/// One logit of one position is special: the position's exponentials and their sum change, those of other
/// positions keep their bits.
fn losses<R: Real>() {
    for isa in instruction_sets() {
        let ctx = Context::<R>::new(isa, 2);
        for tokens in [1, 2, 5, 19] {
            let positions = 2 * LINE;
            let (clean, bias) = (numbers::<R>(tokens * positions), numbers::<R>(tokens));
            let run = |mut logits: Vec<R>| {
                let (mut largest, mut sums) = (vec![R::ZERO; positions], vec![R::ZERO; positions]);
                let tile = MatMut::new(&mut logits, tokens, positions);
                exponentials(&ctx, tile, &bias, &mut largest, &mut sums);
                (logits, largest, sums)
            };
            let before = run(clean.clone());
            for (token, special) in (0..tokens).flat_map(|token| SPECIAL.map(|special| (token, special))) {
                let position = (7 * token + 3) % positions;
                let what = format!("{} {isa}, {special} at token {token} of {tokens}", R::NAME);
                let mut logits = clean.clone();
                logits[token * positions + position] = R::from_f64(special);
                let (e, largest, sums) = run(logits);
                for other in (0..positions).filter(|&other| other != position) {
                    assert!(largest[other] == before.1[other] && sums[other] == before.2[other], "{what}");
                    assert!(
                        (0..tokens).all(|t| e[t * positions + other] == before.0[t * positions + other]),
                        "{what}"
                    );
                }
                let (e, sum) = (e[token * positions + position].to_f64(), sums[position].to_f64());
                if special == f64::NEG_INFINITY && tokens > 1 {
                    // An impossible token does not affect the others.
                    assert!(e < 1e-30 && sum.is_finite(), "{what}: {e}, {sum}");
                } else {
                    // ∞ − ∞ and NaN.
                    assert!(e.is_nan() && sum.is_nan(), "{what}: {e}, {sum}");
                }
            }
        }
    }
}

#[test]
fn losses_pass_them_on() {
    losses::<f32>();
    losses::<f64>();
}

/// A NaN in the input of one row at one step: every later output of the row is NaN, all other values keep
/// their bits.
fn forwards<R: Real>() {
    for (isa, kind) in instruction_sets().into_iter().flat_map(|isa| CellKind::ALL.map(|kind| (isa, kind))) {
        let case = Case { kind, layers: 2, input: 3, hidden: 19, steps: 7, rows: 5, chunk: 3 };
        let ctx = Context::<R>::new(isa, 2);
        let mut problem = Problem::<R>::new(isa, case, 5);
        let (clean, _) = problem.outputs(&ctx);
        let (step, row) = (2, 3);
        problem.x[(step * case.rows + row) * case.input + 1] = R::from_f64(f64::NAN);
        let (y, _) = problem.outputs(&ctx);
        for (at, (y, clean)) in y.iter().zip(&clean).enumerate() {
            let (t, b) = (at / case.hidden / case.rows, at / case.hidden % case.rows);
            let what = format!("{kind} in {} on {isa}, step {t}, row {b}", R::NAME);
            assert!(if t >= step && b == row { y.to_f64().is_nan() } else { y == clean }, "{what}: {y}");
        }
    }
}

#[test]
fn recurrences_pass_nan_forwards() {
    forwards::<f32>();
    forwards::<f64>();
}

/// A NaN in the gradient with respect to one output: the gradients with respect to all earlier inputs of the
/// row are NaN, those of other rows and later steps keep their bits, and the weight gradients are NaN.
fn backwards<R: Real>() {
    for (isa, kind) in instruction_sets().into_iter().flat_map(|isa| CellKind::ALL.map(|kind| (isa, kind))) {
        // A relu unit that is off depends on nothing.
        if kind == CellKind::Relu {
            continue;
        }
        let case = Case { kind, layers: 2, input: 3, hidden: 19, steps: 7, rows: 5, chunk: 3 };
        let ctx = Context::<R>::new(isa, 2);
        let mut problem = Problem::<R>::new(isa, case, 5);
        let clean = problem.gradient(&ctx);
        let (step, row) = (4, 3);
        problem.target[(step * case.rows + row) * case.hidden + 18] = R::from_f64(f64::NAN);
        let g = problem.gradient(&ctx);
        for (at, (d, clean)) in g.x.iter().zip(&clean.x).enumerate() {
            let (t, b) = (at / case.input / case.rows, at / case.input % case.rows);
            let what = format!("{kind} in {} on {isa}, step {t}, row {b}", R::NAME);
            assert!(if t <= step && b == row { d.to_f64().is_nan() } else { d == clean }, "{what}: {d}");
        }
        for layer in 0..2 {
            let weights = g.params.named(&format!("rnn.weight_hh_l{layer}"));
            assert!(weights.iter().all(|w| w.to_f64().is_nan()), "{kind} in {} on {isa}", R::NAME);
        }
    }
}

#[test]
fn recurrences_pass_nan_backwards() {
    backwards::<f32>();
    backwards::<f64>();
}
