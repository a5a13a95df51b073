//! Tangents of a stack beside central differences of its forward pass.

use super::{Case, Problem};
use crate::bptt::{ForwardChunk, Input, Keep, OnForwardChunk, Pass, State, Window};
use crate::probe::tangent::StackTangents;
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};

/// Returns the state of row b in the order of the tangents: layer after layer, all parts of one after the
/// other.
pub fn joint(state: &State<f64>, layers: usize, rows: usize, hidden: usize, row: usize) -> Vec<f64> {
    let of_layer = |l: usize| state.layer(l).chunks(hidden).skip(row).step_by(rows).flatten().copied();
    (0..layers).flat_map(of_layer).collect()
}

/// Sets row b from numbers in the order of [`joint`].
pub fn set_joint(
    state: &mut State<f64>,
    layers: usize,
    rows: usize,
    hidden: usize,
    row: usize,
    values: &[f64],
) {
    let mut values = values.chunks(hidden);
    for l in 0..layers {
        for part in state.layer_mut(l).chunks_mut(hidden).skip(row).step_by(rows) {
            part.copy_from_slice(values.next().expect("as many numbers"));
        }
    }
}

/// Returns `count` random tangents of every row, `[row][tangent]`, before and after the stack's Jacobians
/// over all steps.
pub fn pushed(problem: &mut Problem<f64>, ctx: &Context<f64>, count: usize) -> [Vec<Vec<Vec<f64>>>; 2] {
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
    let mut y = vec![0.0; problem.shape.positions() * hidden];
    let input = Input::Numbers(&problem.x);
    let (shape, mut end) = (problem.shape.clone(), state.clone());
    let mut push = OnForwardChunk(|ctx: &Context<f64>, chunk: &mut ForwardChunk<'_, f64>| {
        tangents.linearise(ctx, chunk);
        (0..chunk.slice().steps()).for_each(|t| tangents.step(ctx, chunk, t));
    });
    let pass = &mut Pass::new(ctx, &problem.params).observed_by(&mut push);
    problem.stack.forward(pass, Window { shape: &shape, input }, Keep::Outputs, &mut end, &mut y);
    [before, read(&tangents)]
}

/// Returns the largest |a − b| over the largest |b|, or over 1e-3 if that is larger.
pub fn difference(a: &[f64], b: &[f64]) -> f64 {
    let size = b.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let off = a.iter().zip(b).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
    off / size.max(1e-3)
}

/// Returns the largest difference of `count` tangents of each row and central differences of the forward pass with step
/// length `epsilon`, over the largest number of the tangent.
pub fn deviation(problem: &mut Problem<f64>, count: usize, epsilon: f64) -> f64 {
    let Case { layers, hidden, rows, .. } = problem.case;
    let ctx = Context::new(InstructionSet::detect(), 2);
    let [before, after] = pushed(problem, &ctx, count);
    let (start, mut most) = (problem.state.clone(), 0.0f64);
    for row in 0..rows {
        let at = joint(&start, layers, rows, hidden, row);
        for (v, exact) in before[row].iter().zip(&after[row]) {
            let shifted = |problem: &mut Problem<f64>, by: f64| {
                let moved: Vec<f64> = at.iter().zip(v).map(|(s, v)| s + by * v).collect();
                problem.state = start.clone();
                set_joint(&mut problem.state, layers, rows, hidden, row, &moved);
                joint(&problem.outputs(&ctx).1, layers, rows, hidden, row)
            };
            // Two step lengths cancel the ε² term of the error (Richardson): what remains is ε⁴ and rounding,
            // 1e-16/ε.
            let central = |problem: &mut Problem<f64>, e: f64| -> Vec<f64> {
                let (above, below) = (shifted(problem, e), shifted(problem, -e));
                above.iter().zip(&below).map(|(a, b)| (a - b) / (2.0 * e)).collect()
            };
            let (wide, narrow) = (central(problem, epsilon), central(problem, epsilon / 2.0));
            let numeric: Vec<f64> = wide.iter().zip(&narrow).map(|(w, n)| (4.0 * n - w) / 3.0).collect();
            most = most.max(difference(&numeric, exact));
            problem.state = start.clone();
        }
    }
    most
}
