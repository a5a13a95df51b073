//! An observer that locates the first bad value of a training pass.
//!
//! A value is *bad* if it is not finite, or [`LIMIT`] or more in absolute value. *First* refers to the order
//! of computation: no value comes before one that it is computed from. Among values that do not depend on
//! each other, the order is:
//!
//! ```text
//! input      the encoder's input, the input, the targets: by time, row, unit; then the state before the window
//! forward    by time, then layer from the bottom, then tensor in the order of the cell's `VALUES`, then row, unit
//! loss       logits or outputs of the scored positions, by time, row, unit; the loss
//! backward   the gradient with respect to the readout's input; then by time from the last step, then layer from
//!            the top, then ∂ℒ/∂h_t, ∂ℒ/∂c_t, the cell's `DERIVATIVES`, then row, unit; then the weight gradients
//!            in the order of the layout
//! ```
//!
//! In a bidirectional stack a layer ends before the next one begins: the order is by layer, then direction
//! (forwards first), then the direction's own steps. The forward pass of an encoder comes before that of its
//! decoder, its backward pass after that of its decoder.

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

/// A value and its location.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    /// The phase of the pass.
    pub phase: Phase,
    /// The layer index, as in a [`State`].
    pub layer: Option<usize>,
    /// The direction of the layer, if bidirectional.
    pub direction: Option<Direction>,
    /// Whether the layer belongs to the encoder.
    pub encoder: bool,
    /// The time step of the value's input.
    pub t: Option<usize>,
    /// The tensor that contains it.
    pub tensor: String,
    /// The row of the batch, or of the encoder's input.
    pub row: Option<usize>,
    /// The unit, or the index in a tensor of weights.
    pub unit: Option<usize>,
    /// The value.
    pub value: f64,
}

impl Location {
    /// Returns a location of which only the tensor is known.
    pub fn of(phase: Phase, tensor: impl Into<String>, value: f64) -> Self {
        let (layer, t, row, unit) = (None, None, None, None);
        Self { phase, layer, direction: None, encoder: false, t, tensor: tensor.into(), row, unit, value }
    }
}

/// The parts of a pass, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Inputs,
    Targets,
    StateBefore,
    Encode,
    Forward,
    Outputs,
    Loss,
    OutputGradients,
    Backward,
    BackwardEncoder,
    Gradients,
}

/// The position of a layer's step in the order of computation: in a bidirectional stack layer, direction,
/// step; otherwise step, layer.
type Order = (Stage, [usize; 3]);

/// Observes a training pass and keeps its first bad value; weights are not checked.
pub struct Scan {
    spec: ModelSpec,
    /// The rows of each step of the encoder's input, and of the batch.
    encoded: PackedShape,
    shape: PackedShape,
    first: Option<(Order, Location)>,
    /// The largest |value| among states that are not bad.
    largest_state: f64,
    /// log10 of the norm of ∂ℒ/∂h_t, from a layer's last step backwards, per layer.
    norms: Vec<Vec<f64>>,
    /// log10 of the largest |value| of a state at each step, per layer, in the order of computation.
    states: Vec<Vec<f64>>,
}

impl Scan {
    /// Builds an observer for one pass through a model with this specification.
    pub fn new(spec: &ModelSpec) -> Self {
        let layers = if spec.bidirectional { 2 * spec.layers } else { spec.layers };
        Self {
            spec: spec.clone(),
            encoded: PackedShape::default(),
            shape: PackedShape::default(),
            first: None,
            largest_state: 0.0,
            norms: vec![Vec::new(); layers],
            states: vec![Vec::new(); layers],
        }
    }

    /// The location of the first bad value.
    pub fn location(&self) -> Option<&Location> {
        self.first.as_ref().map(|(_, location)| location)
    }

    /// The largest absolute value of a state that is not bad.
    pub fn largest_state(&self) -> f64 {
        self.largest_state
    }

    /// Returns log10 of the factor per step by which ∂ℒ/∂h_t grew backwards through time, and the number of steps: in the
    /// layer of the bad value, or else in the layer where it grew most. None if there are fewer than two steps.
    pub fn growth(&self) -> Option<(f64, usize)> {
        let of = |norms: &[f64]| {
            let steps = norms.iter().take_while(|norm| norm.is_finite()).count().checked_sub(1)?;
            (steps > 0).then(|| ((norms[steps] - norms[0]) / steps as f64, steps))
        };
        match self.location().and_then(|location| location.layer) {
            Some(layer) => of(&self.norms[layer]),
            None => most(self.norms.iter().filter_map(|norms| of(norms))),
        }
    }

