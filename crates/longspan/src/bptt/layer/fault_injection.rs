//! A bad value that is injected into a layer's computation, only for tests of the code that locates such
//! values.
//!
//! ```text
//! a gate         is set after its step; the states of the step and all later steps are recomputed from it
//! a state        is set after its step; all later steps are recomputed from it
//! d_h            is set in the gradient that arrives from above; all earlier steps are computed from it
//! another d_*    is set after the backward pass; weight gradients and the layer below see it, the step before does not
//! ```
//!
//! The injection applies to every pass over its step, so a pass that is repeated contains it again.

use longspan_kernel::packed_shape::TimeSlice;

/// A bad value and where to inject it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultInjection {
    /// Whether to inject it into the encoder, where there is one.
    pub encoder: bool,
    /// Layer index, as in a [`State`](crate::bptt::State).
    pub layer: usize,
    /// Step of the layer: the time step or, in reverse, the distance from the row's last step.
    pub t: usize,
    /// One of the cell's [values](crate::cell::Cell::VALUES), "d_h", or one of its
    /// [derivatives](crate::cell::Cell::DERIVATIVES).
    pub tensor: &'static str,
    /// The row of the batch.
    pub row: usize,
    /// The unit.
    pub unit: usize,
    /// The value.
    pub value: f64,
}

impl FaultInjection {
    /// The step within a slice, if the slice contains it and the row.
    pub(super) fn step_in(&self, slice: TimeSlice<'_>) -> Option<usize> {
        let t = self.t.checked_sub(slice.first_step())?;
        (self.row < slice.rows_at(t)).then_some(t)
    }
}
