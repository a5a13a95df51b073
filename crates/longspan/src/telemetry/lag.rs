//! How far the gradient of one loss per row reaches back, in training: a backward pass of its own through the
//! states, see [`Model::follow_back`](crate::model::Model::follow_back).
//!
//! ```text
//! t         the anchor of the row, in the last quarter of its scored steps; δ the gradient of the loss at t alone
//! ‖δ_t−τ‖²  = Σ_l ‖δ_h^l‖² + ‖δ_c^l‖² at step t − τ, h and c as independent coordinates
//! G(τ)      = ‖δ_{t−τ}‖ / ‖δ_t‖ over all layers, and G^l(τ) of the states of layer l alone
//! depth     = ‖δ^l_t‖ / ‖δ^L_t‖
//! ```
//!
//! Lags count the steps of the states:
//!
//! - Windows of a text: lags end with the window's first step, even if the state is carried over.
//! - Encoder–decoder: lag t + 1 is the last state of the row in the encoder, which is the state before the
//!   decoder's first step, and the lags go on through the encoder's steps. Layer l of the encoder continues
//!   layer l of the decoder.
//! - Bidirectional, one prediction per step: lags count the steps of the forward layers back from the anchor.
//!   A reverse layer has read the steps after the anchor, at most a quarter of the row: it is left out, and
//!   its profile is empty.
//! - Bidirectional, one prediction per row from both ends: each layer counts back from its own last step.
//! - A readout of the mean over all steps has no anchor: its gradient enters at every step. Nothing is
//!   measured.
//!
//! The loss of a row is scaled by a power of two so that ‖δ_t‖ is about 1: G can be measured down to the
//! smallest normal number (1.2·10⁻³⁸ in f32; below it is 0, and ln G is −∞), also where the gradient itself is
//! very small. A norm above the largest number counts as that number.

use longspan_record::LagSnapshot;
use longspan_record::credit::Profile;

use crate::batch::Batch;
use crate::bptt::{BackwardStep, Observer};
use crate::cell::Real;
use crate::lag::anchors::Anchors;
use crate::lag::order::median;
use crate::lag::{HorizonFinder, HorizonOptions, quantiles};
use crate::model::ModelSpec;
use crate::model::pooling::Pooling;
use longspan_kernel::norms::sum_of_squares;
use longspan_kernel::{Context, InstructionSet};

/// ε of the light horizon.
const EPSILON: f64 = 0.01;
/// Number of resamples for its interval.
const RESAMPLES: usize = 200;
/// About how many lags a snapshot has.
const LAGS: usize = 64;

/// One row of the batch with an anchor.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Its anchor, in steps of the layers.
    anchor: usize,
    /// Its anchor in the steps of a reverse layer, which begin at its last step.
    reverse_anchor: usize,
    /// Number of its steps in the encoder.
    encoded: usize,
    /// Where its lags begin in a series, and their number.
    first: usize,
    lags: usize,
}

/// Observes the pass from the anchors and reuses its memory.
#[derive(Debug)]
pub(super) struct LagObserver {
    spec: ModelSpec,
    /// Number of layers as counted in a [`BackwardStep`].
    layers: usize,
    seed: u64,
    anchors: Anchors,
    /// Number of steps before those of the decoder.
    decoder_start: usize,
    rows: Vec<Row>,
    /// The index in `rows` of each row of the batch and of the encoder's input.
    of_batch: Vec<Option<usize>>,
    of_encoder: Vec<Option<usize>>,
    /// ‖δ‖² of each layer, by row and lag.
    squares: Vec<Vec<f64>>,
    /// ln G of all layers, by row and lag.
    ln_total: Vec<f64>,
    /// The rows that have a gradient at their anchors.
    live: Vec<Row>,
    values: Vec<f64>,
    finder: HorizonFinder,
}

impl LagObserver {
    pub(super) fn new(spec: ModelSpec, layers: usize, seed: u64) -> Self {
        Self {
            spec,
            layers,
            seed,
            anchors: Anchors::default(),
            decoder_start: 0,
            rows: Vec::new(),
            of_batch: Vec::new(),
            of_encoder: Vec::new(),
            squares: Vec::new(),
            ln_total: Vec::new(),
            live: Vec::new(),
            values: Vec::new(),
            finder: HorizonFinder::default(),
        }
    }

