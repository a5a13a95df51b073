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

use super::{Layer, LayerStates, Source, Tape, Work};
use crate::cell::Kept;
use longspan_kernel::Context;
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::TimeSlice;
use longspan_kernel::real::Real;

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
    fn step_in(&self, cut: TimeSlice<'_>) -> Option<usize> {
        let t = self.t.checked_sub(cut.first_step())?;
        (self.row < cut.rows_at(t)).then_some(t)
    }
}

impl<R: Real> Layer<R> {
    /// Plants a value; None takes it away.
    pub fn inject_fault(&mut self, plant: Option<FaultInjection>) {
        self.plant = plant;
    }

    /// After a forward pass over a chunk.
    pub(super) fn plant_forward(
        &self,
        plant: FaultInjection,
        ctx: &Context<R>,
        source: Source<'_, R>,
        before: &[R],
        cut: TimeSlice<'_>,
        tape: &mut Tape<R>,
        span: &mut LayerStates<R>,
    ) {
        let (Some(t), Some(kept)) = (plant.step_in(cut), self.kept(plant)) else { return };
        if let Kept::Tape(slot) = kept {
            let width = self.tape_width();
            tape.gates[(cut.offset(t) + plant.row) * width + slot * self.hidden + plant.unit] =
                R::from_f64(plant.value);
        }
        self.recompute(ctx, before, cut, tape, span);
        let skip = cut.offset(t + 1);
        let source = match source {
            Source::Rows(x) => {
                let (data, rows) = (x.data(), x.rows() - skip);
                let from = if rows == 0 { data.len() } else { skip * x.stride() };
                Source::Rows(Mat::strided(&data[from..], rows, x.cols(), x.stride()))
            }
            Source::Projected(table, indices) => Source::Projected(table, &indices[skip..]),
        };
        self.run_rest((cut, t), tape, span, |before, rest, tape, span| {
            self.forward(ctx, source, before, rest, tape, span);
        });
    }

    /// After the states of a chunk were made anew from a tape that has the plant in it; a planted state has not.
    pub(super) fn plant_replay(
        &self,
        plant: FaultInjection,
        ctx: &Context<R>,
        cut: TimeSlice<'_>,
        tape: &mut Tape<R>,
        span: &mut LayerStates<R>,
    ) {
        let (Some(t), Some(Kept::State(part))) = (plant.step_in(cut), self.kept(plant)) else { return };
        let at = (cut.state_offset(t + 1) + plant.row) * self.hidden + plant.unit;
        span.states[part * span.stride + at] = R::from_f64(plant.value);
        self.run_rest((cut, t), tape, span, |before, rest, tape, span| {
            self.recompute(ctx, before, rest, tape, span);
        });
    }

    /// Before a backward pass over a chunk.
    pub(super) fn plant_arriving(
        &self,
        plant: FaultInjection,
        cut: TimeSlice<'_>,
        span: &mut LayerStates<R>,
    ) {
        if let (Some(t), "d_h") = (plant.step_in(cut), plant.tensor) {
            let at = (cut.state_offset(t + 1) + plant.row) * self.hidden + plant.unit;
            span.d_states[at] = R::from_f64(plant.value);
        }
    }

    /// After a backward pass over a chunk.
    pub(super) fn plant_backward(&self, plant: FaultInjection, cut: TimeSlice<'_>, work: &mut Work<R>) {
        let slot = self.kind.derivatives().iter().find(|(name, _)| *name == plant.tensor);
        if let (Some(t), Some((_, slot))) = (plant.step_in(cut), slot) {
            let width = self.shape.deltas * self.hidden;
            work.deltas[(cut.offset(t) + plant.row) * width + slot * self.hidden + plant.unit] =
                R::from_f64(plant.value);
        }
    }

    fn kept(&self, plant: FaultInjection) -> Option<Kept> {
        self.kind.values().iter().find(|(name, _)| *name == plant.tensor).map(|(_, kept)| *kept)
    }

    /// Runs the steps after step t of a chunk once more, from the states that it has left.
    fn run_rest(
        &self,
        (cut, t): (TimeSlice<'_>, usize),
        tape: &mut Tape<R>,
        span: &mut LayerStates<R>,
        run: impl FnOnce(&[R], TimeSlice<'_>, &mut Tape<R>, &mut LayerStates<R>),
    ) {
        let rest = cut.after(t);
        if rest.positions() == 0 {
            return;
        }
        let (n, len) = (rest.rows() * self.hidden, rest.positions() * self.hidden);
        let parts = 0..self.shape.parts;
        let before: Vec<R> = parts.clone().flat_map(|part| &span.state(cut, t, part)[..n]).copied().collect();
        let (mut own_tape, mut own_span) = (self.tape(), self.span());
        let from = cut.offset(t + 1) * self.tape_width();
        let tail = &mut tape.gates[from..from + rest.positions() * self.tape_width()];
        own_tape.gates.grow(tail.len());
        own_tape.gates[..tail.len()].copy_from_slice(tail);
        run(&before, rest, &mut own_tape, &mut own_span);
        tail.copy_from_slice(&own_tape.gates[..tail.len()]);
        for part in parts {
            let to = part * span.stride + cut.state_offset(t + 2) * self.hidden;
            let own = &own_span.states[part * own_span.stride + n..][..len];
            span.states[to..to + len].copy_from_slice(own);
        }
    }
}
