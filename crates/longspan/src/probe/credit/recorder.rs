//! Records how the gradient of one loss travels back from an anchor: the norms of δ, and the share of each
//! path.
//!
//! For an anchor t and the single loss ℓ_t, with τ = 0 … W:
//!
//! ```text
//! δ_h, δ_c   the gradients of ℓ_t with respect to h_{t−τ} and, with h held fixed, c_{t−τ}, for every layer
//! keep path  K_0 = δ_h at t (LSTM: the total gradient with respect to c_t);  K_{τ+1} = keep_{t−τ} ⊙ K_τ
//!            from the anchor directly from state to state of one layer: LSTM only c to c through f, GRU only through z,
//!            residual only the identity
//! rest       δ − K: the gradient that went through recurrent weights, another gate, or another layer
//! scaled     D δ, D the root mean square of each unit over the data
//! input      ∂ℓ_t/∂x_t = W_ihᵀ δa_t of the bottom layer, at the anchor
//! ```
//!
//! In a stack δ is the total derivative over all paths: that of a lower layer at the anchor is not zero,
//! because it arrives from the layers above within the step. One backward pass with an anchor in each row
//! gives one sample per row, because rows are independent. Norms are stored as logarithms.

use super::keep_path::KeepPath;
use crate::bptt::{BackwardStep, Observer};
use crate::cell::CellKind;
use crate::cell::Real;
use crate::lag::order::ln_hypot;
use crate::params::Params;
use longspan_kernel::norms::sum_of_squares;
use longspan_kernel::{Context, InstructionSet};

/// ln of norms at lags 0 … W, for one layer; −∞ where no gradient arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// ‖δ_h‖.
    pub hidden: Vec<f64>,
    /// ‖δ_c‖; empty for a cell without c.
    pub cell: Vec<f64>,
    /// ‖D δ‖; empty without scales D.
    pub scaled: Vec<f64>,
    /// ‖K‖; empty for a cell without a keep path.
    pub keep: Vec<f64>,
    /// ‖δ − K‖; empty if `keep` is.
    pub rest: Vec<f64>,
}

impl Series {
    fn new(kind: CellKind, lags: usize, scaled: bool) -> Self {
        let nothing = |there: bool| vec![f64::NEG_INFINITY; if there { lags } else { 0 }];
        let (cell, keep) = (kind.spec().parts > 1, KeepPath::of(kind).is_some());
        Self {
            hidden: nothing(true),
            cell: nothing(cell),
            scaled: nothing(scaled),
            keep: nothing(keep),
            rest: nothing(keep),
        }
    }

    /// Returns ln ‖δ‖ of h and c together.
    pub fn state(&self) -> Vec<f64> {
        match self.cell.is_empty() {
            true => self.hidden.clone(),
            false => self.hidden.iter().zip(&self.cell).map(|(&h, &c)| ln_hypot(h, c)).collect(),
        }
    }
}

/// The record of one anchor.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The row of the batch.
    pub row: usize,
    /// The anchor t.
    pub anchor: usize,
    /// The series of each layer, 0 at the bottom.
    pub layers: Vec<Series>,
    /// ln ‖∂ℓ_t/∂x_t‖.
    pub ln_input: f64,
    /// ln of the largest element of δ_t.
    pub ln_largest: f64,
}

/// The root mean square of each unit of one layer, `[parts · H]`.
pub type UnitScale = Vec<f64>;

/// Observes a backward pass whose loss consists of the losses at the anchors.
pub struct Recorder<'a, R> {
    isa: InstructionSet,
    kind: CellKind,
    hidden: usize,
    window: usize,
    params: &'a Params<R>,
    scales: Option<&'a [UnitScale]>,
    /// ln of the factor for the gradients.
    ln_weight: f64,
    samples: Vec<Sample>,
    /// K of each layer, `[samples, H]`.
    paths: Vec<Vec<f64>>,
    scratch: Vec<f64>,
    /// The total gradient with respect to c, for all rows.
    total: Vec<R>,
}

