//! An observer that looks for the first bad value of a training pass.
//!
//! *Bad* is what is not finite, or [`LIMIT`] and above. *First* is meant in the order of computation: nothing that a value is made
//! from comes after it. Of values that do not depend on each other the one that comes first here is named:
//!
//! ```text
//! input      what an encoder reads, what is read, what should come out: by time, row, unit; the state before the window
//! forward    by time, then layer from the bottom, then tensor in the order of the cell's `VALUES`, then row, unit
//! loss       logits or outputs of the scored places, by time, row, unit; the loss
//! backward   the gradient by what the readout reads; then by time from the last step, then layer from the top, then ∂ℒ/∂h_t, that by
//!            c_t, the cell's `DERIVATIVES`, then row, unit; then the gradients of the weights in the order of the layout
//! ```
//!
//! Where rows are read both ways, a layer is over before the next one begins: layers come before time, and of a layer the direction
//! that goes forwards before the other one, each in the order of its own steps. An encoder's forward comes before, its backward
//! behind all of the decoder's.

use super::spec::{ModelSpec, OutputSpec};
use crate::batch::{Batch, IGNORE};
use crate::bptt::{BackwardStep, ForwardChunk, Observer, State};
use crate::cell::Real;
use crate::model::pooling::Pooling;
use crate::optim::LIMIT;
use crate::params::Params;
use longspan_kernel::Context;
use longspan_kernel::packed_shape::PackedShape;
use longspan_record::{Direction, Phase};

/// Whether a number is bad.
pub fn is_bad<R: Real>(x: R) -> bool {
    let x = x.to_f64();
    !x.is_finite() || x.abs() >= LIMIT
}

/// A value and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// What was being done.
    pub phase: Phase,
    /// The layer as a [`State`] counts them.
    pub layer: Option<usize>,
    /// Which of the layer's directions it is, where rows are read both ways.
    pub direction: Option<Direction>,
    /// Whether it is the encoder's.
    pub encoder: bool,
    /// The time step of what is read there.
    pub t: Option<usize>,
    /// What it is in.
    pub tensor: String,
    /// The row of the batch, or of what the encoder reads.
    pub row: Option<usize>,
    /// The unit, or the place in a tensor of weights.
    pub unit: Option<usize>,
    /// The value.
    pub value: f64,
}

impl Place {
    /// Somewhere in a tensor.
    pub fn of(phase: Phase, tensor: impl Into<String>, value: f64) -> Self {
        let (layer, t, row, unit) = (None, None, None, None);
        Self { phase, layer, direction: None, encoder: false, t, tensor: tensor.into(), row, unit, value }
    }
}

/// The parts of a pass, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Era {
    Read,
    Asked,
    Before,
    Encode,
    Forward,
    Outputs,
    Loss,
    Arriving,
    Backward,
    BackwardEncoder,
    Gradients,
}

/// Where in the order of computation a step of a layer is: then layer and direction where rows are read both ways, step, layer.
type Order = (Era, [usize; 3]);

/// Observes a training pass and keeps its first bad value; weights are not looked at.
pub struct Scan {
    spec: ModelSpec,
    /// The rows of each step of what an encoder reads, and of the batch.
    encoded: PackedShape,
    shape: PackedShape,
    first: Option<(Order, Place)>,
    /// The largest |value| of the states that are not bad.
    largest_state: f64,
    /// log10 of the norm of ∂ℒ/∂h_t from a layer's last step on, by layer.
    norms: Vec<Vec<f64>>,
}

impl Scan {
    /// For one pass through a model of this kind.
    pub fn new(spec: &ModelSpec) -> Self {
        let layers = if spec.bidirectional { 2 * spec.layers } else { spec.layers };
        Self {
            spec: spec.clone(),
            encoded: PackedShape::default(),
            shape: PackedShape::default(),
            first: None,
            largest_state: 0.0,
            norms: vec![Vec::new(); layers],
        }
    }

    /// The first bad value.
    pub fn position(&self) -> Option<&Place> {
        self.first.as_ref().map(|(_, position)| position)
    }

    /// The largest absolute value of a state that is not bad.
    pub fn largest_state(&self) -> f64 {
        self.largest_state
    }

    /// log10 of the factor by which ∂ℒ/∂h_t has grown a step on its way back through the layer of the bad value, and in how many
    /// steps; None where there are fewer than two.
    pub fn growth(&self) -> Option<(f64, usize)> {
        let norms = &self.norms[self.position()?.layer?];
        let steps = norms.iter().take_while(|norm| norm.is_finite()).count().checked_sub(1)?;
        (steps > 0).then(|| ((norms[steps] - norms[0]) / steps as f64, steps))
    }

