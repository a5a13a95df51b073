//! The profile of the gradient along time.
//!
//! It is the norm of the total gradient ‖∂ℒ/∂h_t‖ of each batch row, ℒ the mean loss of the window.

use crate::bptt::Flow;
use crate::kernel::Level;
use crate::kernel::norms::sum_of_squares;
use crate::real::Real;

/// ‖∂ℒ/∂h_t‖ per layer and step, over the rows of a batch that have the step. Layers and steps are those of a [`Flow`]: a layer
/// that reads both ways counts twice, and its reverse direction begins at each row's last step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowProfile {
    steps: usize,
    /// `[layer][t]`.
    mean: Vec<Vec<f64>>,
    max: Vec<Vec<f64>>,
    border: Option<usize>,
}

impl FlowProfile {
    /// Empties the profile for a window of `steps` steps; keeps the memory.
    pub fn open(&mut self, layers: usize, steps: usize) {
        self.steps = steps;
        for part in [&mut self.mean, &mut self.max] {
            part.resize_with(layers, Vec::new);
            part.iter_mut().for_each(|layer| {
                layer.clear();
                layer.resize(steps, 0.0);
            });
        }
    }

    /// Says that the steps before `border` are an encoder's and those from there on its decoder's.
    pub fn mark(&mut self, border: Option<usize>) {
        self.border = border;
    }

    /// The decoder's first step, where an encoder's steps stand before it. Row by row sequences may be shorter: the encoder's last
    /// state is that of each row's own last step.
    pub fn border(&self) -> Option<usize> {
        self.border
    }

    /// Takes what backward shows at one (layer, step) of `hidden` units; the mean is over the rows that have the step.
    pub fn record<R: Real>(&mut self, level: Level, hidden: usize, flow: &Flow<'_, R>) {
        let rows = flow.d_hidden.len() / hidden;
        let norms = flow.d_hidden.chunks(hidden).map(|row| sum_of_squares(level, row).sqrt());
        let (sum, max) = norms.fold((0.0, 0.0f64), |(sum, max), norm| {
            (sum + norm, if norm > max || norm.is_nan() { norm } else { max })
        });
        self.mean[flow.layer][flow.t] = sum / rows as f64;
        self.max[flow.layer][flow.t] = max;
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.mean.len()
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Mean of ‖∂ℒ/∂h_t‖ over the rows, for t from the first step of the window.
    pub fn mean(&self, layer: usize) -> &[f64] {
        &self.mean[layer]
    }

    /// Maximum of ‖∂ℒ/∂h_t‖ over the rows.
    pub fn max(&self, layer: usize) -> &[f64] {
        &self.max[layer]
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
