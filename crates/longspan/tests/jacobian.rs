//! Jacobians of every cell: products with vectors against central differences and against the backward pass, dense matrices
//! against PyTorch's, and the singular values of products.

mod common;

use common::{Case, Problem, levels};
use longspan::bptt::{Input, State};
use longspan::cell::CellKind;
use longspan::extent::Extent;
use longspan::kernel::{Context, Level};
use longspan::probe::jacobian::{DenseJacobians, JacobianProduct, jacobian_products};
use longspan::probe::tangent::StackTangents;
use longspan::rng::{Key, Purpose};

/// State of row b as the tangents have it: layer after layer, all parts of one after the other.
fn joint(state: &State<f64>, layers: usize, rows: usize, hidden: usize, row: usize) -> Vec<f64> {
    let of_layer = |l: usize| state.layer(l).chunks(hidden).skip(row).step_by(rows).flatten().copied();
    (0..layers).flat_map(of_layer).collect()
}

/// Puts numbers of [`joint`]'s order into row b.
fn set_joint(state: &mut State<f64>, layers: usize, rows: usize, hidden: usize, row: usize, values: &[f64]) {
    let mut values = values.chunks(hidden);
    for l in 0..layers {
        for part in state.layer_mut(l).chunks_mut(hidden).skip(row).step_by(rows) {
            part.copy_from_slice(values.next().expect("as many numbers"));
        }
    }
}

/// `count` random tangents of every row, `[row][tangent]`, and what the stack's Jacobians make of them over all steps.
fn pushed(problem: &mut Problem<f64>, ctx: &Context<f64>, count: usize) -> [Vec<Vec<Vec<f64>>>; 2] {
    let Case { layers, rows, hidden, .. } = problem.case;
    let state = problem.state.clone();
    let mut tangents = StackTangents::new(&state, rows, count);
    let mut draw = Key::new(7, Purpose::Probe, 0, 0).stream(0, 0);
    for l in 0..layers {
        tangents.layer_mut(l).iter_mut().for_each(|x| *x = draw.normal());
    }
    let read = |tangents: &StackTangents<f64>| -> Vec<Vec<Vec<f64>>> {
        let of = |row: usize, k: usize| {
            let of_layer = |l: usize| {
                let width = state.layer(l).len() / rows;
                tangents.layer(l)[(row * count + k) * width..][..width].to_vec()
            };
            (0..layers).flat_map(of_layer).collect()
        };
        (0..rows).map(|row| (0..count).map(|k| of(row, k)).collect()).collect()
    };
    let before = read(&tangents);
    problem.stack.pack(ctx, &problem.params);
    let mut y = vec![0.0; problem.extent.places() * hidden];
    let input = Input::Numbers(&problem.x);
    let (extent, mut end) = (problem.extent.clone(), state.clone());
    problem.stack.follow(ctx, &problem.params, input, &extent, &mut end, &mut y, &mut |mut passage| {
        tangents.linearise(ctx, &mut passage);
        (0..passage.cut().steps()).for_each(|t| tangents.step(ctx, &passage, t));
    });
    [before, read(&tangents)]
}

/// Largest |a − b| over the largest |b|.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    let size = b.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let off = a.iter().zip(b).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
    off / size.max(1e-3)
}