    fn take(&mut self, order: Order, position: Place) {
        if self.first.as_ref().is_none_or(|(first, _)| order < *first) {
            self.first = Some((order, position));
        }
    }

    /// Where a value of some layer and step is.
    fn at(
        &self,
        phase: Phase,
        tensor: &str,
        (layer, step): (usize, usize),
        encoder: bool,
        found: Found,
    ) -> Place {
        let direction = self.spec.bidirectional.then(|| Direction::of(layer));
        let shape = if encoder { &self.encoded } else { &self.shape };
        let t = match direction {
            Some(Direction::Reverse) => shape.length(found.row) - 1 - step,
            _ => step,
        };
        let position = Place::of(phase, tensor, found.value);
        found.at(Place { layer: Some(layer), direction, encoder, t: Some(t), ..position })
    }

    /// What is read, by the encoder first.
    fn read(&mut self, batch: &Batch) {
        for (encoder, extent, numbers) in
            [(true, &batch.encoded.extent, &batch.encoded.numbers), (false, &batch.extent, &batch.numbers)]
        {
            if let Some(found) = first_of_places(extent, numbers, false) {
                let position = Place { encoder, ..Place::of(Phase::Input, "x", found.value) };
                self.take((Era::Read, [usize::from(!encoder), 0, 0]), found.at_place(extent, position));
            }
        }
    }

    /// What should come out.
    fn asked(&mut self, batch: &Batch) {
        let (positions, targets) = (&batch.values.positions, &batch.values.targets);
        let width = targets.len() / positions.len().max(1);
        if let Some(found) = first_in(positions.len(), |i| &targets[i * width..][..width]) {
            let position = Place::of(Phase::Input, "target", found.value);
            let found = Found { row: positions[found.row] as usize, ..found };
            self.take((Era::Asked, [0; 3]), self.read_out_of(position, found));
        }
    }

    /// The state that is carried over.
    fn state_before<R: Real>(&mut self, rows: usize, state: &State<R>) {
        let hidden = self.spec.hidden;
        for layer in 0..state.layers() {
            let parts = state.layer(layer).chunks(rows * hidden).zip(["h_0", "c_0"]);
            for (part, (values, tensor)) in parts.enumerate() {
                if let Some(found) = first_in(rows, |row| &values[row * hidden..][..hidden]) {
                    let position = Place::of(Phase::Input, tensor, found.value);
                    let position = Place { layer: Some(layer), ..found.at(position) };
                    self.take((Era::Before, [layer, part, 0]), position);
                }
            }
        }
    }

    /// A place among those that the readout sees: places, or rows where it sees one thing of each.
    fn read_out_of(&self, position: Place, found: Found) -> Place {
        match self.spec.pool {
            Pooling::Last => found.at_place(&self.shape, position),
            Pooling::Mean | Pooling::BothEnds => found.at(position),
        }
    }
}

impl<R: Real> Observer<R> for Scan {
    fn begin(&mut self, batch: &Batch, state: &State<R>) {
        self.encoded.copy_from(&batch.encoded.extent);
        self.shape.copy_from(&batch.extent);
        self.read(batch);
        self.asked(batch);
        if batch.carry {
            self.state_before(batch.rows(), state);
        }
    }

    fn forward_chunk(&mut self, _: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        let (era, cut) = (if chunk.encoder() { Era::Encode } else { Era::Forward }, chunk.cut());
        for (l, t) in (0..chunk.layers().len()).flat_map(|l| (0..cut.steps()).map(move |t| (l, t))) {
            let (layer, step) = (chunk.first() + l, cut.first_step() + t);
            let order = if self.spec.bidirectional { [layer, step, 0] } else { [0, step, layer] };
            for &(tensor, kept) in self.spec.cell.spec().values {
                let rows = cut.rows_at(t);
                let values = |row: usize| chunk.value(l, kept, t, row);
                if let Some(found) = first_in(rows, values) {
                    let position = self.at(Phase::Forward, tensor, (layer, step), chunk.encoder(), found);
                    self.take((era, order), position);
                    break;
                }
                if matches!(tensor, "h" | "c") {
                    let all = (0..rows).flat_map(values).map(|x| x.abs().to_f64());
                    self.largest_state = all.fold(self.largest_state, f64::max);
                }
            }
        }
    }

    fn outputs(&mut self, batch: &Batch, read_out: &mut dyn FnMut(usize, &mut [R])) {
        let classes = matches!(self.spec.output, OutputSpec::Classes { .. });
        let positions: Vec<usize> = match classes {
            true => (0..batch.targets.len()).filter(|&i| batch.targets[i] != IGNORE).collect(),
            false => batch.values.positions.iter().map(|&position| position as usize).collect(),
        };
        let mut out = vec![R::ZERO; self.spec.output.width()];
        for position in positions {
            read_out(position, &mut out);
            if let Some(found) = first_in(1, |_| &out[..]) {
                let tensor = if classes { "logits" } else { "outputs" };
                let at = Place::of(Phase::Loss, tensor, found.value);
                let at = self.read_out_of(at, Found { row: position, ..found });
                return self.take((Era::Outputs, [0; 3]), at);
            }
        }
    }

