//! Compares every gradient of every cell with central differences, in f64.

use crate::stack::{Case, Options, Problem, instruction_sets};
use longspan::bptt::dropout::{Dropout, Mask};
use longspan::cell::CellKind;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};

/// Step of the central differences: the truncation error ε² and the rounding error 1e-16/ε are both far below
/// the bound.
const EPSILON: f64 = 1e-5;
/// Largest ‖numeric − analytic‖ / ‖analytic‖ of a tensor.
const TOLERANCE: f64 = 1e-6;

/// Returns the relative error of one tensor's gradient; `position` returns the tensor to change by `epsilon`.
fn error(
    problem: &mut Problem<f64>,
    ctx: &Context<f64>,
    analytic: &[f64],
    epsilon: f64,
    position: &impl Fn(&mut Problem<f64>) -> &mut [f64],
) -> f64 {
    let (mut error, mut size) = (0.0, 0.0);
    for (i, &exact) in analytic.iter().enumerate() {
        let before = position(problem)[i];
        position(problem)[i] = before + epsilon;
        let above = problem.loss(ctx);
        position(problem)[i] = before - epsilon;
        let below = problem.loss(ctx);
        position(problem)[i] = before;
        let numeric = (above - below) / (2.0 * epsilon);
        error += (numeric - exact).powi(2);
        size += exact * exact;
    }
    // A tensor with a zero gradient (a relu that is never positive) is compared absolutely.
    error.sqrt() / size.sqrt().max(1e-3)
}

fn check(
    name: &str,
    problem: &mut Problem<f64>,
    ctx: &Context<f64>,
    analytic: &[f64],
    position: impl Fn(&mut Problem<f64>) -> &mut [f64],
) {
    let mut relative = error(problem, ctx, analytic, EPSILON, &position);
    if relative >= TOLERANCE && problem.case.kind == CellKind::Relu {
        // A unit whose sum is within ε of relu's kink spoils the difference, not the gradient: with a step
        // too short to reach the kink they must agree.
        relative = error(problem, ctx, analytic, EPSILON / 64.0, &position);
    }
    let (case, options) = (problem.case, problem.options);
    assert!(relative < TOLERANCE, "{name} of {case:?}, {options:?}: relative error {relative:e}");
}

fn check_all(isa: InstructionSet, case: Case, seed: u64) {
    check_problem(isa, Problem::new(isa, case, seed));
}

fn check_problem(isa: InstructionSet, mut problem: Problem<f64>) {
    let ctx = Context::new(isa, 1);
    let gradient = problem.gradient(&ctx);
    for (index, entry) in problem.params.layout().clone().entries().iter().enumerate() {
        check(&entry.name, &mut problem, &ctx, gradient.params.tensor(index), |p| p.params.tensor_mut(index));
    }
    check("x", &mut problem, &ctx, &gradient.x, |p| &mut p.x);
    // A learned state replaces the one that is carried in.
    let states = if problem.options.learned_state { 0 } else { problem.stack.states() };
    for layer in 0..states {
        let name = format!("initial state of layer {layer}");
        check(&name, &mut problem, &ctx, gradient.state.layer(layer), |p| p.state.layer_mut(layer));
    }
}

/// Every cell × 1–3 layers × lengths 1–12 × chunk boundaries, with a state carried in and a gradient carried
/// back.
#[test]
fn every_cell_depth_length_and_chunk() {
    for kind in CellKind::ALL {
        for layers in 1..=3 {
            for steps in 1..=12 {
                // Chunks of 1, 4 and the whole sequence; odd sizes exercise every tail.
                for chunk in [1, 4, 16] {
                    let seed = (steps * 100 + layers * 10 + chunk) as u64;
                    check_all(
                        InstructionSet::detect(),
                        Case { kind, layers, input: 3, hidden: 4, steps, rows: 2, chunk },
                        seed,
                    );
                }
            }
        }
    }
}

/// Rows of different lengths, with a gradient at each row's last state.
#[test]
fn rows_that_end_at_different_steps() {
    let mut shape = PackedShape::default();
    shape.set_lengths(&[7, 5, 5, 2, 1]);
    for kind in CellKind::ALL {
        for (layers, chunk) in [(1, 1), (1, 16), (2, 3)] {
            let case = Case { kind, layers, input: 3, hidden: 4, steps: 7, rows: 5, chunk };
            check_problem(
                InstructionSet::detect(),
                Problem::ragged(InstructionSet::detect(), case, shape.clone(), 11),
            );
        }
    }
}

/// Sizes around vectors and tiles, on every instruction set.
#[test]
fn every_instruction_set_with_tails() {
    for isa in instruction_sets() {
        for kind in CellKind::ALL {
            for (hidden, rows) in [(1, 1), (9, 7), (17, 3)] {
                check_all(isa, Case { kind, layers: 1, input: 2, hidden, steps: 3, rows, chunk: 2 }, 5);
            }
        }
    }
}

/// All options alone and combined, with rows of different lengths and chunks in which rows end.
#[test]
fn every_option_of_a_stack() {
    let mut shape = PackedShape::default();
    shape.set_lengths(&[6, 4, 4, 1]);
    let masks = [None, Some(Mask::Step), Some(Mask::Sequence)];
    for kind in CellKind::ALL {
        for bits in 0..16 {
            for (layers, chunk) in [(1, 16), (2, 2), (3, 3)] {
                let bit = |i: usize| bits >> i & 1 == 1;
                let [bidirectional, residual, norm, learned_state] = [bit(0), bit(1), bit(2), bit(3)];
                let dropout = masks[(bits + layers) % 3]
                    .map(|mask| Dropout::new(0.3, 5, 2, 7).expect("a rate above 0").of(mask));
                let options = Options { bidirectional, residual, norm, learned_state, dropout };
                // The input is as wide as the layers; layer 0 still has no residual connection.
                let case = Case { kind, layers, input: 4, hidden: 4, steps: 6, rows: 4, chunk };
                let seed = 100 * bits as u64 + layers as u64;
                check_problem(
                    InstructionSet::detect(),
                    Problem::with(InstructionSet::detect(), case, options, shape.clone(), seed),
                );
            }
        }
    }
}