    /// Returns log10 of the factor per step by which the largest value of a state grew, up to its maximum, and the number
    /// of steps, in the layer where it grew most.
    pub fn state_growth(&self) -> Option<(f64, usize)> {
        most(self.states.iter().filter_map(|largest| {
            let first = largest.iter().position(|log10| log10.is_finite())?;
            let finite = (first..largest.len()).filter(|&step| largest[step].is_finite());
            let last = finite.max_by(|&a, &b| largest[a].total_cmp(&largest[b]))?;
            let steps = last - first;
            (steps > 0).then(|| ((largest[last] - largest[first]) / steps as f64, steps))
        }))
    }

    fn take(&mut self, order: Order, location: Location) {
        if self.first.as_ref().is_none_or(|(first, _)| order < *first) {
            self.first = Some((order, location));
        }
    }

    /// Returns the location of a value of some layer and step.
    fn at(
        &self,
        phase: Phase,
        tensor: &str,
        (layer, step): (usize, usize),
        encoder: bool,
        found: Found,
    ) -> Location {
        let direction = self.spec.bidirectional.then(|| Direction::of(layer));
        let shape = if encoder { &self.encoded } else { &self.shape };
        let t = match direction {
            Some(Direction::Reverse) => shape.length(found.row) - 1 - step,
            _ => step,
        };
        let location = Location::of(phase, tensor, found.value);
        found.at(Location { layer: Some(layer), direction, encoder, t: Some(t), ..location })
    }

    /// Checks the inputs, those of the encoder first.
    fn check_inputs(&mut self, batch: &Batch) {
        for (encoder, shape, numbers) in
            [(true, &batch.encoded.shape, &batch.encoded.numbers), (false, &batch.shape, &batch.numbers)]
        {
            if let Some(found) = first_of_positions(shape, numbers, false) {
                let location = Location { encoder, ..Location::of(Phase::Input, "x", found.value) };
                self.take((Stage::Inputs, [usize::from(!encoder), 0, 0]), found.at_position(shape, location));
            }
        }
    }

    /// Checks the targets.
    fn check_targets(&mut self, batch: &Batch) {
        let (positions, targets) = (&batch.values.positions, &batch.values.targets);
        let width = targets.len() / positions.len().max(1);
        if let Some(found) = first_in(positions.len(), |i| &targets[i * width..][..width]) {
            let location = Location::of(Phase::Input, "target", found.value);
            let found = Found { row: positions[found.row] as usize, ..found };
            self.take((Stage::Targets, [0; 3]), self.read_out_of(location, found));
        }
    }

    /// Checks the state that is carried over.
    fn check_state<R: Real>(&mut self, rows: usize, state: &State<R>) {
        let hidden = self.spec.hidden;
        for layer in 0..state.layers() {
            let parts = state.layer(layer).chunks(rows * hidden).zip(["h_0", "c_0"]);
            for (part, (values, tensor)) in parts.enumerate() {
                if let Some(found) = first_in(rows, |row| &values[row * hidden..][..hidden]) {
                    let location = Location::of(Phase::Input, tensor, found.value);
                    let location = Location { layer: Some(layer), ..found.at(location) };
                    self.take((Stage::StateBefore, [layer, part, 0]), location);
                }
            }
        }
    }

    /// Adds position and row of the i-th input of the readout: a position or, if the readout pools, a row.
    fn read_out_of(&self, location: Location, found: Found) -> Location {
        match self.spec.pool {
            Pooling::Last => found.at_position(&self.shape, location),
            Pooling::Mean | Pooling::BothEnds => found.at(location),
        }
    }
}

impl<R: Real> Observer<R> for Scan {
    fn begin(&mut self, batch: &Batch, state: &State<R>) {
        self.encoded.copy_from(&batch.encoded.shape);
        self.shape.copy_from(&batch.shape);
        self.check_inputs(batch);
        self.check_targets(batch);
        if batch.carry {
            self.check_state(batch.rows(), state);
        }
    }

