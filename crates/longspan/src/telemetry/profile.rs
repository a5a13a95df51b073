//! The profile of the gradient along time.
//!
//! ```text
//! ‖∂ℒ/∂h_t‖   of each batch row, ℒ the mean loss of the window
//! ‖∂ℒ/∂c_t‖   the same of c, total: with what reaches ℒ from c_t through h_t (PyTorch's c_t.grad), see BackwardStep::total_cell
//! ‖Γ_t‖_F     Γ_t = Σ_b δa_{t,b} ⊗ u_{t,b}, what step t adds to the gradient of the recurrent weights: Σ_t Γ_t = ∂ℒ/∂W_hh
//! ```
//!
//! δa is the gradient by the recurrent sums, u what W_hh is multiplied with: h_{t−1}, and for the candidate of a GRU whose reset gate
//! acts before the product r ⊙ h_{t−1}. ‖Γ_t‖ is found without Γ_t, from the rows' dot products: [`kernel::gram`](longspan_kernel::gram).

use crate::bptt::BackwardStep;
use crate::cell::CellKind;
use crate::cell::Real;
use longspan_kernel::gram::squared_norm_of_outer;
use longspan_kernel::matrix::Mat;
use longspan_kernel::norms::norms_of_rows;
use longspan_kernel::recurrent::Operand;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::{Curve, LayerProfile, ProfileRecord};

/// Norms per layer and step, over the rows of a batch that have the step. Layers and steps are those of a [`BackwardStep`]: a layer
/// that reads both ways counts twice, and its reverse direction begins at each row's last step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradientProfile {
    steps: usize,
    hidden: Norms,
    cell: Norms,
    /// `[layer][t]`.
    gamma: Vec<Vec<f64>>,
    decoder_start: Option<usize>,
}

/// `[layer][t]`; no layer where nothing is measured.
#[derive(Clone, Debug, Default, PartialEq)]
struct Norms {
    mean: Vec<Vec<f64>>,
    max: Vec<Vec<f64>>,
}

/// Sizes a series for `steps` steps; keeps the memory.
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

    /// Takes the norms of the rows; returns the largest one.
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
    /// A profile in bins with these edges, which reach to its first step; `names` are those of its layers.
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
        }
    }

    /// Empties the profile for a window of `steps` steps; keeps the memory.
    pub fn open(&mut self, layers: usize, steps: usize) {
        self.steps = steps;
        self.hidden.open(layers, steps);
        self.cell.open(0, 0);
        self.gamma.clear();
    }

    /// As [`GradientProfile::open`], for [`GradientProfile::record_closely`].
    pub fn open_closely(&mut self, kind: CellKind, layers: usize, steps: usize) {
        self.steps = steps;
        self.hidden.open(layers, steps);
        self.cell.open(if matches!(kind, CellKind::Lstm { .. }) { layers } else { 0 }, steps);
        resize(&mut self.gamma, layers, steps);
    }

    /// Says that the steps before `decoder_start` are an encoder's and those from there on its decoder's.
    pub fn mark(&mut self, decoder_start: Option<usize>) {
        self.decoder_start = decoder_start;
    }

    /// The decoder's first step, where an encoder's steps stand before it. Row by row sequences may be shorter: the encoder's last
    /// state is that of each row's own last step.
    pub fn decoder_start(&self) -> Option<usize> {
        self.decoder_start
    }

    /// Takes ‖∂ℒ/∂h_t‖ of what backward shows at one (layer, step) of `hidden` units; the mean is over the rows that have the
    /// step. Returns the largest.
    pub fn record<R: Real>(&mut self, isa: InstructionSet, hidden: usize, flow: &BackwardStep<'_, R>) -> f64 {
        self.hidden.record(isa, hidden, (flow.layer, flow.t), flow.d_hidden)
    }

    /// As [`GradientProfile::record`], and ‖∂ℒ/∂c_t‖ where there is a c, and ‖Γ_t‖.
    pub fn record_closely<R: Real>(
        &mut self,
        ctx: &Context<R>,
        kind: CellKind,
        hidden: usize,
        flow: &BackwardStep<'_, R>,
        scratch: &mut Scratch<R>,
    ) {
        let isa = ctx.instruction_set();
        let mut largest = self.record(isa, hidden, flow);
        if !self.cell.mean.is_empty() {
            let total = &mut scratch.total;
            total.resize(flow.d_hidden.len(), R::ZERO);
            flow.total_cell(isa, kind, hidden, total);
            largest = largest.max(self.cell.record(isa, hidden, (flow.layer, flow.t), total));
        }
        self.gamma[flow.layer][flow.t] = gamma(ctx, kind, hidden, flow, largest, &mut scratch.partial).sqrt();
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.hidden.mean.len()
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Mean of ‖∂ℒ/∂h_t‖ over the rows, for t from the first step of the window.
    pub fn mean(&self, layer: usize) -> &[f64] {
        &self.hidden.mean[layer]
    }

    /// Maximum of ‖∂ℒ/∂h_t‖ over the rows.
    pub fn max(&self, layer: usize) -> &[f64] {
        &self.hidden.max[layer]
    }

    /// Mean and maximum of the total ‖∂ℒ/∂c_t‖ over the rows; None for a cell without c, and where nobody looked closely.
    pub fn cell(&self, layer: usize) -> Option<[&[f64]; 2]> {
        Some([self.cell.mean.get(layer)?, &self.cell.max[layer]])
    }

    /// ‖Γ_t‖; None where nobody looked closely.
    pub fn gamma(&self, layer: usize) -> Option<&[f64]> {
        Some(self.gamma.get(layer)?)
    }

    /// log10 of the mean norm at the first step over that at the last step of the window: how much of the gradient
    /// survives the way back. −∞ where nothing arrives; on x86-64 what is below the normal numbers, 1.2e-38 in f32, is nothing.
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

/// ‖Γ_t‖². `largest` is the largest norm of a gradient by the state: what δa is made of.
fn gamma<R: Real>(
    ctx: &Context<R>,
    kind: CellKind,
    hidden: usize,
    flow: &BackwardStep<'_, R>,
    largest: f64,
    partial: &mut Vec<f64>,
) -> f64 {
    let rows = flow.rows(hidden);
    // Squares of what is not far from 1 need no scale.
    let exponent = if (1e-12..1e12).contains(&largest) { 0.0 } else { -largest.log2().floor() };
    let exponent = if exponent.is_finite() { exponent.clamp(-126.0, 126.0) } else { 0.0 };
    let scale = R::from_f64(exponent.exp2());
    let slots = |data, width, first: usize, count: usize| {
        let data: &[R] = data;
        Mat::strided(&data[first * hidden..], rows, count * hidden, width)
    };
    let blocks = kind.spec().phases.iter().map(|phase| {
        let deltas = slots(flow.deltas, flow.delta_width(hidden), phase.delta, phase.gates);
        let operand = match phase.operand {
            Operand::Hidden => Mat::new(flow.before, rows, hidden),
            Operand::Tape { slot, .. } => slots(flow.tape, flow.tape_width(hidden), slot, 1),
        };
        squared_norm_of_outer(ctx, deltas, operand, scale, partial)
    });
    blocks.sum()
}
