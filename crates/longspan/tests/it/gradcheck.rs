//! Compares every gradient of every cell with central differences, in f64.

use crate::stack::instruction_sets;
use longspan::bptt::dropout::{Dropout, Mask};
use longspan::cell::CellKind;
use longspan::gradient_check::{Case, Options, Problem, deviations};
use longspan_kernel::InstructionSet;
use longspan_kernel::packed_shape::PackedShape;

fn check_all(isa: InstructionSet, case: Case, seed: u64) {
    check_problem(isa, Problem::new(isa, case, seed));
}

fn check_problem(isa: InstructionSet, mut problem: Problem<f64>) {
    if let Some(deviation) = deviations(isa, &mut problem).into_iter().find(|found| found.is_wrong()) {
        panic!("{deviation}");
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