    fn forward_chunk(&mut self, _: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        let (stage, slice) = (if chunk.encoder() { Stage::Encode } else { Stage::Forward }, chunk.slice());
        for (l, t) in (0..chunk.layers().len()).flat_map(|l| (0..slice.steps()).map(move |t| (l, t))) {
            let (layer, step) = (chunk.first() + l, slice.first_step() + t);
            let order = if self.spec.bidirectional { [layer, step, 0] } else { [0, step, layer] };
            for &(tensor, kept) in self.spec.cell.spec().values {
                let rows = slice.rows_at(t);
                let values = |row: usize| chunk.value(l, kept, t, row);
                if let Some(found) = first_in(rows, values) {
                    let location = self.at(Phase::Forward, tensor, (layer, step), chunk.encoder(), found);
                    self.take((stage, order), location);
                    break;
                }
                if matches!(tensor, "h" | "c") {
                    let all = (0..rows).flat_map(values).map(|x| x.abs().to_f64());
                    let largest = all.fold(0.0, f64::max);
                    self.largest_state = largest.max(self.largest_state);
                    if tensor == "h" {
                        self.states[layer].push(largest.log10());
                    }
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
                let at = Location::of(Phase::Loss, tensor, found.value);
                let at = self.read_out_of(at, Found { row: position, ..found });
                return self.take((Stage::Outputs, [0; 3]), at);
            }
        }
    }

    fn loss(&mut self, mean_loss: f64) {
        if !mean_loss.is_finite() {
            self.take((Stage::Loss, [0; 3]), Location::of(Phase::Loss, "loss", mean_loss));
        }
    }

    fn output_gradients(&mut self, d_outputs: &[R]) {
        if let Some(found) = first_of_positions(&self.shape, d_outputs, true) {
            let location = Location::of(Phase::Backward, "d_y", found.value);
            self.take((Stage::OutputGradients, [0; 3]), found.at_position(&self.shape, location));
        }
    }

    fn backward_step(&mut self, _: &Context<R>, step: &BackwardStep<'_, R>) {
        let (layer, hidden) = (step.layer, self.spec.hidden);
        let (stage, t, steps) = match step.encoder {
            true => (Stage::BackwardEncoder, step.t, self.encoded.steps()),
            false => (Stage::Backward, step.t - self.encoded.steps(), self.shape.steps()),
        };
        let order = match self.spec.bidirectional {
            true => [usize::MAX - layer / 2, layer % 2, steps - t],
            false => [0, steps - t, usize::MAX - layer],
        };
        let squares: f64 = step.d_hidden.iter().map(|d| d.to_f64().powi(2)).sum();
        self.norms[layer].push(0.5 * squares.log10());
        let states = [("d_h", step.d_hidden), ("d_c", step.d_cell)].into_iter();
        let states =
            states.filter(|(_, values)| !values.is_empty()).map(|(tensor, values)| (tensor, values, 1, 0));
        let slots = step.deltas.len() / step.d_hidden.len();
        let deltas = self.spec.cell.spec().derivatives.iter();
        let deltas = deltas.map(|&(tensor, slot)| (tensor, step.deltas, slots, slot));
        for (tensor, values, slots, slot) in states.chain(deltas) {
            let of_row = |row: usize| &values[(row * slots + slot) * hidden..][..hidden];
            if let Some(found) = first_in(step.rows(hidden), of_row) {
                let location = self.at(Phase::Backward, tensor, (layer, t), step.encoder, found);
                return self.take((stage, order), location);
            }
        }
    }

    fn weight_gradients(&mut self, grads: &Params<R>) {
        if let Some((tensor, unit, value)) = first_in_tensors(grads, is_bad) {
            let location = Location::of(Phase::Backward, format!("d_{tensor}"), value);
            self.take((Stage::Gradients, [0; 3]), Location { unit: Some(unit), ..location });
        }
    }
}

/// The largest total growth of some, each given per step.
fn most(growths: impl Iterator<Item = (f64, usize)>) -> Option<(f64, usize)> {
    let total = |growth: &(f64, usize)| growth.0 * growth.1 as f64;
    growths.max_by(|a, b| total(a).total_cmp(&total(b)))
}

/// A bad value in a list of rows.
#[derive(Clone, Copy)]
struct Found {
    row: usize,
    unit: usize,
    value: f64,
}

impl Found {
    fn at(self, location: Location) -> Location {
        Location { row: Some(self.row), unit: Some(self.unit), ..location }
    }

    /// Interprets the rows as positions of a shape.
    fn at_position(self, shape: &PackedShape, location: Location) -> Location {
        let (t, row) = shape.position(self.row);
        Location { t: Some(t), row: Some(row), unit: Some(self.unit), ..location }
    }
}

/// Returns the first bad value of some rows of values.
fn first_in<'a, R: Real>(rows: usize, values: impl Fn(usize) -> &'a [R]) -> Option<Found> {
    (0..rows).find_map(|row| {
        let values = values(row);
        let unit = values.iter().position(|&x| is_bad(x))?;
        Some(Found { row, unit, value: values[unit].to_f64() })
    })
}

/// Returns the first bad value at all positions; its row is the position. With `back`, the last step comes
/// first.
fn first_of_positions<R: Real>(shape: &PackedShape, values: &[R], back: bool) -> Option<Found> {
    let width = values.len() / shape.positions().max(1);
    (0..shape.steps()).find_map(|t| {
        let t = if back { shape.steps() - 1 - t } else { t };
        let first = shape.offset(t);
        let found = first_in(shape.rows_at(t), |row| &values[(first + row) * width..][..width])?;
        Some(Found { row: first + found.row, ..found })
    })
}

/// Returns the first element of named tensors that is `bad`: tensor name, index in the tensor, value.
pub fn first_in_tensors<R: Real>(params: &Params<R>, bad: impl Fn(R) -> bool) -> Option<(&str, usize, f64)> {
    params.layout().entries().iter().enumerate().find_map(|(index, entry)| {
        let values = params.tensor(index);
        let at = values.iter().position(|&x| bad(x))?;
        Some((entry.name.as_str(), at, values[at].to_f64()))
    })
}