    /// Sets what the readout reads, from the next pass on.
    pub(super) fn set_pool(&mut self, pool: Pooling) {
        self.spec.pool = pool;
    }

    /// Reserves memory for a pass over the batch, so that a pass over another one of no larger shape allocates
    /// nothing, whatever its anchors.
    pub(super) fn reserve(&mut self, batch: &Batch) {
        let (shape, encoded) = (&batch.shape, &batch.encoded.shape);
        let (rows, lags) = (shape.rows(), shape.positions() + encoded.positions());
        let window = shape.steps() + encoded.steps();
        self.anchors.reserve(rows);
        for list in [&mut self.rows, &mut self.live] {
            list.clear();
            list.reserve(rows);
        }
        for list in [&mut self.of_batch, &mut self.of_encoder] {
            list.clear();
            list.reserve(rows);
        }
        self.squares.resize_with(self.layers, Vec::new);
        for list in self.squares.iter_mut().chain([&mut self.ln_total]) {
            list.clear();
            list.reserve(lags);
        }
        self.values.clear();
        self.values.reserve(rows);
        self.finder.reserve(rows, lags, window, RESAMPLES);
    }

    /// Draws the anchors of a step's batch and prepares for the pass; false if there can be none.
    pub(super) fn begin(&mut self, batch: &Batch, step: u64) -> bool {
        if self.spec.pool == Pooling::Mean {
            return false;
        }
        let anchors = self.anchors.draw(batch, self.spec.pool, self.seed, step);
        let encoded = &batch.encoded;
        self.decoder_start = encoded.shape.steps();
        self.rows.clear();
        self.of_batch.clear();
        self.of_encoder.clear();
        self.of_batch.resize(anchors.len(), None);
        self.of_encoder.resize(encoded.rows.len(), None);
        let mut first = 0;
        for (row, anchor) in anchors.iter().enumerate() {
            let Some(anchor) = *anchor else { continue };
            self.of_batch[row] = Some(self.rows.len());
            let mut steps = 0;
            if let Some(&row) = encoded.rows.get(row) {
                self.of_encoder[row] = Some(self.rows.len());
                steps = encoded.shape.length(row);
            }
            let lags = anchor + 1 + steps;
            let reverse_anchor = match self.spec.pool {
                Pooling::Last => batch.shape.length(row) - 1 - anchor,
                Pooling::Mean | Pooling::BothEnds => anchor,
            };
            self.rows.push(Row { anchor, reverse_anchor, encoded: steps, first, lags });
            first += lags;
        }
        self.squares.resize_with(self.layers, Vec::new);
        for squares in &mut self.squares {
            squares.clear();
            squares.resize(first, 0.0);
        }
        true
    }

    /// Takes the anchors for a pass that this observer observes.
    pub(super) fn take_anchors(&mut self) -> Anchors {
        std::mem::take(&mut self.anchors)
    }

    /// Gives the memory of the anchors back.
    pub(super) fn restore_anchors(&mut self, anchors: Anchors) {
        self.anchors = anchors;
    }

    /// Whether a layer's lags are counted from the anchors.
    fn counts(&self, layer: usize) -> bool {
        !self.spec.bidirectional || self.spec.pool == Pooling::BothEnds || layer.is_multiple_of(2)
    }

    /// Writes what the pass has shown.
    pub(super) fn write(&mut self, to: &mut LagSnapshot) {
        self.sum_up();
        (to.rows, to.zero_gradient_rows) = (self.live.len(), self.rows.len() - self.live.len());
        let longest = self.live.iter().map(|row| row.lags).max().unwrap_or(0);
        to.lags.clear();
        to.rows_at.clear();
        quantiles::clear(&mut to.total, LAGS);
        to.lags.reserve(LAGS);
        to.rows_at.reserve(LAGS);
        if longest > 0 {
            to.lags.extend(longspan_record::credit::kept_lags(longest - 1, LAGS));
        }
        let (values, live) = (&mut self.values, &self.live);
        for &lag in &to.lags {
            values.clear();
            values.extend(live.iter().filter(|row| lag < row.lags).map(|row| self.ln_total[row.first + lag]));
            to.rows_at.push(values.len());
            quantiles::push(&mut to.total, values);
        }
        to.layers.resize_with(self.layers, Profile::default);
        to.ln_layer_ratio.clear();
        for layer in 0..self.layers {
            self.write_layer(layer, to);
        }
        let (live, ln_total) = (&self.live, &self.ln_total);
        let options = HorizonOptions { epsilon: EPSILON, resamples: RESAMPLES, seed: self.seed };
        let series = |i: usize| &ln_total[live[i].first..][..live[i].lags];
        to.horizon = self.finder.find(live.len(), &series, &|i| i, options);
    }

