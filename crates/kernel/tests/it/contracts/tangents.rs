//! Tangents whose shapes do not fit.

use super::{other_level, packed, refused};
use crate::chain::{Chain, GATES, PARTS, PHASES};
use longspan_kernel::InstructionSet;
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::recurrent::{self, Tangents};

/// Number of units.
const UNITS: usize = 5;

/// The shapes of two tangents.
struct Shapes {
    isa: InstructionSet,
    hidden: usize,
    jacobian: (usize, usize),
    before: usize,
    operands: usize,
}

/// Computes two tangents of one row, with shapes that `change` changes.
fn tangents(change: impl FnOnce(&mut Shapes)) {
    let mut of = Shapes {
        isa: InstructionSet::Portable,
        hidden: UNITS,
        jacobian: (1, UNITS),
        before: PARTS * UNITS,
        operands: 2 * UNITS,
    };
    change(&mut of);
    let (data, mut after) = ([0.0; 64], [0.0; 64]);
    let weights: Vec<_> = PHASES.iter().map(|phase| packed(UNITS, phase.gates, UNITS)).collect();
    recurrent::tangents(
        of.isa,
        &Chain,
        &PHASES,
        &weights,
        Tangents {
            hidden: of.hidden,
            jacobian: Mat::new(&data, of.jacobian.0, of.jacobian.1),
            before: Mat::new(&data, 2, of.before),
            after: MatMut::new(&mut after, 2, of.before),
            inflow: Some(Mat::new(&data, 2, GATES * UNITS)),
            operands: &mut vec![0.0; of.operands],
        },
    );
}

#[test]
fn tangents_of_other_shapes() {
    tangents(|_| ());
    refused("2 tangents are not a multiple of 3 rows", || tangents(|of| of.jacobian = (3, UNITS)));
    refused("2 tangents are not a multiple of 0 rows", || tangents(|of| of.jacobian = (0, UNITS)));
    refused("coefficients of a row: 5 numbers needed, but only 4 given", || {
        tangents(|of| of.jacobian = (2, UNITS - 1));
    });
    refused("columns of the tangents before", || tangents(|of| of.before -= 1));
    refused("operands: 10 numbers needed, but only 9 given", || tangents(|of| of.operands -= 1));
    refused("phase 0: (depth, gates, units)", || tangents(|of| of.hidden = 4));
    if other_level().checked().is_ok() {
        refused("an operand packed for portable in a product on avx", || {
            tangents(|of| of.isa = other_level());
        });
    }
}