/// Every cell, depths, chunk boundaries, sizes with tails; one tangent, a few, and more than the state has dimensions.
#[test]
fn tangents_are_the_forward_pass_differentiated() {
    for kind in CellKind::ALL {
        for (layers, steps, chunk, hidden, rows, count) in
            [(1, 1, 4, 5, 2, 1), (1, 3, 2, 9, 1, 20), (2, 3, 2, 4, 2, 3), (3, 4, 4, 17, 3, 2)]
        {
            let case = Case { kind, layers, input: 3, hidden, steps, rows, chunk };
            let ctx = Context::new(Level::detect(), 2);
            let mut problem = Problem::<f64>::new(ctx.level(), case, 21);
            let [before, after] = pushed(&mut problem, &ctx, count);
            let start = problem.state.clone();
            for row in 0..rows {
                let at = joint(&start, layers, rows, hidden, row);
                for (v, exact) in before[row].iter().zip(&after[row]) {
                    let shifted = |problem: &mut Problem<f64>, by: f64| {
                        let moved: Vec<f64> = at.iter().zip(v).map(|(s, v)| s + by * v).collect();
                        problem.state = start.clone();
                        set_joint(&mut problem.state, layers, rows, hidden, row, &moved);
                        joint(&problem.outputs(&ctx).1, layers, rows, hidden, row)
                    };
                    // Two step lengths cancel the ε² of the error (Richardson): what is left is ε⁴ and rounding, 1e-16/ε.
                    // Relu is linear up to its kink: a shorter step keeps off it.
                    let epsilon = if kind == CellKind::Relu { 1e-7 } else { 1e-3 };
                    let central = |problem: &mut Problem<f64>, e: f64| -> Vec<f64> {
                        let (above, below) = (shifted(problem, e), shifted(problem, -e));
                        above.iter().zip(&below).map(|(a, b)| (a - b) / (2.0 * e)).collect()
                    };
                    let (wide, narrow) =
                        (central(&mut problem, epsilon), central(&mut problem, epsilon / 2.0));
                    let numeric: Vec<f64> =
                        wide.iter().zip(&narrow).map(|(w, n)| (4.0 * n - w) / 3.0).collect();
                    let off = difference(&numeric, exact);
                    let bound = if kind == CellKind::Relu { 1e-7 } else { 2e-9 };
                    assert!(off < bound, "{kind:?}, {layers} layers, {hidden} units: {off:e}");
                    problem.state = start.clone();
                }
            }
        }
    }
}

/// ⟨u, J v⟩ = ⟨Jᵀ u, v⟩ with Jᵀ u from the backward pass, over all steps and layers, on every instruction set.
#[test]
fn tangents_are_the_transpose_of_the_backward_pass() {
    for level in levels() {
        for kind in CellKind::ALL {
            for (layers, steps, hidden, rows) in [(1, 1, 9, 1), (1, 5, 17, 2), (2, 3, 6, 3), (3, 4, 33, 1)] {
                let case = Case { kind, layers, input: 3, hidden, steps, rows, chunk: 2 };
                let ctx = Context::new(level, 1);
                let mut problem = Problem::<f64>::new(level, case, 5);
                let [before, after] = pushed(&mut problem, &ctx, 4);
                // No loss but ⟨end, s_T⟩: the target is the output itself.
                problem.target = problem.outputs(&ctx).0;
                let back = problem.gradient(&ctx).state;
                for row in 0..rows {
                    let u = joint(&problem.end, layers, rows, hidden, row);
                    let transposed = joint(&back, layers, rows, hidden, row);
                    for (v, pushed) in before[row].iter().zip(&after[row]) {
                        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                        let size = dot(&u, &u).sqrt() * dot(pushed, pushed).sqrt();
                        let off = (dot(&u, pushed) - dot(&transposed, v)).abs() / size;
                        assert!(off < 1e-13, "{kind:?}, {layers} layers on {level}: {off:e}");
                    }
                }
            }
        }
    }
}

/// As many threads as there are give the bits of one, for tangents of one row and of several.
#[test]
fn threads_change_no_bit_of_a_tangent() {
    for kind in CellKind::ALL {
        for (rows, count) in [(1, 150), (3, 5)] {
            let case = Case { kind, layers: 2, input: 3, hidden: 19, steps: 3, rows, chunk: 2 };
            let of = |threads| {
                let mut problem = Problem::<f64>::new(Level::detect(), case, 5);
                pushed(&mut problem, &Context::new(Level::detect(), threads), count)
            };
            let one = of(1);
            assert!((2..4).all(|threads| of(threads) == one), "{kind:?}");
        }
    }
}

