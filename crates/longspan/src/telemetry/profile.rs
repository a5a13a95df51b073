//! The gradient profile: the norm of the gradient along time.
//!
//! ```text
//! ‖∂ℒ/∂h_t‖   of each batch row, ℒ the mean loss of the window
//! ‖∂ℒ/∂c_t‖   the same for c, total: including the path from c_t through h_t (PyTorch's c_t.grad), see BackwardStep::total_cell
//! ‖Γ_t‖_F     Γ_t = Σ_b δa_{t,b} ⊗ u_{t,b}, the contribution of step t to the gradient of the recurrent weights: Σ_t Γ_t = ∂ℒ/∂W_hh
//! ```
//!
//! δa is the gradient with respect to the recurrent products, and u the factor of W_hh: h_{t−1}, or r ⊙
//! h_{t−1} for the candidate of a GRU whose reset gate acts before the product. ‖Γ_t‖ is computed without
//! Γ_t, from dot products of rows: [`kernel::gram`](longspan_kernel::gram).

use crate::bptt::BackwardStep;
use crate::cell::CellKind;
use crate::cell::Real;
use longspan_kernel::gram::squared_norm_of_outer;
use longspan_kernel::matrix::Mat;
use longspan_kernel::norms::norms_of_rows;
use longspan_kernel::recurrent::Operand;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::{Curve, LayerProfile, ProfileRecord};

/// Norms per layer and step, over the rows of a batch that have the step. Layers and steps are numbered as in
/// a [`BackwardStep`]: a bidirectional layer counts twice, and its reverse direction begins at each row's
/// last step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradientProfile {
    steps: usize,
    hidden: Norms,
    cell: Norms,
    /// `[layer][t]`.
    gamma: Vec<Vec<f64>>,
    decoder_start: Option<usize>,
}

/// `[layer][t]`; no layer if nothing is measured.
#[derive(Clone, Debug, Default, PartialEq)]
struct Norms {
    mean: Vec<Vec<f64>>,
    max: Vec<Vec<f64>>,
}

/// Resizes a series for `steps` steps; keeps the memory.
fn resize(series: &mut Vec<Vec<f64>>, layers: usize, steps: usize) {
    series.resize_with(layers, Vec::new);
    series.iter_mut().for_each(|layer| {
        layer.clear();
        layer.resize(steps, 0.0);
    });
}

impl Norms {
    fn open(&mut self, layers: usize, steps: usize) {
        resize(&mut self.mean, layers, steps);
        resize(&mut self.max, layers, steps);
    }

    /// Records the norms of the rows; returns the largest.
    fn record<R: Real>(
        &mut self,
        isa: InstructionSet,
        hidden: usize,
        (layer, t): (usize, usize),
        rows: &[R],
    ) -> f64 {
        let [sum, max] = norms_of_rows(isa, rows, hidden);
        self.mean[layer][t] = sum / (rows.len() / hidden) as f64;
        self.max[layer][t] = max;
        max
    }
}

impl GradientProfile {
    /// Returns the profile in bins with these edges, which extend to its first step; `names` are the layers'
    /// names.
    pub fn to_record(&self, (step, attempt): (u64, u64), edges: &[usize], names: &[String]) -> ProfileRecord {
        let steps = self.steps();
        let bins = edges.partition_point(|&edge| edge < steps);
        let edges = &edges[..=bins];
        let curve = |[mean, max]: [&[f64]; 2]| Curve::of(mean, max, edges);
        let layers = (0..self.layers()).zip(names).map(|(layer, name)| LayerProfile {
            name: name.clone(),
            hidden: curve([self.mean(layer), self.max(layer)]),
            cell: self.cell(layer).map(curve).unwrap_or_default(),
            gamma: self.gamma(layer).map(|gamma| curve([gamma, gamma])).unwrap_or_default(),
        });
        let layers = layers.collect();
        ProfileRecord {
            step,
            attempt,
            steps,
            decoder_start: self.decoder_start(),
            edges: edges.to_vec(),
            layers,
            log10_lag_median: Vec::new(),
        }
    }

    /// Clears the profile for a window of `steps` steps; keeps the memory.
    pub fn open(&mut self, layers: usize, steps: usize) {
        self.steps = steps;
        self.hidden.open(layers, steps);
        self.cell.open(0, 0);
        self.gamma.clear();
    }

    /// Does the same as [`GradientProfile::open`], for [`GradientProfile::record_closely`].
    pub fn open_closely(&mut self, kind: CellKind, layers: usize, steps: usize) {
        self.steps = steps;
        self.hidden.open(layers, steps);
        self.cell.open(if matches!(kind, CellKind::Lstm { .. }) { layers } else { 0 }, steps);
        resize(&mut self.gamma, layers, steps);
    }

