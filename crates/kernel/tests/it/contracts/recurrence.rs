//! Chunks, phases, weights and equations that do not fit each other.

use super::{ctx, other_level, packed, refused};
use crate::chain::{Chain, PARTS, PHASES, SLOTS};
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::recurrent::{
    self, Backward, Chunk, Equations, Forward, Gradients, Linearise, MAX_GATES, Operand, Phase, Tangent,
    Units,
};
use longspan_kernel::{InstructionSet, Packed, Weights};

/// A chunk of [`Chain`] with 2 steps, 3 rows and 5 units, with buffers that are just long enough.
struct Buffers {
    shape: PackedShape,
    hidden: usize,
    tape: Vec<f32>,
    states: Vec<f32>,
    part_stride: usize,
    weights: Vec<f32>,
    deltas: Vec<f32>,
    d_states: Vec<f32>,
    jacobian: Vec<f32>,
    phases: Vec<Phase>,
    forward: Vec<Packed<f32>>,
    backward: Vec<Packed<f32>>,
}

const STEPS: usize = 2;
const ROWS: usize = 3;
const UNITS: usize = 5;

impl Buffers {
    fn new() -> Self {
        let (positions, part) = (STEPS * ROWS, (STEPS + 1) * ROWS * UNITS);
        Self {
            shape: PackedShape::even(STEPS, ROWS),
            hidden: UNITS,
            tape: vec![0.0; positions * SLOTS * UNITS],
            states: vec![0.0; PARTS * part],
            part_stride: part,
            weights: vec![0.0; UNITS],
            deltas: vec![0.0; positions * SLOTS * UNITS],
            d_states: vec![0.0; PARTS * part],
            jacobian: vec![0.0; positions * UNITS],
            phases: PHASES.to_vec(),
            forward: PHASES.iter().map(|phase| packed(UNITS, phase.gates, UNITS)).collect(),
            backward: PHASES.iter().map(|phase| packed(phase.gates * UNITS, 1, UNITS)).collect(),
        }
    }

    /// Runs all passes with the equations of `cell`.
    fn run(&mut self, cell: &impl Equations<f32>) {
        let ctx = ctx();
        let mut chunk = Chunk {
            slice: self.shape.whole(),
            hidden: self.hidden,
            tape: &mut self.tape,
            states: &mut self.states,
            part_stride: self.part_stride,
            weights: &self.weights,
        };
        recurrent::forward(&ctx, cell, &self.phases, &self.forward, &mut chunk);
        recurrent::recompute(&ctx, cell, &mut chunk);
        let mut gradients = Gradients { deltas: &mut self.deltas, d_states: &mut self.d_states };
        recurrent::backward(&ctx, cell, &self.phases, &self.backward, &mut chunk, &mut gradients);
        recurrent::linearise(&ctx, cell, &mut chunk, &mut self.jacobian);
    }
}

/// Asserts that the passes panic for changed buffers.
#[track_caller]
fn refused_passes(expected: &str, change: impl FnOnce(&mut Buffers)) {
    let mut buffers = Buffers::new();
    change(&mut buffers);
    refused(expected, || buffers.run(&Chain));
}

#[test]
fn chunks_whose_buffers_are_too_short() {
    Buffers::new().run(&Chain);
    refused_passes("tape: 120 numbers needed, but only 119 given", |of| {
        of.tape.pop();
    });
    refused_passes("states: 90 numbers needed, but only 89 given", |of| {
        of.states.pop();
    });
    refused_passes("elementwise weights: 5 numbers needed, but only 4 given", |of| {
        of.weights.pop();
    });
    refused_passes("deltas: 120 numbers needed, but only 119 given", |of| {
        of.deltas.pop();
    });
    refused_passes("gradients by states: 90 numbers needed, but only 89", |of| {
        of.d_states.pop();
    });
    refused_passes("coefficients: 30 numbers needed, but only 29 given", |of| {
        of.jacobian.pop();
    });
    refused_passes("state parts of 45 numbers overlap: they begin 44 apart", |of| of.part_stride -= 1);
    refused_passes("states: 18446744073709551615 + 45 overflows", |of| of.part_stride = usize::MAX);
    refused_passes("overflows", |of| of.hidden = 1 << 62);
}

