//! Compares the recurrence with plain loops: h_t = W_ih x_t + W_hh h_{t−1} + b in whole numbers, forwards and
//! backwards.
//!
//! Every sum is exact in any order, so all gradients are equal and not only close. The gradient check tests
//! the cells' equations; this module tests the loop around them, for few rows and for widths around those of
//! vectors and panels.

use crate::stack::instruction_sets;
use longspan::cell::CellKind;
use longspan::cell::Real;
use longspan::gradient_check::{Case, Problem};
use longspan_kernel::rng::{Key, Purpose, Stream};
use longspan_kernel::{Context, InstructionSet};

/// The gradients at the output of every step and at the last state.
struct Gradients {
    x: Vec<f64>,
    state: Vec<f64>,
    weight_ih: Vec<f64>,
    weight_hh: Vec<f64>,
    bias: Vec<f64>,
}

/// Draws −1, 0 or 1, mostly 0, so that nothing exceeds what f32 represents exactly.
fn sparse<R: Real>(draw: &mut Stream, count: usize, width: usize) -> Vec<R> {
    let mut some = || match draw.below(2 * width as u32 + 1) {
        0 | 1 => 1.0,
        2 | 3 => -1.0,
        _ => 0.0,
    };
    (0..count).map(|_| R::from_f64(some())).collect()
}

fn f64s<R: Real>(from: &[R]) -> Vec<f64> {
    from.iter().map(|x| x.to_f64()).collect()
}

fn equal<R: Real>(seen: &[R], exact: &[f64], what: &str) {
    assert_eq!(seen.len(), exact.len(), "{what}");
    for (i, (seen, exact)) in seen.iter().zip(exact).enumerate() {
        assert!(seen.to_f64() == *exact, "{what}: {seen} and not {exact} at {i}");
    }
}

fn whole_numbers<R: Real>(isa: InstructionSet, case: Case) -> Problem<R> {
    let mut problem = Problem::<R>::new(isa, case, 1);
    let mut draw = Key::new(7, Purpose::Probe, 0, 0).stream(0, 0);
    for index in 0..problem.params.layout().entries().len() {
        let weights = problem.params.tensor_mut(index);
        let drawn = sparse(&mut draw, weights.len(), case.hidden);
        weights.copy_from_slice(&drawn);
    }
    problem.x = sparse(&mut draw, problem.x.len(), 2);
    problem.target = sparse(&mut draw, problem.target.len(), 2);
    for state in [&mut problem.state, &mut problem.end] {
        let layer = state.layer_mut(0);
        let drawn = sparse(&mut draw, layer.len(), 2);
        layer.copy_from_slice(&drawn);
    }
    problem
}

/// Computes outputs y `[T, B, H]`, and the gradients of ½ ‖y − target‖² + ⟨end, h_T⟩.
fn plain_loops<R: Real>(problem: &Problem<R>) -> (Vec<f64>, Gradients) {
    let Case { input, hidden, steps, rows, .. } = problem.case;
    let named = |name: &str| f64s(problem.params.named(name));
    let (w_ih, w_hh) = (named("rnn.weight_ih_l0"), named("rnn.weight_hh_l0"));
    let (b_ih, b_hh) = (named("rnn.bias_ih_l0"), named("rnn.bias_hh_l0"));
    let (x, target) = (f64s(&problem.x), f64s(&problem.target));
    let mut h = f64s(problem.state.layer(0));
    for t in 0..steps {
        for b in 0..rows {
            for j in 0..hidden {
                let above: f64 =
                    (0..input).map(|d| w_ih[j * input + d] * x[(t * rows + b) * input + d]).sum();
                let before = &h[(t * rows + b) * hidden..][..hidden];
                let carried: f64 = before.iter().zip(&w_hh[j * hidden..]).map(|(h, w)| h * w).sum();
                h.push(above + b_ih[j] + carried + b_hh[j]);
            }
        }
    }
    let y = h[rows * hidden..].to_vec();
    let mut d_h = f64s(problem.end.layer(0));
    let mut g = Gradients {
        x: vec![0.0; x.len()],
        state: Vec::new(),
        weight_ih: vec![0.0; w_ih.len()],
        weight_hh: vec![0.0; w_hh.len()],
        bias: vec![0.0; hidden],
    };
    for t in (0..steps).rev() {
        let mut d_before = vec![0.0; rows * hidden];
        for (b, j) in (0..rows).flat_map(|b| (0..hidden).map(move |j| (b, j))) {
            let at = (t * rows + b) * hidden + j;
            let delta = d_h[b * hidden + j] + y[at] - target[at];
            g.bias[j] += delta;
            for d in 0..input {
                g.x[(t * rows + b) * input + d] += delta * w_ih[j * input + d];
                g.weight_ih[j * input + d] += delta * x[(t * rows + b) * input + d];
            }
            for i in 0..hidden {
                d_before[b * hidden + i] += delta * w_hh[j * hidden + i];
                g.weight_hh[j * hidden + i] += delta * h[(t * rows + b) * hidden + i];
            }
        }
        d_h = d_before;
    }
    g.state = d_h;
    (y, g)
}

fn check<R: Real>(hidden: usize, rows: usize) {
    let case = Case { kind: CellKind::Identity, layers: 1, input: 3, hidden, steps: 5, rows, chunk: 2 };
    let (y, exact) = plain_loops(&whole_numbers::<R>(InstructionSet::detect(), case));
    let reach = y.iter().chain(&exact.weight_hh).fold(0.0, |max: f64, x| max.max(x.abs()));
    assert!(
        reach > 4.0 && reach < f64::from(1 << 23),
        "the values are not trivial, and f32 represents them exactly: {reach}"
    );
    for isa in instruction_sets() {
        for threads in [1, 2, 3] {
            let ctx = Context::new(isa, threads);
            let mut problem = whole_numbers::<R>(isa, case);
            let what = format!("{} H = {hidden}, B = {rows}, {isa}, {threads} threads", R::NAME);
            equal(&problem.outputs(&ctx).0, &y, &what);
            let g = problem.gradient(&ctx);
            equal(&g.x, &exact.x, &format!("d_x, {what}"));
            equal(g.state.layer(0), &exact.state, &format!("d_h, {what}"));
            for (name, exact) in [
                ("rnn.weight_ih_l0", &exact.weight_ih),
                ("rnn.weight_hh_l0", &exact.weight_hh),
                ("rnn.bias_ih_l0", &exact.bias),
                ("rnn.bias_hh_l0", &exact.bias),
            ] {
                equal(g.params.named(name), exact, &format!("{name}, {what}"));
            }
        }
    }
}

/// Few rows use several panels at once: every height of a tile with every kind of last panel.
#[test]
fn few_rows_equal_plain_loops() {
    for hidden in [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130, 257] {
        for rows in [1, 2, 3, 4, 5] {
            check::<f32>(hidden, rows);
            check::<f64>(hidden, rows);
        }
    }
}

#[test]
fn more_rows_than_a_tile_equal_plain_loops() {
    for (hidden, rows) in [(5, 6), (16, 7), (33, 8), (17, 9), (64, 13), (31, 17), (70, 24), (8, 25)] {
        check::<f32>(hidden, rows);
        check::<f64>(hidden, rows);
    }
}
