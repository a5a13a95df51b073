//! The effect of an injected fault on the passes of a layer, see [`FaultInjection`].

use super::fault_injection::FaultInjection;
use super::memory::Work;
use super::run::Source;
use super::states::LayerChunk;
use super::weights::Layer;
use crate::cell::Kept;
use crate::cell::Real;
use longspan_kernel::Context;
use longspan_kernel::matrix::Mat;
use longspan_kernel::packed_shape::TimeSlice;

impl<R: Real> Layer<R> {
    /// Sets the fault to inject; None removes it.
    pub fn inject_fault(&mut self, fault: Option<FaultInjection>) {
        self.fault = fault;
    }

    /// Injects the fault after a forward pass over a chunk.
    pub(super) fn inject_forward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        before: &[R],
        chunk: &mut LayerChunk<'_, R>,
    ) {
        let Some((fault, t, kept)) = self.injected_value(chunk.slice) else { return };
        if let Kept::Tape(slot) = kept {
            let width = self.tape_width();
            chunk.tape.gates[(chunk.slice.offset(t) + fault.row) * width + slot * self.hidden + fault.unit] =
                R::from_f64(fault.value);
        }
        self.run_recompute(ctx, before, chunk);
        self.inject_recompute(ctx, chunk);
        let skip = chunk.slice.offset(t + 1);
        let source = match source {
            Source::Rows(x) => {
                let (data, rows) = (x.data(), x.rows() - skip);
                let from = if rows == 0 { data.len() } else { skip * x.stride() };
                Source::Rows(Mat::strided(&data[from..], rows, x.cols(), x.stride()))
            }
            Source::Projected(table, indices) => Source::Projected(table, &indices[skip..]),
        };
        self.run_rest(chunk, t, |before, rest| self.run_forward(ctx, source, before, rest));
    }

    /// Injects the fault after the states of a chunk were recomputed from its tape. The tape already contains
    /// a fault in a gate, but not one in a state.
    pub(super) fn inject_recompute(&self, ctx: &Context<R>, chunk: &mut LayerChunk<'_, R>) {
        let Some((fault, t, Kept::State(part))) = self.injected_value(chunk.slice) else { return };
        let at = (chunk.slice.state_offset(t + 1) + fault.row) * self.hidden + fault.unit;
        chunk.states.values[part * chunk.states.stride + at] = R::from_f64(fault.value);
        self.run_rest(chunk, t, |before, rest| self.run_recompute(ctx, before, rest));
    }

    /// Injects the fault before a backward pass over a chunk.
    pub(super) fn inject_arriving(&self, chunk: &mut LayerChunk<'_, R>) {
        let Some(fault) = self.fault.filter(|fault| fault.tensor == "d_h") else { return };
        if let Some(t) = fault.step_in(chunk.slice) {
            let at = (chunk.slice.state_offset(t + 1) + fault.row) * self.hidden + fault.unit;
            chunk.states.d_values[at] = R::from_f64(fault.value);
        }
    }

    /// Injects the fault after a backward pass over a chunk.
    pub(super) fn inject_backward(&self, slice: TimeSlice<'_>, work: &mut Work<R>) {
        let Some(fault) = self.fault else { return };
        let slot = self.kind.spec().derivatives.iter().find(|(name, _)| *name == fault.tensor);
        if let (Some(t), Some((_, slot))) = (fault.step_in(slice), slot) {
            let width = self.cell.deltas * self.hidden;
            work.deltas[(slice.offset(t) + fault.row) * width + slot * self.hidden + fault.unit] =
                R::from_f64(fault.value);
        }
    }

    /// Returns the fault, its step in the slice and where its value is stored, if the slice contains the step
    /// and the forward pass computes the value.
    fn injected_value(&self, slice: TimeSlice<'_>) -> Option<(FaultInjection, usize, Kept)> {
        let fault = self.fault?;
        let (_, kept) = self.kind.spec().values.iter().find(|(name, _)| *name == fault.tensor)?;
        Some((fault, fault.step_in(slice)?, *kept))
    }

    /// Runs the steps after step t of a chunk again, from the states after it.
    fn run_rest(
        &self,
        chunk: &mut LayerChunk<'_, R>,
        t: usize,
        run: impl FnOnce(&[R], &mut LayerChunk<'_, R>),
    ) {
        let (slice, states) = (chunk.slice, &mut *chunk.states);
        let rest = slice.after(t);
        if rest.positions() == 0 {
            return;
        }
        let (n, len) = (rest.rows() * self.hidden, rest.positions() * self.hidden);
        let parts = 0..self.cell.parts;
        let before: Vec<R> =
            parts.clone().flat_map(|part| &states.state(slice, t, part)[..n]).copied().collect();
        let (mut own_tape, mut own_states) = (self.tape(), self.states());
        let from = slice.offset(t + 1) * self.tape_width();
        let tail = &mut chunk.tape.gates[from..from + rest.positions() * self.tape_width()];
        own_tape.gates.grow(tail.len());
        own_tape.gates[..tail.len()].copy_from_slice(tail);
        run(&before, &mut LayerChunk { slice: rest, tape: &mut own_tape, states: &mut own_states });
        tail.copy_from_slice(&own_tape.gates[..tail.len()]);
        for part in parts {
            let to = part * states.stride + slice.state_offset(t + 2) * self.hidden;
            let own = &own_states.values[part * own_states.stride + n..][..len];
            states.values[to..to + len].copy_from_slice(own);
        }
    }
}