#[test]
fn phases_that_name_missing_slots() {
    fn operand(buffers: &mut Buffers, slot: usize, delta: usize, tangent: usize) {
        buffers.phases[1].operand = Operand::Tape { slot, delta, tangent };
    }
    refused_passes("phase 1: tape slot 4 of 4", |of| operand(of, 4, 3, 0));
    refused_passes("phase 1: delta slot 4 of 4", |of| operand(of, 3, 4, 0));
    refused_passes("phase 1: tangent slot 1 of 1", |of| operand(of, 3, 3, 1));
    refused_passes("phase 1: delta slot 2 of its operand is one of its gates, 2..3", |of| {
        operand(of, 3, 2, 0)
    });
    refused_passes("phase 0: delta slots 3..3 + 2 of 4", |of| of.phases[0].delta = 3);
    refused_passes("phase 0: delta slots 18446744073709551615..", |of| of.phases[0].delta = usize::MAX);
    refused_passes("phase 0: 5 gates", |of| of.phases[0].gates = 5);
    refused_passes("phase 0: 0 gates", |of| of.phases[0].gates = 0);
}

#[test]
fn weights_that_do_not_fit_their_phase() {
    refused_passes("phases and packed weights", |of| {
        of.forward.pop();
    });
    refused_passes("phases and packed weights", |of| {
        of.backward.pop();
    });
    // The same number of columns, but other panels.
    refused_passes("phase 0: (depth, gates, units)", |of| of.forward[0] = packed(UNITS, 1, 2 * UNITS));
    refused_passes("phase 1: (depth, gates, units)", |of| of.forward[1] = packed(UNITS + 1, 1, UNITS));
    refused_passes("phase 0: (depth, gates, units)", |of| of.backward[0] = packed(UNITS, 1, UNITS));
    refused_passes("has no weights", |of| {
        of.forward[0] = Packed::new(InstructionSet::Portable, UNITS, 2, UNITS)
    });
    refused_passes("an operand packed for avx", |of| {
        of.backward[1] = Packed::new(other_level(), UNITS, 1, UNITS);
        of.backward[1].pack_here(Weights::Plain(Mat::new(&[0.0; UNITS * UNITS], UNITS, UNITS)));
    });
}

/// Equations without a state part, or that read a slot that they do not have.
struct Wrong<const PARTS: usize>;

impl<const PARTS: usize> Equations<f32> for Wrong<PARTS> {
    const TAPE: usize = 0;
    const DELTAS: usize = 0;
    const PARTS: usize = PARTS;
    const WEIGHTS: usize = 0;
    const JACOBIAN: usize = 0;

    fn forward<S: Units<f32>>(&self, _: usize, _: [S::V; MAX_GATES], _: Forward<'_, f32, S>) {}
    fn recompute<S: Units<f32>>(&self, mut at: Forward<'_, f32, S>) {
        at.next.set(0, at.tape.get(0));
    }
    fn backward<S: Units<f32>>(&self, _: usize, _: Backward<'_, f32, S>) {}
    fn linearise<S: Units<f32>>(&self, _: Linearise<'_, f32, S>) {}
    fn tangent<S: Units<f32>>(&self, _: usize, _: [S::V; MAX_GATES], _: Tangent<'_, f32, S>) {}
}

#[test]
fn equations_that_lack_their_slots() {
    let without_phases = || Buffers { phases: vec![], forward: vec![], backward: vec![], ..Buffers::new() };
    refused("equations with 0 state parts", || without_phases().run(&Wrong::<0>));
    refused("slot < self.count", || without_phases().run(&Wrong::<1>));
}
