//! The contract between a cell's equations, its phases and the packed weights.

use super::equations::{Equations, MAX_GATES, Operand, Phase};
use crate::InstructionSet;
use crate::pack::Packed;
use crate::simd::Real;

/// Panics unless every phase uses slots that the equations have, and its weights are packed for `isa` with
/// the (depth, gates, units) that `shape` returns for it. Unsafe code turns the slots and shapes into
/// pointers without further checks.
pub(super) fn check_phases<R: Real, E: Equations<R>>(
    isa: InstructionSet,
    phases: &[Phase],
    weights: &[Packed<R>],
    shape: impl Fn(&Phase) -> (usize, usize, usize),
) {
    assert!(E::PARTS > 0, "equations with 0 state parts: part 0 is h");
    assert_eq!(phases.len(), weights.len(), "phases and packed weights");
    for (p, (phase, packed)) in phases.iter().zip(weights).enumerate() {
        check_slots::<R, E>(p, phase);
        let shape = shape(phase);
        let packed_shape = (packed.depth(), packed.gates(), packed.units());
        assert_eq!(packed_shape, shape, "phase {p}: (depth, gates, units) of the packed weights");
        packed.require(isa);
    }
}

fn check_slots<R: Real, E: Equations<R>>(p: usize, phase: &Phase) {
    let Phase { gates, delta: first, operand, .. } = *phase;
    assert!(
        (1..=MAX_GATES).contains(&gates),
        "phase {p}: {gates} gates, where 1 to {MAX_GATES} are possible"
    );
    let end = first.checked_add(gates).filter(|&end| end <= E::DELTAS);
    assert!(end.is_some(), "phase {p}: delta slots {first}..{first} + {gates} of {}", E::DELTAS);
    if let Operand::Tape { slot, delta, tangent } = operand {
        assert!(slot < E::TAPE, "phase {p}: tape slot {slot} of {}", E::TAPE);
        assert!(delta < E::DELTAS, "phase {p}: delta slot {delta} of {}", E::DELTAS);
        assert!(tangent < E::OPERANDS, "phase {p}: tangent slot {tangent} of {}", E::OPERANDS);
        assert!(
            !(first..first + gates).contains(&delta),
            "phase {p}: delta slot {delta} of its operand is one of its gates, {first}..{}",
            first + gates
        );
    }
}
