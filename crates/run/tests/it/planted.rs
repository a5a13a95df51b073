//! Bad values at random locations of random models, and the location that must be named for each.
#![allow(dead_code, missing_docs, reason = "each test file uses its part of these helpers")]

use longspan::batch::{Batch, IGNORE, Source};
use longspan::bptt::Pass;
use longspan::bptt::dropout::{Dropout, Mask};
use longspan::bptt::layer::FaultInjection;
use longspan::cell::CellKind;
use longspan::model::head::ValueLoss;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, Location, Model, ModelSpec, OutputSpec, Scan};
use longspan::optim::Rule;
use longspan::optim::clip::Clip;
use longspan::params::Params;
use longspan::trainer::Trainer;
use longspan_kernel::rng::{Key, Purpose, Stream};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::{Cause, Direction, FaultRecord, Phase};
use longspan_run::config::Config;

const INPUTS: usize = 3;
const NUMBERS: InputSpec = InputSpec::Numbers { width: INPUTS };
const TOKENS: usize = 7;
const OUTPUTS: usize = 5;
const BAD: [f64; 5] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e38, -1e38];

/// A model, a batch, and the bad value that is injected.
pub(crate) struct Injected {
    number: u64,
    spec: ModelSpec,
    config: Config,
    threads: usize,
    batch: Batch,
    what: What,
    place: Location,
    cause: Option<Cause>,
}

impl Injected {
    /// The cell, its layers and the phase.
    pub(crate) fn kind(&self) -> (CellKind, usize, Phase) {
        (self.spec.cell, self.spec.layers, self.place.phase)
    }
}

/// How the bad value reaches its location.
#[derive(Clone, Debug)]
enum What {
    /// It is in the batch, or nothing has to be done.
    Batch,
    /// It follows from weights: these tensors are replaced.
    Weights(Vec<(String, Vec<f32>)>),
    /// Name of a tensor, element.
    Weight(String, usize, f32),
    /// Moment, index of the tensor, element.
    Moment(usize, usize, usize, f32),
    /// Layer, element of its state.
    State(usize, usize, f32),
    Inside(FaultInjection),
}

struct Once<'a>(&'a Batch);

impl Source for Once<'_> {
    fn windows(&self) -> u64 {
        10
    }
    fn fill(&self, _: u64, _: u64, batch: &mut Batch) {
        batch.clone_from(self.0);
    }
    fn shape(&self) -> (usize, usize) {
        (self.0.steps(), self.0.rows())
    }
}

/// An endless sequence of injections.
pub(crate) struct Injections {
    seed: u64,
    number: u64,
}

impl Injections {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, number: 0 }
    }
}

impl Iterator for Injections {
    type Item = Injected;

    fn next(&mut self) -> Option<Injected> {
        self.number += 1;
        let mut draw = Draw(Key::new(self.seed, Purpose::Task, 0, self.number).stream(0, 0));
        Some(draw.injected(self.number))
    }
}

