//! A bad value that is planted into a layer's computation: for the tests of what finds such values, and for nothing else.
//!
//! ```text
//! a gate         takes the value when its step is over; the states of the step are made from it, and all later steps from these
//! a state        takes the value when its step is over; all later steps are made from it
//! d_h            takes the value as part of what arrives from above; all earlier steps are made from it
//! another d_*    takes the value when backward has run: the weights' gradients and the layer below get it, not the step before
//! ```
//!
//! It acts in every pass over its step, so that a pass that is repeated meets it again.

use longspan_kernel::packed_shape::TimeSlice;

/// A value and its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultInjection {
    /// Whether it goes into the encoder, where there is one.
    pub encoder: bool,
    /// The layer, as a [`State`](crate::bptt::State) counts them.
    pub layer: usize,
    /// The step of the layer: the time step or, in reverse, the distance from the row's last one.
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
    /// The step in a chunk, if the place is there.
    pub(super) fn step_in(&self, cut: TimeSlice<'_>) -> Option<usize> {
        let t = self.t.checked_sub(cut.first_step())?;
        (self.row < cut.rows_at(t)).then_some(t)
    }
}