    fn loss(&mut self, mean_loss: f64) {
        if !mean_loss.is_finite() {
            self.take((Era::Loss, [0; 3]), Place::of(Phase::Loss, "loss", mean_loss));
        }
    }

    fn output_gradients(&mut self, d_outputs: &[R]) {
        if let Some(found) = first_of_places(&self.shape, d_outputs, true) {
            let position = Place::of(Phase::Backward, "d_y", found.value);
            self.take((Era::Arriving, [0; 3]), found.at_place(&self.shape, position));
        }
    }

    fn backward_step(&mut self, _: &Context<R>, flow: &BackwardStep<'_, R>) {
        let (layer, hidden) = (flow.layer, self.spec.hidden);
        let (era, step, steps) = match flow.encoder {
            true => (Era::BackwardEncoder, flow.t, self.encoded.steps()),
            false => (Era::Backward, flow.t - self.encoded.steps(), self.shape.steps()),
        };
        let order = match self.spec.bidirectional {
            true => [usize::MAX - layer / 2, layer % 2, steps - step],
            false => [0, steps - step, usize::MAX - layer],
        };
        let squares: f64 = flow.d_hidden.iter().map(|d| d.to_f64().powi(2)).sum();
        self.norms[layer].push(0.5 * squares.log10());
        let states = [("d_h", flow.d_hidden), ("d_c", flow.d_cell)].into_iter();
        let states =
            states.filter(|(_, values)| !values.is_empty()).map(|(tensor, values)| (tensor, values, 1, 0));
        let slots = flow.deltas.len() / flow.d_hidden.len();
        let deltas = self.spec.cell.spec().derivatives.iter();
        let deltas = deltas.map(|&(tensor, slot)| (tensor, flow.deltas, slots, slot));
        for (tensor, values, slots, slot) in states.chain(deltas) {
            let of_row = |row: usize| &values[(row * slots + slot) * hidden..][..hidden];
            if let Some(found) = first_in(flow.rows(hidden), of_row) {
                let position = self.at(Phase::Backward, tensor, (layer, step), flow.encoder, found);
                return self.take((era, order), position);
            }
        }
    }

    fn weight_gradients(&mut self, grads: &Params<R>) {
        if let Some((tensor, unit, value)) = first_in_tensors(grads, is_bad) {
            let position = Place::of(Phase::Backward, format!("d_{tensor}"), value);
            self.take((Era::Gradients, [0; 3]), Place { unit: Some(unit), ..position });
        }
    }
}

/// A bad value in some rows.
#[derive(Clone, Copy)]
struct Found {
    row: usize,
    unit: usize,
    value: f64,
}

impl Found {
    fn at(self, position: Place) -> Place {
        Place { row: Some(self.row), unit: Some(self.unit), ..position }
    }

    /// Where the rows are the places of an extent.
    fn at_place(self, extent: &PackedShape, position: Place) -> Place {
        let (t, row) = extent.position(self.row);
        Place { t: Some(t), row: Some(row), unit: Some(self.unit), ..position }
    }
}

/// The first bad one of some rows of values.
fn first_in<'a, R: Real>(rows: usize, values: impl Fn(usize) -> &'a [R]) -> Option<Found> {
    (0..rows).find_map(|row| {
        let values = values(row);
        let unit = values.iter().position(|&x| is_bad(x))?;
        Some(Found { row, unit, value: values[unit].to_f64() })
    })
}

/// The first bad one of the values at all places; its row is the place. Going `back`, the last step comes first.
fn first_of_places<R: Real>(extent: &PackedShape, values: &[R], back: bool) -> Option<Found> {
    let width = values.len() / extent.positions().max(1);
    (0..extent.steps()).find_map(|t| {
        let t = if back { extent.steps() - 1 - t } else { t };
        let first = extent.offset(t);
        let found = first_in(extent.rows_at(t), |row| &values[(first + row) * width..][..width])?;
        Some(Found { row: first + found.row, ..found })
    })
}

/// The first element of named tensors that is `bad`: the tensor's name, the place in it, the value.
pub fn first_in_tensors<R: Real>(params: &Params<R>, bad: impl Fn(R) -> bool) -> Option<(&str, usize, f64)> {
    params.layout().entries().iter().enumerate().find_map(|(index, entry)| {
        let values = params.tensor(index);
        let at = values.iter().position(|&x| bad(x))?;
        Some((entry.name.as_str(), at, values[at].to_f64()))
    })
}
