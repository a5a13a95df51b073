//! What a planted value does to a layer's passes, see [`FaultInjection`].

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
    /// Plants a value; None takes it away.
    pub fn inject_fault(&mut self, plant: Option<FaultInjection>) {
        self.plant = plant;
    }

    /// After a forward pass over a chunk.
    pub(super) fn plant_forward(
        &self,
        ctx: &Context<R>,
        source: Source<'_, R>,
        before: &[R],
        here: &mut LayerChunk<'_, R>,
    ) {
        let Some((plant, t, kept)) = self.planted_value(here.cut) else { return };
        if let Kept::Tape(slot) = kept {
            let width = self.tape_width();
            here.tape.gates[(here.cut.offset(t) + plant.row) * width + slot * self.hidden + plant.unit] =
                R::from_f64(plant.value);
        }
        self.run_replay(ctx, before, here);
        self.plant_replay(ctx, here);
        let skip = here.cut.offset(t + 1);
        let source = match source {
            Source::Rows(x) => {
                let (data, rows) = (x.data(), x.rows() - skip);
                let from = if rows == 0 { data.len() } else { skip * x.stride() };
                Source::Rows(Mat::strided(&data[from..], rows, x.cols(), x.stride()))
            }
            Source::Projected(table, indices) => Source::Projected(table, &indices[skip..]),
        };
        self.run_rest(here, t, |before, rest| self.run_forward(ctx, source, before, rest));
    }

    /// After the states of a chunk were made anew from a tape that has the plant in it; a planted state has not.
    pub(super) fn plant_replay(&self, ctx: &Context<R>, here: &mut LayerChunk<'_, R>) {
        let Some((plant, t, Kept::State(part))) = self.planted_value(here.cut) else { return };
        let at = (here.cut.state_offset(t + 1) + plant.row) * self.hidden + plant.unit;
        here.span.states[part * here.span.stride + at] = R::from_f64(plant.value);
        self.run_rest(here, t, |before, rest| self.run_replay(ctx, before, rest));
    }

    /// Before a backward pass over a chunk.
    pub(super) fn plant_arriving(&self, here: &mut LayerChunk<'_, R>) {
        let Some(plant) = self.plant.filter(|plant| plant.tensor == "d_h") else { return };
        if let Some(t) = plant.step_in(here.cut) {
            let at = (here.cut.state_offset(t + 1) + plant.row) * self.hidden + plant.unit;
            here.span.d_states[at] = R::from_f64(plant.value);
        }
    }

    /// After a backward pass over a chunk.
    pub(super) fn plant_backward(&self, cut: TimeSlice<'_>, work: &mut Work<R>) {
        let Some(plant) = self.plant else { return };
        let slot = self.kind.spec().derivatives.iter().find(|(name, _)| *name == plant.tensor);
        if let (Some(t), Some((_, slot))) = (plant.step_in(cut), slot) {
            let width = self.cell.deltas * self.hidden;
            work.deltas[(cut.offset(t) + plant.row) * width + slot * self.hidden + plant.unit] =
                R::from_f64(plant.value);
        }
    }

    /// The plant, where its step is in a chunk and it goes into what forward computes; its step there, and where the value is kept.
    fn planted_value(&self, cut: TimeSlice<'_>) -> Option<(FaultInjection, usize, Kept)> {
        let plant = self.plant?;
        let (_, kept) = self.kind.spec().values.iter().find(|(name, _)| *name == plant.tensor)?;
        Some((plant, plant.step_in(cut)?, *kept))
    }

    /// Runs the steps after step t of a chunk once more, from the states that it has left.
    fn run_rest(
        &self,
        here: &mut LayerChunk<'_, R>,
        t: usize,
        run: impl FnOnce(&[R], &mut LayerChunk<'_, R>),
    ) {
        let (cut, span) = (here.cut, &mut *here.span);
        let rest = cut.after(t);
        if rest.positions() == 0 {
            return;
        }
        let (n, len) = (rest.rows() * self.hidden, rest.positions() * self.hidden);
        let parts = 0..self.cell.parts;
        let before: Vec<R> = parts.clone().flat_map(|part| &span.state(cut, t, part)[..n]).copied().collect();
        let (mut own_tape, mut own_span) = (self.tape(), self.span());
        let from = cut.offset(t + 1) * self.tape_width();
        let tail = &mut here.tape.gates[from..from + rest.positions() * self.tape_width()];
        own_tape.gates.grow(tail.len());
        own_tape.gates[..tail.len()].copy_from_slice(tail);
        run(&before, &mut LayerChunk { cut: rest, tape: &mut own_tape, span: &mut own_span });
        tail.copy_from_slice(&own_tape.gates[..tail.len()]);
        for part in parts {
            let to = part * span.stride + cut.state_offset(t + 2) * self.hidden;
            let own = &own_span.states[part * own_span.stride + n..][..len];
            span.states[to..to + len].copy_from_slice(own);
        }
    }
}
