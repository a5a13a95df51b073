//! Layer normalisation: the numbers of each position are standardised, then scaled and shifted by learned
//! weights.
//!
//! ```text
//! μ = mean_j x_j      v = mean_j (x_j − μ)²      x̂ = (x − μ) / √(v + ε)      y = γ ⊙ x̂ + β            ε = 1e-5
//! d_γ = Σ d_y ⊙ x̂      d_β = Σ d_y      with g = γ ⊙ d_y:   d_x = (g − mean_j g_j − x̂ mean_j g_j x̂_j) / √(v + ε)
//! ```
//!
//! The sums for γ and β run over positions, the means over the numbers of one position. Nothing is kept for
//! the backward pass: it reads x again and recomputes μ and v. ∂x̂/∂x is symmetric, so tangents use the same
//! formula:
//!
//! ```text
//! ẏ = γ ⊙ (ẋ − mean_j ẋ_j − x̂ mean_j ẋ_j x̂_j) / √(v + ε)
//! ```
//!
//! # References
//! Ba, Kiros, Hinton, "Layer normalization", 2016. ε and the tensors are those of PyTorch's `nn.LayerNorm`.

use crate::cell::Real;
use crate::params::{Group, Layout, Params};
use longspan_kernel::matrix::Mat;
use longspan_kernel::rows::{add_column_dots, add_column_sums, for_each_row};
use longspan_kernel::{Buffer, Context};

/// The ε that is added to the variance.
const EPSILON: f64 = 1e-5;

/// One norm: the indices of γ and β in the layout.
pub(super) struct LayerNorm {
    weight: usize,
    bias: usize,
    width: usize,
}

impl LayerNorm {
    /// Adds the norm of the input of layer `index` to the layout; above the last layer it normalises the
    /// stack's output.
    pub(super) fn new(index: usize, width: usize, layout: &mut Layout) -> Self {
        Self {
            weight: layout.push(format!("rnn.norm_weight_l{index}"), &[width], Group::Elementwise),
            bias: layout.push(format!("rnn.norm_bias_l{index}"), &[width], Group::Bias),
            width,
        }
    }

    /// Replaces x `[positions, width]` by y.
    pub(super) fn forward<R: Real>(&self, ctx: &Context<R>, params: &Params<R>, x: &mut [R]) {
        let (weight, bias) = (params.tensor(self.weight), params.tensor(self.bias));
        for_each_row(ctx, x, self.width, |_, x| {
            let (mean, scale) = moments(x);
            for ((x, &weight), &bias) in x.iter_mut().zip(weight).zip(bias) {
                *x = (*x - mean) * scale * weight + bias;
            }
        });
    }

    /// Replaces d_y `[positions, width]` by d_x and adds to d_γ and d_β, if they are wanted; `normalised` is
    /// working memory.
    pub(super) fn backward<R: Real>(
        &self,
        ctx: &Context<R>,
        params: &Params<R>,
        x: &[R],
        d: &mut [R],
        normalised: &mut Buffer<R>,
        grads: Option<&mut Params<R>>,
    ) {
        let (width, len) = (self.width, d.len());
        normalised.grow(len);
        let normalised = &mut normalised[..len];
        for_each_row(ctx, normalised, width, |position, normalised| {
            let x = &x[position * width..][..width];
            let (mean, scale) = moments(x);
            normalised.iter_mut().zip(x).for_each(|(n, &x)| *n = (x - mean) * scale);
        });
        if let Some(grads) = grads {
            let (d_y, hat) = (Mat::new(d, len / width, width), Mat::new(normalised, len / width, width));
            add_column_dots(ctx, d_y, hat, grads.tensor_mut(self.weight));
            add_column_sums(ctx, d_y, grads.tensor_mut(self.bias));
        }
        let weight = params.tensor(self.weight);
        for_each_row(ctx, d, width, |position, d| {
            let hat = &normalised[position * width..][..width];
            let (_, scale) = moments(&x[position * width..][..width]);
            d.iter_mut().zip(weight).for_each(|(d, &weight)| *d *= weight);
            through(d, |j| hat[j], scale);
        });
    }

    /// Replaces tangents ẋ `[B · K, width]`, K of each row of x `[B, width]`, by ẏ.
    pub(super) fn tangents<R: Real>(
        &self,
        ctx: &Context<R>,
        params: &Params<R>,
        x: Mat<'_, R>,
        tangents: &mut [R],
    ) {
        let weight = params.tensor(self.weight);
        let count = tangents.len() / (x.rows() * self.width);
        for_each_row(ctx, tangents, self.width, |i, tangent| {
            let x = x.row(i / count);
            let (mean, scale) = moments(x);
            through(tangent, |j| (x[j] - mean) * scale, scale);
            tangent.iter_mut().zip(weight).for_each(|(v, &weight)| *v *= weight);
        });
    }
}

/// Replaces v by (v − mean_j v_j − x̂ mean_j v_j x̂_j) · scale: ∂x̂/∂x times v.
fn through<R: Real>(v: &mut [R], hat: impl Fn(usize) -> R, scale: R) {
    let share = R::from_f64(1.0 / v.len() as f64);
    let mean = share * sum(v.len(), |j| v[j]);
    let along = share * sum(v.len(), |j| v[j] * hat(j));
    v.iter_mut().enumerate().for_each(|(j, v)| *v = (*v - mean - hat(j) * along) * scale);
}

/// Computes μ and 1 / √(v + ε).
fn moments<R: Real>(x: &[R]) -> (R, R) {
    let share = R::from_f64(1.0 / x.len() as f64);
    let mean = share * sum(x.len(), |j| x[j]);
    let variance = share * sum(x.len(), |j| (x[j] - mean) * (x[j] - mean));
    (mean, R::ONE / (variance + R::from_f64(EPSILON)).sqrt())
}

/// Number of independent partial sums, which the processor can add in parallel.
const LANES: usize = 8;

/// Computes Σ_j term(j) in a fixed order: term j is added to partial sum j mod 8, and the partial sums are
/// added in order.
fn sum<R: Real>(len: usize, term: impl Fn(usize) -> R) -> R {
    let mut sums = [R::ZERO; LANES];
    let whole = len - len % LANES;
    for first in (0..whole).step_by(LANES) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += term(first + lane);
        }
    }
    for j in whole..len {
        sums[j - whole] += term(j);
    }
    sums.into_iter().fold(R::ZERO, |total, sum| total + sum)
}
