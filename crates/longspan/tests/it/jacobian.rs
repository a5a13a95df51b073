//! Jacobians of every cell: compares products with vectors with central differences and with the backward
//! pass, dense matrices with products, and the singular values of matrix products with closed forms.

use crate::stack::instruction_sets;
use longspan::bptt::{Input, Keep, Pass, Window};
use longspan::cell::CellKind;
use longspan::gradient_check::tangents::{deviation, difference, joint, pushed, set_joint};
use longspan::gradient_check::{Case, Options, Problem};
use longspan::probe::jacobian::{DenseJacobians, jacobian_products};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::jacobian::JacobianProduct;

/// The connections between layers: plain, sums, norms, both.
const BETWEEN: [Options; 4] = {
    let plain =
        Options { bidirectional: false, residual: false, norm: false, learned_state: false, dropout: None };
    [
        plain,
        Options { residual: true, ..plain },
        Options { norm: true, ..plain },
        Options { residual: true, norm: true, ..plain },
    ]
};

fn problem(isa: InstructionSet, case: Case, options: Options, seed: u64) -> Problem<f64> {
    Problem::with(isa, case, options, PackedShape::even(case.steps, case.rows), seed)
}

/// Every cell, depths, chunk boundaries, sizes with tails; one tangent, a few, and more than the state has
/// dimensions.
#[test]
fn tangents_are_the_forward_pass_differentiated() {
    for kind in CellKind::ALL {
        for (layers, steps, chunk, hidden, rows, count) in
            [(1, 1, 4, 5, 2, 1), (1, 3, 2, 9, 1, 20), (2, 3, 2, 4, 2, 3), (3, 4, 4, 17, 3, 2)]
        {
            let case = Case { kind, layers, input: 3, hidden, steps, rows, chunk };
            let epsilon = if kind == CellKind::Relu { 1e-7 } else { 1e-3 };
            let off = deviation(&mut Problem::new(InstructionSet::detect(), case, 21), count, epsilon);
            let bound = if kind == CellKind::Relu { 1e-7 } else { 2e-9 };
            assert!(off < bound, "{kind:?}, {layers} layers, {hidden} units: {off:e}");
        }
    }
}

/// The same, through the connections between layers. A norm is strongly curved near its mean, so its
/// differences have larger errors.
#[test]
fn tangents_pass_norms_and_sums() {
    for kind in CellKind::ALL {
        for options in BETWEEN {
            for (layers, steps, hidden, rows) in [(2, 3, 6, 2), (4, 3, 9, 2)] {
                let case = Case { kind, layers, input: 3, hidden, steps, rows, chunk: 2 };
                let epsilon = if kind == CellKind::Relu { 1e-7 } else { 1e-3 };
                let off = deviation(&mut problem(InstructionSet::detect(), case, options, 21), 3, epsilon);
                let bound = if kind == CellKind::Relu { 1e-6 } else { 1e-7 };
                assert!(off < bound, "{kind:?}, {layers} layers, {options:?}: {off:e}");
            }
        }
    }
}

/// ⟨u, J v⟩ = ⟨Jᵀ u, v⟩ with Jᵀ u from the backward pass, over all steps and layers, on every instruction
/// set.
#[test]
fn tangents_are_the_transpose_of_the_backward_pass() {
    for isa in instruction_sets() {
        for kind in CellKind::ALL {
            for options in BETWEEN {
                for (layers, steps, hidden, rows) in
                    [(1, 1, 9, 1), (1, 5, 17, 2), (2, 3, 6, 3), (3, 4, 33, 1)]
                {
                    let case = Case { kind, layers, input: 3, hidden, steps, rows, chunk: 2 };
                    let off = off_the_transpose(problem(isa, case, options, 5), isa);
                    assert!(off < 1e-13, "{kind:?}, {layers} layers, {options:?} on {isa}: {off:e}");
                }
            }
        }
    }
}