impl<'a, R: Real> Recorder<'a, R> {
    /// Builds a recorder for rows that have an anchor; the loss of the pass is their mean. `scales` has one
    /// entry per layer.
    pub fn new(
        isa: InstructionSet,
        (kind, layers, hidden): (CellKind, usize, usize),
        params: &'a Params<R>,
        anchors: &[Option<usize>],
        window: usize,
        scales: Option<&'a [UnitScale]>,
    ) -> Self {
        let series = Series::new(kind, window + 1, scales.is_some());
        let rows = anchors.iter().enumerate().filter_map(|(row, anchor)| Some((row, (*anchor)?)));
        let samples: Vec<_> = rows
            .map(|(row, anchor)| Sample {
                row,
                anchor,
                layers: vec![series.clone(); layers],
                ln_input: f64::NEG_INFINITY,
                ln_largest: f64::NEG_INFINITY,
            })
            .collect();
        let path = if KeepPath::of(kind).is_some() { vec![0.0; samples.len() * hidden] } else { Vec::new() };
        Self {
            isa,
            kind,
            hidden,
            window,
            params,
            scales,
            ln_weight: (samples.len() as f64).ln(),
            samples,
            paths: vec![path; layers],
            scratch: Vec::new(),
            total: Vec::new(),
        }
    }

    /// Returns ln of the norms along the keep path and of the rest, and moves the path one step back.
    fn split(
        &mut self,
        keep: KeepPath,
        step: &BackwardStep<'_, R>,
        s: usize,
        lag: usize,
        ln_h: f64,
    ) -> [f64; 2] {
        let (hidden, row) = (self.hidden, self.samples[s].row);
        let d_h = &step.d_hidden[row * hidden..][..hidden];
        let d_c = step.d_cell.get(row * hidden..(row + 1) * hidden);
        let path = &mut self.paths[step.layer][s * hidden..][..hidden];
        let norms = if lag == 0 {
            self.total.resize(step.cell.len(), R::ZERO);
            if step.total_cell(self.isa, self.kind, hidden, &mut self.total) {
                let own = &self.total[row * hidden..][..hidden];
                path.iter_mut().zip(own).for_each(|(k, d)| *k = d.to_f64());
                [f64::NEG_INFINITY, ln_h]
            } else {
                path.iter_mut().zip(d_h).for_each(|(k, d)| *k = d.to_f64());
                [ln_h, f64::NEG_INFINITY]
            }
        } else {
            self.scratch.clear();
            let whole = d_c.unwrap_or(d_h).iter();
            self.scratch.extend(whole.zip(&*path).map(|(d, k)| d.to_f64() - k));
            let rest = ln_norm(self.isa, &self.scratch) + self.ln_weight;
            let rest = if d_c.is_some() { ln_hypot(ln_h, rest) } else { rest };
            [ln_norm(self.isa, path) + self.ln_weight, rest]
        };
        let slots = step.tape_width(hidden);
        // Values below the normal numbers are treated as 0, as in the kernels.
        keep.each(&step.tape[row * slots..][..slots], hidden, |j, factor| {
            let k = path[j] * factor;
            path[j] = if k.abs() < f64::MIN_POSITIVE { 0.0 } else { k };
        });
        norms
    }

    fn record_anchor(&mut self, step: &BackwardStep<'_, R>, s: usize) {
        let (hidden, row) = (self.hidden, self.samples[s].row);
        let largest =
            step.d_hidden[row * hidden..][..hidden].iter().fold(0.0, |m: f64, d| m.max(d.abs().to_f64()));
        let sample = &mut self.samples[s];
        sample.ln_largest = sample.ln_largest.max(largest.ln() + self.ln_weight);
        if step.layer == 0 {
            let weights = self.params.named("rnn.weight_ih_l0");
            let slots = step.delta_width(hidden);
            let deltas = &step.deltas[row * slots..][..slots];
            let gates = self.params.named("rnn.bias_ih_l0").len();
            let inputs = weights.len() / gates;
            let mut d_x = vec![0.0; inputs];
            for (delta, weights) in deltas[..gates].iter().zip(weights.chunks(inputs)) {
                d_x.iter_mut().zip(weights).for_each(|(d, w)| *d += delta.to_f64() * w.to_f64());
            }
            sample.ln_input = ln_norm(self.isa, &d_x) + self.ln_weight;
        }
    }