struct Draw(Stream);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0.below(n as u32) as usize
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn numbers(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.0.normal() as f32).collect()
    }

    fn lengths(&mut self, rows: usize) -> Vec<usize> {
        let mut lengths: Vec<usize> = (0..rows).map(|_| 1 + self.below(9)).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths
    }

    fn injected(&mut self, number: u64) -> Injected {
        // Cells, depths and phases take turns; everything else is random.
        let (cells, turn) = (CellKind::ALL.len(), number as usize);
        let (cell, layers, phase) =
            (CellKind::ALL[turn % cells], 1 + turn / cells % 3, turn / (3 * cells) % 12);
        let values = self.below(3) == 0;
        let output = match values {
            false => OutputSpec::Classes { count: OUTPUTS, tied: false },
            true => OutputSpec::Values { width: OUTPUTS, loss: self.of(&ValueLoss::ALL) },
        };
        let hidden = 1 + self.below(20);
        let input = match self.below(3) {
            0 => InputSpec::Tokens { vocabulary: TOKENS, embedding: 4 },
            _ => NUMBERS,
        };
        let mut spec = ModelSpec::new(cell, input, hidden, layers, output);
        spec.chunk = 1 + self.below(5);
        let kind = self.below(4);
        match kind {
            0 => {}
            1 => spec.encoder = Some(spec.input),
            _ => {
                spec.bidirectional = kind == 2;
                (spec.layer_residual, spec.layer_norm) = (self.yes(), self.yes());
                spec.learned_state = self.yes();
            }
        }
        spec.pool = match self.below(3) {
            0 if spec.bidirectional => Pooling::BothEnds,
            0 => Pooling::Mean,
            _ => Pooling::Last,
        };
        let rows = 1 + self.below(4);
        let mut batch = Batch::default();
        batch.reshape_to(&self.lengths(rows));
        (batch.inputs, batch.numbers) = self.read(input, batch.shape.positions());
        self.add_targets(&spec, &mut batch);
        if spec.encoder.is_some() {
            batch.encoded.shape.set_lengths(&self.lengths(rows));
            (batch.encoded.inputs, batch.encoded.numbers) = self.read(input, batch.encoded.shape.positions());
            batch.encoded.rows = (0..rows).rev().collect();
        }
        batch.carry = kind == 0 && self.yes();
        let rule = self.of(&[Rule::Sgd, Rule::Adam, Rule::AdamW, Rule::RmsProp, Rule::Adagrad]);
        let mut config = Config::default();
        (config.data.batch, config.optimizer.rule) = (rows, rule);
        config.optimizer.momentum = if rule == Rule::Sgd { 0.9 } else { 0.0 };
        config.optimizer.clip = self.of(&[Clip::None, Clip::Norm(1.0), Clip::Value(0.1)]);
        config.model.dropout = self.of(&[0.0, 0.0, 0.3]);
        if self.below(3) == 0 {
            let model = Model::<f32>::new(InstructionSet::detect(), &spec);
            let steps = batch.steps().max(batch.encoded.shape.steps());
            if let Err(error) = model.plan(steps, rows, Some(1)) {
                config.run.bptt_memory.0 = error.least();
            }
        }
        let threads = 1 + self.below(2);
        let nowhere = Location::of(Phase::Weights, "", 0.0);
        let mut injected =
            Injected { number, spec, config, threads, batch, what: What::Batch, place: nowhere, cause: None };
        match phase {
            0 => self.weight(&mut injected),
            1 => self.input(&mut injected),
            2 => self.loss(&mut injected),
            3 => self.moment(&mut injected),
            4..8 => self.forward(&mut injected),
            _ => self.backward(&mut injected),
        }
        injected
    }

    /// Tokens or numbers of so many positions.
    fn read(&mut self, input: InputSpec, positions: usize) -> (Vec<u32>, Vec<f32>) {
        match input {
            InputSpec::Tokens { .. } => {
                ((0..positions).map(|_| self.0.below(TOKENS as u32)).collect(), Vec::new())
            }
            InputSpec::Numbers { .. } => (vec![0; positions], self.numbers(positions * INPUTS)),
        }
    }

    /// Targets for all positions from which the model predicts.
    fn add_targets(&mut self, spec: &ModelSpec, batch: &mut Batch) {
        let positions = if spec.pool == Pooling::Last { batch.shape.positions() } else { batch.rows() };
        match spec.output {
            OutputSpec::Values { .. } => {
                batch.values.positions = (0..positions as u32).collect();
                batch.values.targets = self.numbers(positions * OUTPUTS);
            }
            OutputSpec::Classes { .. } => {
                batch.targets = (0..positions).map(|_| self.0.below(OUTPUTS as u32)).collect();
            }
        }
    }

    fn bad(&mut self) -> f32 {
        self.of(&BAD) as f32
    }

    /// A random row and one of its steps.
    fn location(&mut self, batch: &Batch, encoder: bool) -> (usize, usize) {
        let shape = if encoder { &batch.encoded.shape } else { &batch.shape };
        let (t, row) = shape.position(self.below(shape.positions()));
        (row, t)
    }

    fn weight(&mut self, to: &mut Injected) {
        let model = Model::<f32>::new(InstructionSet::detect(), &to.spec);
        let entry = &model.layout().entries()[self.below(model.layout().entries().len())];
        let (unit, value) = (self.below(entry.len()), self.bad());
        to.what = What::Weight(entry.name.clone(), unit, value);
        to.place =
            Location { unit: Some(unit), ..Location::of(Phase::Weights, &entry.name[..], value.into()) };
        to.cause = Some(Cause::BadWeights);
    }

    fn moment(&mut self, to: &mut Injected) {
        let model = Model::<f32>::new(InstructionSet::detect(), &to.spec);
        let index = self.below(model.layout().entries().len());
        let entry = &model.layout().entries()[index];
        let (unit, value) = (self.below(entry.len()), self.bad());
        let names: &[&str] = match to.config.optimizer.rule {
            Rule::Sgd => &["momentum_buffer"],
            Rule::Adam | Rule::AdamW => &["exp_avg", "exp_avg_sq"],
            Rule::RmsProp => &["square_avg"],
            Rule::Adagrad => &["sum"],
        };
        let k = self.below(names.len());
        to.what = What::Moment(k, index, unit, value);
        let tensor = format!("optimizer.{}.{}", names[k], entry.name);
        to.place = Location { unit: Some(unit), ..Location::of(Phase::Update, tensor, value.into()) };
        to.cause = Some(Cause::OptimizerState);
    }

    fn input(&mut self, to: &mut Injected) {
        let value = self.bad();
        let encoder = to.spec.encoder.is_some() && self.yes();
        let (row, t) = self.location(&to.batch, encoder);
        let at = |phase, tensor: &str, unit| Location {
            t: Some(t),
            row: Some(row),
            unit: Some(unit),
            ..Location::of(phase, tensor, value.into())
        };
        to.cause = Some(Cause::BadInput);
        if to.batch.carry && self.yes() {
            let parts = if matches!(to.spec.cell, CellKind::Lstm { .. }) { 2 } else { 1 };
            let (layer, part, unit) =
                (self.below(to.spec.layers), self.below(parts), self.below(to.spec.hidden));
            let element = (part * to.batch.rows() + row) * to.spec.hidden + unit;
            to.what = What::State(layer, element, value);
            let place = at(Phase::Input, ["h_0", "c_0"][part], unit);
            to.place = Location { t: None, layer: Some(layer), ..place };
            to.cause = Some(Cause::ForwardOverflow);
        } else if matches!(to.spec.output, OutputSpec::Values { .. }) && !encoder && self.yes() {
            let unit = self.below(OUTPUTS);
            let steps = to.spec.pool == Pooling::Last;
            let i = if steps { to.batch.shape.offset(t) + row } else { row };
            to.batch.values.targets[i * OUTPUTS + unit] = value;
            to.place = Location { t: steps.then_some(t), ..at(Phase::Input, "target", unit) };
        } else if to.spec.input != NUMBERS {
            // There are no bad tokens.
            self.weight(to);
        } else {
            let unit = self.below(INPUTS);
            let batch = &mut to.batch;
            let (shape, numbers) = match encoder {
                true => (&batch.encoded.shape, &mut batch.encoded.numbers),
                false => (&batch.shape, &mut batch.numbers),
            };
            numbers[(shape.offset(t) + row) * INPUTS + unit] = value;
            to.place = Location { encoder, ..at(Phase::Input, "x", unit) };
        }
    }

    /// Finite weights and inputs whose product overflows: a linear layer passes one input on at one position,
    /// and one output reads it.
    fn loss(&mut self, to: &mut Injected) {
        let spec = &mut to.spec;
        *spec = ModelSpec::new(CellKind::Identity, NUMBERS, spec.hidden, 1, spec.output);
        self.add_targets(spec, &mut to.batch);
        (to.batch.carry, to.batch.encoded, to.config.model.dropout) = (false, Default::default(), 0.0);
        to.config.run.bptt_memory.0 = 0;
        if self.below(4) == 0 {
            to.batch.targets.fill(IGNORE);
            to.batch.values = Default::default();
            to.batch.numbers = self.numbers(to.batch.shape.positions() * INPUTS);
            to.place = Location::of(Phase::Loss, "loss", f64::NAN);
            to.cause = Some(Cause::PaddingOnly);
            return;
        }
        let (row, t) = self.location(&to.batch, false);
        let (through, unit) = (self.below(to.spec.hidden), self.below(OUTPUTS));
        let (size, weight) = (self.of(&[1e15f32, 1e20, -1e20]), 1e20f32);
        to.batch.numbers = vec![1e-25; to.batch.shape.positions() * INPUTS];
        to.batch.numbers[(to.batch.shape.offset(t) + row) * INPUTS] = size;
        let model = Model::<f32>::new(InstructionSet::detect(), &to.spec);
        let tensor = |entry: &longspan::params::Entry| {
            let mut values = vec![0.0; entry.len()];
            match &entry.name[..] {
                "rnn.weight_ih_l0" => values[through * INPUTS] = 1.0,
                "head.weight" => values[unit * to.spec.hidden + through] = weight,
                _ => {}
            }
            (entry.name.clone(), values)
        };
        to.what = What::Weights(model.layout().entries().iter().map(tensor).collect());
        let classes = matches!(to.spec.output, OutputSpec::Classes { .. });
        let place =
            Location::of(Phase::Loss, if classes { "logits" } else { "outputs" }, (size * weight).into());
        to.place = Location { t: Some(t), row: Some(row), unit: Some(unit), ..place };
    }

    fn inside(&mut self, to: &mut Injected, phase: Phase, tensors: &[&'static str]) {
        let states = if to.spec.bidirectional { 2 * to.spec.layers } else { to.spec.layers };
        let encoder = to.spec.encoder.is_some() && self.yes();
        let (layer, tensor) = (self.below(states), self.of(tensors));
        let (row, t) = self.location(&to.batch, encoder);
        let (unit, value) = (self.below(to.spec.hidden), self.bad());
        let direction = to.spec.bidirectional.then(|| [Direction::Forwards, Direction::Reverse][layer % 2]);
        let own = match direction {
            Some(Direction::Reverse) => to.batch.shape.length(row) - 1 - t,
            _ => t,
        };
        to.what =
            What::Inside(FaultInjection { encoder, layer, t: own, tensor, row, unit, value: value.into() });
        to.place = Location {
            layer: Some(layer),
            direction,
            encoder,
            t: Some(t),
            row: Some(row),
            unit: Some(unit),
            ..Location::of(phase, tensor, value.into())
        };
    }

    fn forward(&mut self, to: &mut Injected) {
        let tensors: Vec<_> = to.spec.cell.spec().values.iter().map(|(name, _)| *name).collect();
        self.inside(to, Phase::Forward, &tensors);
        to.cause = Some(Cause::ForwardOverflow);
    }

    fn backward(&mut self, to: &mut Injected) {
        let derivatives = to.spec.cell.spec().derivatives.iter().map(|(name, _)| *name);
        let tensors: Vec<_> = ["d_h", "d_h"].into_iter().chain(derivatives).collect();
        self.inside(to, Phase::Backward, &tensors);
        to.cause = Some(Cause::GradientGrowth);
    }
}

