//! The options of a stack: threads, memory limits and observers change no bit, and rows stay independent.
#![allow(missing_docs, reason = "a test file")]

use longspan::bptt::dropout::{Dropout, Mask};
use longspan::cell::CellKind;
use longspan::gradient_check::{Case, Options, Problem};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};

const LENGTHS: [usize; 6] = [23, 17, 9, 8, 8, 1];

fn lengths(lengths: &[usize]) -> PackedShape {
    let mut shape = PackedShape::default();
    shape.set_lengths(lengths);
    shape
}

fn everything(bidirectional: bool, mask: Mask) -> Options {
    let dropout = Dropout::new(0.3, 4, 1, 5).map(|dropout| dropout.of(mask));
    Options { bidirectional, residual: true, norm: true, learned_state: true, dropout }
}

fn case(kind: CellKind) -> Case {
    Case { kind, layers: 3, input: 3, hidden: 19, steps: 23, rows: 6, chunk: 4 }
}

/// Any number of threads, and any memory limit from everything kept down to one chunk, gives the same bits.
#[test]
fn threads_and_memory_limits_change_no_bit() {
    for kind in CellKind::ALL {
        for options in
            [everything(false, Mask::Step), everything(true, Mask::Step), everything(true, Mask::Sequence)]
        {
            let mut problem =
                Problem::<f32>::with(InstructionSet::detect(), case(kind), options, lengths(&LENGTHS), 6);
            let free = problem.gradient(&Context::new(InstructionSet::detect(), 1));
            let mut limit = problem.stack.plan(23, 6, None).expect("no limit").bytes() - 1;
            let mut kept = Vec::new();
            while let Ok(plan) = problem.stack.plan(23, 6, Some(limit)) {
                problem.stack.limit_memory(Some(limit));
                let limited = problem.gradient(&Context::new(InstructionSet::detect(), 1 + plan.kept() % 3));
                assert!(
                    free.params.flat() == limited.params.flat()
                        && free.x == limited.x
                        && free.flow == limited.flow,
                    "{kind}, {options:?}, {plan}"
                );
                kept.push(plan.kept());
                limit = plan.bytes() - 1;
            }
            assert_eq!(kept, [5, 4, 3, 2, 1], "{kind}, {options:?}");
        }
    }
}

/// A row of a bidirectional stack has the same bits as alone: the reverse direction starts at the row's own
/// last step.
#[test]
fn rows_of_a_bidirectional_stack_are_independent() {
    for kind in CellKind::ALL {
        let options = Options { dropout: None, ..everything(true, Mask::Step) };
        let shape = lengths(&LENGTHS);
        let ctx = Context::new(InstructionSet::detect(), 2);
        let mut whole = Problem::<f64>::with(InstructionSet::detect(), case(kind), options, shape.clone(), 6);
        let (y, state) = whole.outputs(&ctx);
        let gradient = whole.gradient(&ctx);
        for (row, &length) in LENGTHS.iter().enumerate() {
            let one = Case { steps: length, rows: 1, ..case(kind) };
            let mut alone =
                Problem::<f64>::with(InstructionSet::detect(), one, options, PackedShape::even(length, 1), 6);
            let of = |data: &[f64], width: usize| -> Vec<f64> {
                let positions = (0..length).map(|t| shape.offset(t) + row);
                positions.flat_map(|position| data[position * width..][..width].to_vec()).collect()
            };
            (alone.x, alone.target) = (of(&whole.x, 3), of(&whole.target, 38));
            for layer in 0..6 {
                let end: Vec<f64> =
                    whole.end.layer(layer).chunks(19).skip(row).step_by(6).flatten().copied().collect();
                alone.end.layer_mut(layer).copy_from_slice(&end);
            }
            let (own, own_state) = alone.outputs(&ctx);
            assert_eq!(own, of(&y, 38), "{kind}, row {row}");
            assert_eq!(alone.gradient(&ctx).x, of(&gradient.x, 3), "{kind}, row {row}");
            for layer in 0..6 {
                let there = state.layer(layer).chunks(19).skip(row).step_by(6).flatten();
                assert!(own_state.layer(layer).iter().eq(there), "{kind}, row {row}, layer {layer}");
            }
        }
    }
}

/// An observer sees every layer, direction and step once; in the reverse direction the gradient at a row's
/// last step arrives where that direction starts.
#[test]
fn observers_see_both_directions() {
    let kind = CellKind::Gru { reset_after: true };
    let mut problem = Problem::<f64>::with(
        InstructionSet::detect(),
        Case { layers: 2, ..case(kind) },
        Options { bidirectional: true, ..Options::default() },
        lengths(&LENGTHS),
        6,
    );
    let flow = problem.gradient(&Context::new(InstructionSet::detect(), 1)).flow;
    let order: Vec<_> = flow.iter().map(|&(layer, t, _)| (layer, t)).collect();
    let steps = |layer| (0..23).rev().map(move |t| (layer, t));
    assert_eq!(order, [2, 3, 0, 1].into_iter().flat_map(steps).collect::<Vec<_>>());
    assert!(flow.iter().all(|&(_, _, norm)| norm > 0.0));
}