fn with_recurrent(case: Case, weights: &[f64]) -> Problem<f64> {
    let mut problem = Problem::new(Level::detect(), case, 3);
    problem.params.named_mut("rnn.weight_hh_l0").copy_from_slice(weights);
    problem
}

fn products(problem: &mut Problem<f64>, ctx: &Context<f64>, lags: &[usize]) -> Vec<JacobianProduct> {
    problem.stack.pack(ctx, &problem.params);
    let mut state = problem.state.clone();
    let input = Input::Numbers(&problem.x);
    jacobian_products(ctx, &mut problem.stack, &problem.params, input, &problem.extent, &mut state, lags)
}

/// A linear network with a diagonal of a and b: σ_max = a^τ, σ_min = b^τ, far beyond what numbers and their ratios can hold.
#[test]
fn products_of_a_diagonal_are_powers() {
    let (a, b, n) = (3.0, 1e-3, 4);
    let case =
        Case { kind: CellKind::Identity, layers: 1, input: 2, hidden: n, steps: 1000, rows: 2, chunk: 128 };
    let mut weights = vec![0.0; n * n];
    [a, 1.0, 0.5, b].iter().enumerate().for_each(|(i, x)| weights[i * n + i] = *x);
    let mut problem = with_recurrent(case, &weights);
    for product in products(&mut problem, &Context::new(Level::detect(), 1), &[1000, 1, 10, 100]) {
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

/// A relu that is shut makes a product singular.
#[test]
fn a_dead_unit_makes_products_singular() {
    let case = Case { kind: CellKind::Relu, layers: 1, input: 2, hidden: 6, steps: 8, rows: 1, chunk: 4 };
    let mut problem = Problem::<f64>::new(Level::detect(), case, 3);
    problem.params.named_mut("rnn.bias_ih_l0")[2] = -1e6;
    let product = &products(&mut problem, &Context::new(Level::detect(), 1), &[3])[0];
    assert!(product.ln_largest_singular_values[0].is_finite());
    assert_eq!(product.ln_smallest_singular_values, [f64::NEG_INFINITY]);
    assert_eq!(product.ln_condition_numbers, [f64::INFINITY]);
    let text = serde_json::to_string(product).expect("a record");
    assert!(text.contains(r#""ln_smallest_singular_values":["-Infinity"]"#), "{text}");
    assert_eq!(&serde_json::from_str::<JacobianProduct>(&text).expect("a record"), product);
}

/// σ_max and σ_min bound what tangents can do over the same steps, and their extremes are reached: power iteration with tangents
/// and the backward pass finds σ_max.
#[test]
fn the_largest_singular_value_is_what_tangents_reach() {
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 2, input: 3, hidden: 6, steps: 5, rows: 1, chunk: 4 };
        let ctx = Context::new(Level::detect(), 1);
        let mut problem = Problem::<f64>::new(Level::detect(), case, 9);
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
            // P of the unit vector, by a central difference.
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

/// A dense Jacobian times a vector is that vector's tangent.
#[test]
fn dense_matrices_hold_what_tangents_do() {
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 2, input: 3, hidden: 5, steps: 1, rows: 2, chunk: 4 };
        let ctx = Context::new(Level::detect(), 2);
        let mut problem = Problem::<f64>::new(Level::detect(), case, 2);
        let [before, after] = pushed(&mut problem, &ctx, 3);
        let state = problem.state.clone();
        let mut dense = DenseJacobians::new(&state, 2, 1);
        let mut y = vec![0.0; problem.extent.places() * 5];
        let (input, mut end) = (Input::Numbers(&problem.x), state.clone());
        problem.stack.follow(
            &ctx,
            &problem.params,
            input,
            &Extent::even(1, 2),
            &mut end,
            &mut y,
            &mut |mut passage| dense.look(&ctx, &state, &mut passage),
        );
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