    fn ln_norm(&self, values: &[R]) -> f64 {
        ln_norm(self.isa, values) + self.ln_weight
    }

    /// Returns the samples after the pass.
    pub fn finish(self) -> Vec<Sample> {
        self.samples
    }
}

impl<R: Real> Observer<R> for Recorder<'_, R> {
    fn backward_step(&mut self, _: &Context<R>, step: &BackwardStep<'_, R>) {
        let hidden = self.hidden;
        for s in 0..self.samples.len() {
            let Sample { row, anchor, .. } = self.samples[s];
            let Some(lag) = anchor.checked_sub(step.t).filter(|&lag| lag <= self.window) else { continue };
            let d_h = &step.d_hidden[row * hidden..][..hidden];
            let d_c = step.d_cell.get(row * hidden..(row + 1) * hidden);
            let ln_h = self.ln_norm(d_h);
            let ln_c = d_c.map(|d_c| self.ln_norm(d_c));
            let ln_scaled = self.scales.map(|scales| {
                let scale = &scales[step.layer];
                self.scratch.clear();
                let state = d_h.iter().chain(d_c.unwrap_or_default());
                self.scratch.extend(state.zip(scale).map(|(d, scale)| d.to_f64() * scale));
                ln_norm(self.isa, &self.scratch) + self.ln_weight
            });
            let split = KeepPath::of(self.kind).map(|keep| self.split(keep, step, s, lag, ln_h));
            let series = &mut self.samples[s].layers[step.layer];
            series.hidden[lag] = ln_h;
            if let Some(ln_c) = ln_c {
                series.cell[lag] = ln_c;
            }
            if let Some(ln_scaled) = ln_scaled {
                series.scaled[lag] = ln_scaled;
            }
            if let Some([keep, rest]) = split {
                (series.keep[lag], series.rest[lag]) = (keep, rest);
            }
            if lag == 0 {
                self.record_anchor(step, s);
            }
        }
    }
}

/// Computes ln ‖values‖, even if the squares overflow or underflow.
fn ln_norm<R: Real>(isa: InstructionSet, values: &[R]) -> f64 {
    let sum = sum_of_squares(isa, values);
    if (1e-280..1e280).contains(&sum) {
        return 0.5 * sum.ln();
    }
    let largest = values.iter().fold(0.0, |m: f64, x| m.max(x.to_f64().abs()));
    if largest == 0.0 || !sum.is_finite() && !largest.is_finite() || sum.is_nan() {
        return if sum.is_nan() { f64::NAN } else { largest.ln() };
    }
    let sum: f64 = values.iter().map(|x| (x.to_f64() / largest).powi(2)).sum();
    0.5 * sum.ln() + largest.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_of_any_size_have_their_logarithm() {
        for exponent in [-1000, -600, -10, 0, 10, 600, 1000] {
            let unit = 2f64.powi(exponent);
            let ln = ln_norm(InstructionSet::Portable, &[3.0 * unit, -4.0 * unit]);
            let exact = 5f64.ln() + f64::from(exponent) * 2f64.ln();
            assert!((ln - exact).abs() < 1e-12, "{ln} against {exact}");
        }
        assert_eq!(ln_norm(InstructionSet::Portable, &[0.0; 3]), f64::NEG_INFINITY);
        assert_eq!(ln_norm(InstructionSet::Portable, &[f64::INFINITY]), f64::INFINITY);
        assert!(ln_norm(InstructionSet::Portable, &[f64::NAN, 1.0]).is_nan());
    }
}