    /// Finds the rows with a gradient, and computes ln G of all layers.
    fn sum_up(&mut self) {
        self.ln_total.clear();
        self.ln_total.resize(self.squares.first().map_or(0, Vec::len), 0.0);
        for layer in 0..self.layers {
            if !self.counts(layer) {
                continue;
            }
            self.ln_total.iter_mut().zip(&self.squares[layer]).for_each(|(sum, square)| *sum += square);
        }
        self.live.clear();
        for &row in &self.rows {
            let series = &mut self.ln_total[row.first..][..row.lags];
            let at_anchor = series[0].ln();
            if at_anchor.is_finite() {
                series.iter_mut().for_each(|sum| *sum = 0.5 * (sum.ln() - at_anchor));
                self.live.push(row);
            }
        }
    }

    /// Writes the profile of one layer, over the rows that have a gradient in it at their anchors, and the
    /// gradient across layers.
    fn write_layer(&mut self, layer: usize, to: &mut LagSnapshot) {
        let counts = self.counts(layer);
        let (values, live, squares) = (&mut self.values, &self.live, &self.squares[layer]);
        let profile = &mut to.layers[layer];
        quantiles::clear(profile, LAGS);
        let directions = if self.spec.bidirectional { 2 } else { 1 };
        let top = &self.squares[self.layers - directions + layer % directions];
        values.clear();
        let ratios = live.iter().filter(|row| top[row.first] > 0.0);
        values.extend(ratios.map(|row| 0.5 * (squares[row.first].ln() - top[row.first].ln())));
        if !live.is_empty() {
            to.ln_layer_ratio.push(if values.is_empty() { f64::NEG_INFINITY } else { median(values) });
        }
        if !counts {
            return;
        }
        for &lag in &to.lags {
            values.clear();
            let rows = live.iter().filter(|row| lag < row.lags && squares[row.first] > 0.0);
            values.extend(rows.map(|row| 0.5 * (squares[row.first + lag].ln() - squares[row.first].ln())));
            if values.is_empty() {
                break;
            }
            quantiles::push(profile, values);
        }
    }
}

impl<R: Real> Observer<R> for LagObserver {
    fn backward_step(&mut self, ctx: &Context<R>, step: &BackwardStep<'_, R>) {
        let (isa, hidden) = (ctx.instruction_set(), self.spec.hidden);
        let rows = if step.encoder { &self.of_encoder } else { &self.of_batch };
        for (i, index) in rows.iter().enumerate().take(step.rows(hidden)) {
            let Some(row) = index.map(|index| self.rows[index]) else { continue };
            let lag = match step.encoder {
                true => Some(row.anchor + row.encoded - step.t),
                false if step.reverse => row.reverse_anchor.checked_sub(step.t),
                false => row.anchor.checked_sub(step.t - self.decoder_start),
            };
            let Some(lag) = lag.filter(|&lag| lag < row.lags) else { continue };
            let of_row = |state: &[R]| squared(isa, &state[i * hidden..][..hidden]);
            let cell = if step.d_cell.is_empty() { 0.0 } else { of_row(step.d_cell) };
            self.squares[step.layer][row.first + lag] = of_row(step.d_hidden) + cell;
        }
    }
}

/// Computes Σ x²; that of the largest number if it is not finite.
fn squared<R: Real>(isa: InstructionSet, values: &[R]) -> f64 {
    let sum = sum_of_squares(isa, values);
    // The square of the largest f64 is not a number of f64.
    let largest = if size_of::<R>() == size_of::<f32>() { f64::from(f32::MAX) } else { 1e150 };
    if sum.is_finite() { sum } else { largest * largest }
}