/// The bits of everything that a failed step must not change.
fn bits(trainer: &Trainer<f32>) -> Vec<u32> {
    let moments = trainer.optimizer().moments().flat_map(|(_, moment)| moment.flat());
    let state = (0..trainer.state().layers()).flat_map(|layer| trainer.state().layer(layer));
    trainer.params().flat().iter().chain(moments).chain(state).map(|x| x.to_bits()).collect()
}

fn inject(what: &What, trainer: &mut Trainer<f32>) {
    match what.clone() {
        What::Batch => {}
        What::Weights(tensors) => tensors
            .iter()
            .for_each(|(name, values)| trainer.params_mut().named_mut(name).copy_from_slice(values)),
        What::Weight(name, at, value) => trainer.params_mut().named_mut(&name)[at] = value,
        What::Moment(k, index, at, value) => {
            let (_, moment) = trainer.optimizer_mut().moments_mut().nth(k).expect("a moment");
            moment.tensor_mut(index)[at] = value;
        }
        What::State(layer, at, value) => trainer.state_mut().layer_mut(layer)[at] = value,
        What::Inside(injection) => trainer.inject_fault(Some(injection)),
    }
}

/// Returns whether the step fails, and asserts that the bad value is named and nothing has changed. If the
/// step succeeds, a scan of it must name the bad value.
pub(crate) fn check(injected: &Injected) -> bool {
    let Injected { number, spec, config, batch, what, place, .. } = injected;
    let context = format!("injection {number}: {what:?} in {spec:?}, {config:?}, {:?}", batch.shape);
    let ctx = || Context::new(InstructionSet::detect(), injected.threads);
    let mut trainer = Trainer::<f32>::new(ctx(), &config.trainer(spec.clone()));
    // One step without the bad value, on the same rows.
    let mut clean = batch.clone();
    for list in [&mut clean.numbers, &mut clean.encoded.numbers, &mut clean.values.targets] {
        list.iter_mut().filter(|x| x.is_nan() || x.abs() >= 100.0).for_each(|x| *x = 0.5);
    }
    if clean.scored() > 0 || !clean.values.positions.is_empty() {
        trainer.step(&Once(&clean), 1e-4).unwrap_or_else(|fault| panic!("{context}: {fault:?}"));
    }
    inject(what, &mut trainer);
    let (before, position) = (bits(&trainer), trainer.position());
    let record = trainer.record().clone();
    match trainer.step(&Once(batch), 1e-3) {
        Err(divergence) => {
            let fault = trainer.first_fault(&divergence, vec![record]);
            assert_named(&fault, place, &context);
            if let Some(cause) = injected.cause {
                // If states were large before the bad gradient, they are the cause, not its growth.
                let large = cause == Cause::GradientGrowth && fault.evidence.largest_state >= 1e10;
                assert!(fault.cause == cause || large, "{:?}: {context}", fault.cause);
            }
            assert!(
                bits(&trainer) == before && trainer.position() == position,
                "{context}: something has changed"
            );
            true
        }
        Ok(()) => {
            let mut model = Model::<f32>::new(InstructionSet::detect(), spec);
            let mut params = Params::zeros(model.layout().clone());
            let mut state = model.zero_state(batch.rows());
            // The state and the weights before the step.
            let bits = before.iter().map(|bits| f32::from_bits(*bits));
            params.flat_mut().iter_mut().zip(bits.clone()).for_each(|(to, x)| *to = x);
            if batch.carry {
                let all: usize = (0..state.layers()).map(|layer| state.layer(layer).len()).sum();
                let mut bits = bits.skip(before.len() - all);
                for layer in 0..state.layers() {
                    state.layer_mut(layer).fill_with(|| bits.next().expect("a state"));
                }
            }
            if let What::Inside(injection) = what {
                model.inject_fault(Some(*injection));
            }
            let dropout =
                Dropout::new(config.model.dropout, config.run.seed, position.step, batch.first_sample);
            let dropout = dropout.map(|dropout| dropout.of(Mask::Step));
            let (ctx, mut grads) = (ctx(), Params::zeros(model.layout().clone()));
            model.pack(&ctx, &params);
            let mut scan = Scan::new(spec);
            let pass = &mut Pass::new(&ctx, &params).with_dropout(dropout).observed_by(&mut scan);
            model.train(pass, batch, &mut state, &mut grads);
            let found = scan.location().unwrap_or_else(|| panic!("{context}: nothing was found"));
            assert!(same(found, place), "{found:?}, expected {place:?}: {context}");
            false
        }
    }
}

fn same(found: &Location, place: &Location) -> bool {
    let value = found.value == place.value || found.value.is_nan() && place.value.is_nan();
    let rest = |place: &Location| Location { value: 0.0, ..place.clone() };
    value && rest(found) == rest(place)
}

fn assert_named(fault: &FaultRecord, place: &Location, context: &str) {
    let FaultRecord { phase, layer, direction, encoder, t, row, unit, value, .. } = *fault;
    let tensor = fault.tensor.clone();
    let found = Location { phase, layer, direction, encoder, t, tensor, row, unit, value };
    assert!(same(&found, place), "{found:?}, expected {place:?}: {context}");
}