/// Returns the largest |⟨u, J v⟩ − ⟨Jᵀ u, v⟩| over the lengths of u and J v.
fn off_the_transpose(mut problem: Problem<f64>, isa: InstructionSet) -> f64 {
    let Case { layers, hidden, rows, .. } = problem.case;
    let (ctx, mut most) = (Context::new(isa, 1), 0.0f64);
    let [before, after] = pushed(&mut problem, &ctx, 4);
    // The only loss is ⟨end, s_T⟩: the target is the output itself.
    problem.target = problem.outputs(&ctx).0;
    let back = problem.gradient(&ctx).state;
    for row in 0..rows {
        let u = joint(&problem.end, layers, rows, hidden, row);
        let transposed = joint(&back, layers, rows, hidden, row);
        for (v, pushed) in before[row].iter().zip(&after[row]) {
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let size = dot(&u, &u).sqrt() * dot(pushed, pushed).sqrt();
            most = most.max((dot(&u, pushed) - dot(&transposed, v)).abs() / size);
        }
    }
    most
}

/// Linear layers h^l' = A_l h^l + W_l u_l in closed form. With sums, u_2 = h^1 + h^0, so the block from h^0
/// to h^2 of one step is W_2 (W_1 + I) A_0. With norms it is W_1 D A_0, where D = diag(γ) (I − 11ᵀ/H −
/// x̂x̂ᵀ/H) / √(v + ε) at x = h^0.
#[test]
fn blocks_of_linear_layers_are_known() {
    let n = 4;
    let case = Case { kind: CellKind::Identity, layers: 3, input: 2, hidden: n, steps: 1, rows: 1, chunk: 4 };
    let times = |a: &[f64], b: &[f64]| -> Vec<f64> {
        let at = |i: usize, j: usize| (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum();
        (0..n * n).map(|i| at(i / n, i % n)).collect()
    };
    let jacobian = |problem: &mut Problem<f64>| {
        let (ctx, state) = (Context::new(InstructionSet::detect(), 1), problem.state.clone());
        problem.stack.pack(&ctx, &problem.params);
        let mut dense = DenseJacobians::new(&state, 1, 1);
        let (input, mut end, mut y) = (Input::Numbers(&problem.x), state.clone(), vec![0.0; n]);
        let shape = PackedShape::even(1, 1);
        let pass = &mut Pass::new(&ctx, &problem.params).observed_by(&mut dense);
        problem.stack.forward(pass, Window { shape: &shape, input }, Keep::Outputs, &mut end, &mut y);
        (dense, end)
    };
    let block = |dense: &DenseJacobians, to: usize, from: usize| -> Vec<f64> {
        let at = |i: usize| dense.matrix(0, 0)[(to * n + i / n) * 3 * n + from * n + i % n];
        (0..n * n).map(at).collect()
    };

    let mut summed = problem(InstructionSet::detect(), case, BETWEEN[1], 3);
    let (dense, _) = jacobian(&mut summed);
    let named = |problem: &Problem<f64>, name: &str| problem.params.named(name).to_vec();
    let [a_0, w_1, w_2] =
        ["weight_hh_l0", "weight_ih_l1", "weight_ih_l2"].map(|name| named(&summed, &format!("rnn.{name}")));
    assert!(difference(&block(&dense, 1, 0), &times(&w_1, &a_0)) < 1e-14);
    let mut sum = w_1.clone();
    (0..n).for_each(|i| sum[i * (n + 1)] += 1.0);
    assert!(difference(&block(&dense, 2, 0), &times(&w_2, &times(&sum, &a_0))) < 1e-14);
    assert!(block(&dense, 0, 1).iter().chain(&block(&dense, 1, 2)).all(|&x| x == 0.0), "block-triangular");

    let mut normed = problem(InstructionSet::detect(), case, BETWEEN[2], 3);
    let (dense, end) = jacobian(&mut normed);
    let [a_0, w_1, gamma] =
        ["weight_hh_l0", "weight_ih_l1", "norm_weight_l1"].map(|name| named(&normed, &format!("rnn.{name}")));
    let (x, size) = (end.layer(0), n as f64);
    let mean = x.iter().sum::<f64>() / size;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / size;
    let scale = 1.0 / (variance + 1e-5).sqrt();
    let hat: Vec<f64> = x.iter().map(|x| (x - mean) * scale).collect();
    let d: Vec<f64> = (0..n * n)
        .map(|at| {
            let (i, j) = (at / n, at % n);
            gamma[i] * scale * (f64::from(i == j) - 1.0 / size - hat[i] * hat[j] / size)
        })
        .collect();
    assert!(difference(&block(&dense, 1, 0), &times(&w_1, &times(&d, &a_0))) < 1e-13);
}

/// Any number of threads gives the bits of one thread, for tangents of one row and of several.
#[test]
fn threads_change_no_bit_of_a_tangent() {
    for kind in CellKind::ALL {
        for (rows, count) in [(1, 150), (3, 5)] {
            let case = Case { kind, layers: 2, input: 3, hidden: 19, steps: 3, rows, chunk: 2 };
            let of = |threads| {
                let mut problem = Problem::<f64>::new(InstructionSet::detect(), case, 5);
                pushed(&mut problem, &Context::new(InstructionSet::detect(), threads), count)
            };
            let one = of(1);
            assert!((2..4).all(|threads| of(threads) == one), "{kind:?}");
        }
    }
}

fn with_recurrent(case: Case, weights: &[f64]) -> Problem<f64> {
    let mut problem = Problem::new(InstructionSet::detect(), case, 3);
    problem.params.named_mut("rnn.weight_hh_l0").copy_from_slice(weights);
    problem
}

fn products(problem: &mut Problem<f64>, ctx: &Context<f64>, lags: &[usize]) -> Vec<JacobianProduct> {
    problem.stack.pack(ctx, &problem.params);
    let mut state = problem.state.clone();
    let input = Input::Numbers(&problem.x);
    let window = Window { shape: &problem.shape, input };
    jacobian_products(ctx, &mut problem.stack, &problem.params, window, &mut state, lags)
}

/// A linear network with a diagonal of a and b: σ_max = a^τ, σ_min = b^τ, far outside the range of numbers
/// and their ratios.
#[test]
fn products_of_a_diagonal_are_powers() {
    let (a, b, n) = (3.0, 1e-3, 4);
    let case =
        Case { kind: CellKind::Identity, layers: 1, input: 2, hidden: n, steps: 1000, rows: 2, chunk: 128 };
    let mut weights = vec![0.0; n * n];
    [a, 1.0, 0.5, b].iter().enumerate().for_each(|(i, x)| weights[i * n + i] = *x);
    let mut problem = with_recurrent(case, &weights);
    for product in products(&mut problem, &Context::new(InstructionSet::detect(), 1), &[1000, 1, 10, 100]) {
        let tau = product.lag_steps as f64;
        for row in 0..2 {
            let (largest, smallest) =
                (product.ln_largest_singular_values[row], product.ln_smallest_singular_values[row]);
            assert!((largest / (tau * f64::ln(a)) - 1.0).abs() < 1e-12, "{largest} at {tau}");
            assert!((smallest / (tau * f64::ln(b)) - 1.0).abs() < 1e-12, "{smallest} at {tau}");
            assert_eq!(product.ln_condition_numbers[row], largest - smallest);
        }
    }
}

/// A relu that is off makes a product singular.
#[test]
fn a_dead_unit_makes_products_singular() {
    let case = Case { kind: CellKind::Relu, layers: 1, input: 2, hidden: 6, steps: 8, rows: 1, chunk: 4 };
    let mut problem = Problem::<f64>::new(InstructionSet::detect(), case, 3);
    problem.params.named_mut("rnn.bias_ih_l0")[2] = -1e6;
    let product = &products(&mut problem, &Context::new(InstructionSet::detect(), 1), &[3])[0];
    assert!(product.ln_largest_singular_values[0].is_finite());
    assert_eq!(product.ln_smallest_singular_values, [f64::NEG_INFINITY]);
    assert_eq!(product.ln_condition_numbers, [f64::INFINITY]);
    let text = serde_json::to_string(product).expect("a record");
    assert!(text.contains(r#""ln_smallest_singular_values":["-Infinity"]"#), "{text}");
    assert_eq!(&serde_json::from_str::<JacobianProduct>(&text).expect("a record"), product);
}

/// σ_max and σ_min bound the effect of tangents over the same steps, and the bounds are attained: power
/// iteration with tangents and the backward pass finds σ_max.
#[test]
fn tangents_attain_the_largest_singular_value() {
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 2, input: 3, hidden: 6, steps: 5, rows: 1, chunk: 4 };
        let ctx = Context::new(InstructionSet::detect(), 1);
        let mut problem = Problem::<f64>::new(InstructionSet::detect(), case, 9);
        let product = products(&mut problem, &ctx, &[5]).remove(0);
        let [before, after] = pushed(&mut problem, &ctx, 30);
        let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (v, pushed) in before[0].iter().zip(&after[0]) {
            let ln = (norm(pushed) / norm(v)).ln();
            assert!(ln <= product.ln_largest_singular_values[0] + 1e-12, "{kind:?}: {ln}");
            assert!(ln >= product.ln_smallest_singular_values[0] - 1e-12, "{kind:?}: {ln}");
        }
        problem.target = problem.outputs(&ctx).0;
        for _ in 0..300 {
            let back = joint(&problem.gradient(&ctx).state, 2, 1, 6, 0);
            let length = norm(&back);
            // P times the unit vector, by a central difference.
            let unit: Vec<f64> = back.iter().map(|x| x / length).collect();
            let mut moved = problem.state.clone();
            let (at, e) = (joint(&problem.state, 2, 1, 6, 0), 1e-5);
            let mut ends = [1.0, -1.0].map(|sign| {
                let there: Vec<f64> = at.iter().zip(&unit).map(|(s, u)| s + sign * e * u).collect();
                set_joint(&mut moved, 2, 1, 6, 0, &there);
                let kept = std::mem::replace(&mut problem.state, moved.clone());
                let end = joint(&problem.outputs(&ctx).1, 2, 1, 6, 0);
                problem.state = kept;
                end
            });
            let [above, below] = &mut ends;
            let image: Vec<f64> = above.iter().zip(below).map(|(a, b)| (a - *b) / (2.0 * e)).collect();
            set_joint(&mut problem.end, 2, 1, 6, 0, &image);
            problem.target = problem.outputs(&ctx).0;
        }
        let reached = norm(&joint(&problem.end, 2, 1, 6, 0));
        let off = (reached.ln() - product.ln_largest_singular_values[0]).abs();
        assert!(off < 1e-6, "{kind:?}: {off:e}");
    }
}

/// A dense Jacobian times a vector equals that vector's tangent.
#[test]
fn dense_matrices_agree_with_tangents() {
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 2, input: 3, hidden: 5, steps: 1, rows: 2, chunk: 4 };
        let ctx = Context::new(InstructionSet::detect(), 2);
        let mut problem = Problem::<f64>::new(InstructionSet::detect(), case, 2);
        let [before, after] = pushed(&mut problem, &ctx, 3);
        let state = problem.state.clone();
        let mut dense = DenseJacobians::new(&state, 2, 1);
        let mut y = vec![0.0; problem.shape.positions() * 5];
        let (input, mut end) = (Input::Numbers(&problem.x), state.clone());
        let pass = &mut Pass::new(&ctx, &problem.params).observed_by(&mut dense);
        let window = Window { shape: &PackedShape::even(1, 2), input };
        problem.stack.forward(pass, window, Keep::Outputs, &mut end, &mut y);
        let n = dense.width();
        for row in 0..2 {
            for (v, pushed) in before[row].iter().zip(&after[row]) {
                let rows = dense.matrix(0, row).chunks(n);
                let image: Vec<f64> = rows.map(|r| r.iter().zip(v).map(|(r, v)| r * v).sum()).collect();
                assert!(difference(&image, pushed) < 1e-14, "{kind:?}");
            }
        }
    }
}
