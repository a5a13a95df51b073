//! A source of one window: a few rows of random numbers with a class to predict at every step.
#![allow(dead_code, missing_docs, reason = "each test file uses some of these helpers")]

use longspan::batch::{Batch, IGNORE, Source};
use longspan::cell::CellKind;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan::probe::credit::{Stage, Watch, measure};
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::credit::{CreditOptions, CreditReport};

const INPUTS: usize = 3;
const CLASSES: usize = 5;

pub(crate) struct Rows {
    pub(crate) spec: ModelSpec,
    pub(crate) batch: Batch,
    /// Number of windows, all filled with the same batch.
    pub(crate) windows: u64,
}

impl Rows {
    /// Draws rows of these lengths, longest first.
    pub(crate) fn classes(
        kind: CellKind,
        layers: usize,
        hidden: usize,
        lengths: &[usize],
        seed: u64,
    ) -> Self {
        let output = OutputSpec::Classes { count: CLASSES, tied: false };
        let spec = ModelSpec::new(kind, InputSpec::Numbers { width: INPUTS }, hidden, layers, output);
        let mut batch = Batch::default();
        batch.reshape_to(lengths);
        let mut draw = Key::new(seed, Purpose::Task, 0, 0).stream(0, 0);
        let positions = batch.shape.positions();
        batch.numbers = (0..positions * INPUTS).map(|_| draw.normal() as f32).collect();
        batch.targets = (0..positions).map(|_| draw.below(CLASSES as u32)).collect();
        Self { spec: ModelSpec { chunk: 4, ..spec }, batch, windows: 1 }
    }

    fn position(&self, row: usize, t: usize) -> usize {
        self.batch.shape.offset(t) + row
    }

    /// Returns x_t of one row, for all t.
    pub(crate) fn inputs(&self, row: usize) -> Vec<Vec<f64>> {
        let of = |t| &self.batch.numbers[self.position(row, t) * INPUTS..][..INPUTS];
        (0..self.batch.shape.length(row)).map(|t| of(t).iter().map(|&x| f64::from(x)).collect()).collect()
    }

    pub(crate) fn target(&self, row: usize, t: usize) -> usize {
        self.batch.targets[self.position(row, t)] as usize
    }

    /// Returns the batch with one scored step in each row that has an anchor.
    pub(crate) fn scored_at(&self, anchors: &[Option<usize>]) -> Batch {
        let mut batch = self.batch.clone();
        batch.targets.fill(IGNORE);
        for (row, t) in anchors.iter().enumerate().filter_map(|(row, anchor)| Some((row, (*anchor)?))) {
            batch.targets[self.position(row, t)] = self.batch.targets[self.position(row, t)];
        }
        batch
    }
}

impl Source for Rows {
    fn windows(&self) -> u64 {
        self.windows
    }

    fn fill(&self, _epoch: u64, _window: u64, batch: &mut Batch) {
        batch.clone_from(&self.batch);
    }

    fn shape(&self) -> (usize, usize) {
        (self.batch.steps(), self.batch.rows())
    }
}

/// Draws normal weights, so large that gradients do not vanish at once.
pub(crate) fn drawn(model: &Model<f64>, size: f64, seed: u64) -> Params<f64> {
    let mut params = Params::zeros(model.layout().clone());
    let mut draw = Key::new(seed, Purpose::Init, 0, 0).stream(0, 0);
    for index in 0..params.layout().entries().len() {
        params.tensor_mut(index).iter_mut().for_each(|w| *w = size * draw.normal());
    }
    params
}

/// Returns options that accept as few sequences as there are.
pub(crate) fn options() -> CreditOptions {
    CreditOptions { least_sequences: 1, resamples: 200, ..CreditOptions::default() }
}

/// Measures in f64, on one thread.
pub(crate) fn measured(
    spec: &ModelSpec,
    params: &Params<f64>,
    source: &dyn Source,
    options: &CreditOptions,
) -> CreditReport {
    let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &|| false, late: &|| false };
    measure(&Context::new(InstructionSet::detect(), 1), spec, params, source, options, &mut watch)
        .expect("not stopped")
}