    /// Sets the first step of the decoder; the steps before it are the encoder's.
    pub fn mark(&mut self, decoder_start: Option<usize>) {
        self.decoder_start = decoder_start;
    }

    /// The first step of the decoder, if there is an encoder. A row may be shorter than the window: the
    /// encoder's last state of a row is that of the row's own last step.
    pub fn decoder_start(&self) -> Option<usize> {
        self.decoder_start
    }

    /// Records ‖∂ℒ/∂h_t‖ of one (layer, step) of `hidden` units, as the mean over the rows that have the
    /// step. Returns the largest norm.
    pub fn record<R: Real>(&mut self, isa: InstructionSet, hidden: usize, step: &BackwardStep<'_, R>) -> f64 {
        self.hidden.record(isa, hidden, (step.layer, step.t), step.d_hidden)
    }

    /// Does the same as [`GradientProfile::record`], and records ‖∂ℒ/∂c_t‖ for cells with c, and ‖Γ_t‖.
    pub fn record_closely<R: Real>(
        &mut self,
        ctx: &Context<R>,
        kind: CellKind,
        hidden: usize,
        step: &BackwardStep<'_, R>,
        scratch: &mut Scratch<R>,
    ) {
        let isa = ctx.instruction_set();
        let mut largest = self.record(isa, hidden, step);
        if !self.cell.mean.is_empty() {
            let total = &mut scratch.total;
            total.resize(step.d_hidden.len(), R::ZERO);
            step.total_cell(isa, kind, hidden, total);
            largest = largest.max(self.cell.record(isa, hidden, (step.layer, step.t), total));
        }
        self.gamma[step.layer][step.t] = gamma(ctx, kind, hidden, step, largest, &mut scratch.partial).sqrt();
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.hidden.mean.len()
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The mean of ‖∂ℒ/∂h_t‖ over the rows, from the first step of the window.
    pub fn mean(&self, layer: usize) -> &[f64] {
        &self.hidden.mean[layer]
    }

    /// The maximum of ‖∂ℒ/∂h_t‖ over the rows, from the first step of the window.
    pub fn max(&self, layer: usize) -> &[f64] {
        &self.hidden.max[layer]
    }

    /// The mean and the maximum of the total ‖∂ℒ/∂c_t‖ over the rows; None for a cell without c, and outside
    /// snapshots.
    pub fn cell(&self, layer: usize) -> Option<[&[f64]; 2]> {
        Some([self.cell.mean.get(layer)?, &self.cell.max[layer]])
    }

    /// ‖Γ_t‖; None outside snapshots.
    pub fn gamma(&self, layer: usize) -> Option<&[f64]> {
        Some(self.gamma.get(layer)?)
    }

    /// log10 of the mean norm at the first step over that at the last step of the window: the share of the
    /// gradient that reaches the first step. −∞ if no gradient arrives; on x86-64 values below the normal
    /// numbers, 1.2e-38 in f32, count as 0.
    pub fn log10_survival(&self, layer: usize) -> f64 {
        match self.mean(layer) {
            [first, .., last] => (first / last).log10(),
            _ => 0.0,
        }
    }
}

/// Working memory of [`GradientProfile::record_closely`].
#[derive(Debug, Default)]
pub struct Scratch<R> {
    total: Vec<R>,
    partial: Vec<f64>,
}

/// Computes ‖Γ_t‖². `largest` is the largest norm of a gradient with respect to the state, which δa is
/// computed from.
fn gamma<R: Real>(
    ctx: &Context<R>,
    kind: CellKind,
    hidden: usize,
    step: &BackwardStep<'_, R>,
    largest: f64,
    partial: &mut Vec<f64>,
) -> f64 {
    let rows = step.rows(hidden);
    // Squares of values not far from 1 need no scaling.
    let exponent = if (1e-12..1e12).contains(&largest) { 0.0 } else { -largest.log2().floor() };
    let exponent = if exponent.is_finite() { exponent.clamp(-126.0, 126.0) } else { 0.0 };
    let scale = R::from_f64(exponent.exp2());
    let slots = |data, width, first: usize, count: usize| {
        let data: &[R] = data;
        Mat::strided(&data[first * hidden..], rows, count * hidden, width)
    };
    let blocks = kind.spec().phases.iter().map(|phase| {
        let deltas = slots(step.deltas, step.delta_width(hidden), phase.delta, phase.gates);
        let operand = match phase.operand {
            Operand::Hidden => Mat::new(step.before, rows, hidden),
            Operand::Tape { slot, .. } => slots(step.tape, step.tape_width(hidden), slot, 1),
        };
        squared_norm_of_outer(ctx, deltas, operand, scale, partial)
    });
    blocks.sum()
}
