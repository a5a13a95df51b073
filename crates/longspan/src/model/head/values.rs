//! The readout of numbers: an affine map and a loss of its K outputs, at the scored positions only.
//!
//! ```text
//! x = W h + b                                      W [K, H], b [K]
//! squared     ℓ = (1/K) Σ_k (x_k − y_k)²           ∂ℓ/∂x_k = 2 (x_k − y_k) / K
//! absolute    ℓ = (1/K) Σ_k |x_k − y_k|            ∂ℓ/∂x_k = sign(x_k − y_k) / K, 0 if x_k = y_k
//! labels      ℓ = Σ_k ln(1 + e^{x_k}) − y_k x_k    ∂ℓ/∂x_k = σ(x_k) − y_k
//! ```
//!
//! The loss is the mean over the scored positions. Labels are K independent binary targets (y_k is 0, 1 or a
//! probability); their loss is the sum of the K cross entropies in nats: for the keys of a piano, nats per
//! step.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::affine::Affine;
use super::{Score, TargetScores, Unit};
use crate::cell::Real;
use crate::option_syntax::nearest;
use crate::params::Params;
use longspan_kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::rows::for_each_row;
use longspan_kernel::{Buffer, Context, InstructionSet, Packed, Weights};

/// Number of positions per block. Sums over positions are split here, so it affects rounding.
const BLOCK: usize = 512;

/// The loss of a prediction of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueLoss {
    /// Mean squared error.
    Squared,
    /// Mean absolute error.
    Absolute,
    /// Cross entropy of independent labels.
    Labels,
}

impl ValueLoss {
    /// All losses.
    pub const ALL: [Self; 3] = [Self::Squared, Self::Absolute, Self::Labels];

    /// The unit of the loss.
    pub fn unit(self) -> Unit {
        match self {
            Self::Squared => Unit::Mse,
            Self::Absolute => Unit::Mae,
            Self::Labels => Unit::Nats,
        }
    }

    /// Returns the loss of one position with K outputs x and targets y, and replaces x by `scale` · ∂ℓ/∂x.
    fn differentiate<R: Real>(self, x: &mut [R], y: &[f32], scale: f64) -> f64 {
        let k = x.len() as f64;
        let mut loss = 0.0;
        for (x, &y) in x.iter_mut().zip(y) {
            let (value, y) = (x.to_f64(), f64::from(y));
            let (of, d) = match self {
                Self::Squared => ((value - y).powi(2) / k, 2.0 * (value - y) / k),
                Self::Absolute => {
                    let sign = if value == y { 0.0 } else { (value - y).signum() };
                    ((value - y).abs() / k, sign / k)
                }
                // ln(1 + e^x) without overflow.
                Self::Labels => {
                    let softplus = value.max(0.0) + (-value.abs()).exp().ln_1p();
                    (softplus - y * value, 1.0 / (1.0 + (-value).exp()) - y)
                }
            };
            loss += of;
            *x = R::from_f64(scale * d);
        }
        loss
    }
}

impl fmt::Display for ValueLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Squared => "squared",
            Self::Absolute => "absolute",
            Self::Labels => "labels",
        })
    }
}

/// A name that is not the name of a loss.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no loss \"{name}\": {}", nearest.as_ref().map_or("choose squared, absolute or labels".into(), |n| format!("did you mean {n}?")))]
pub struct UnknownLoss {
    name: String,
    nearest: Option<String>,
}

impl FromStr for ValueLoss {
    type Err = UnknownLoss;

    fn from_str(name: &str) -> Result<Self, UnknownLoss> {
        let names = Self::ALL.map(|loss| loss.to_string());
        Self::ALL.into_iter().find(|loss| loss.to_string() == name).ok_or_else(|| UnknownLoss {
            name: name.into(),
            nearest: nearest(name, names.iter().map(String::as_str)).map(str::to_owned),
        })
    }
}

/// A readout of numbers with its working memory.
pub struct Values<R> {
    affine: Affine<R>,
    loss: ValueLoss,
    /// W, packed by the first training pass after [`Values::invalidate`].
    backward: Packed<R>,
    packed: bool,
    h: Buffer<R>,
    x: Buffer<R>,
    /// Losses of the positions of the last block.
    losses: Vec<f64>,
    d_h: Buffer<R>,
    products: Workspace<R>,
}

impl<R: Real> Values<R> {
    /// Builds a readout of `width` numbers on the tensors `weight` `[K, H]` and `bias` `[K]` of the layout.
    pub fn new(
        isa: InstructionSet,
        weight: usize,
        bias: usize,
        hidden: usize,
        width: usize,
        loss: ValueLoss,
    ) -> Self {
        let nothing = || Buffer::zeros(0);
        Self {
            affine: Affine::new(isa, weight, bias, hidden, width),
            loss,
            backward: Packed::new(isa, width, 1, hidden),
            packed: false,
            h: nothing(),
            x: nothing(),
            losses: Vec::new(),
            d_h: nothing(),
            products: Workspace::new(),
        }
    }

    /// Discards packed weights, because the weights have changed.
    pub fn invalidate(&mut self) {
        self.affine.invalidate();
        self.packed = false;
    }

    /// Computes x `[rows, K]` of `h` `[rows, H]`; for labels, x is the logit of each label.
    pub fn outputs(&mut self, ctx: &Context<R>, params: &Params<R>, h: &[R], x: &mut [R]) {
        self.affine.apply(ctx, params, h, x);
    }

    /// Scores `targets` `[n, K]` at `positions`, row indices of `h` `[·, H]`. The losses of single targets are appended
    /// to `each`, which does not change the result.
    ///
    /// # Panics
    /// If there are not K targets per position.
    pub fn score(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        h: &[R],
        positions: &[u32],
        targets: &[f32],
        mut each: Option<&mut TargetScores>,
    ) -> Score {
        let mut score = Score::default();
        for (positions, targets) in self.blocks(positions, targets) {
            score += self.forward(ctx, params, h, positions, targets, 0.0);
            if let Some(each) = &mut each {
                each.losses.extend_from_slice(&self.losses);
            }
        }
        score
    }

    /// Scores as [`Values::score`] does, replaces `h` by the gradient with respect to it, and adds to the
    /// gradients of the weights. All gradients are those of the mean loss.
    pub fn score_and_differentiate(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        h: &mut [R],
        positions: &[u32],
        targets: &[f32],
        grads: &mut Params<R>,
    ) -> Score {
        if !self.packed {
            self.backward.pack(ctx, Weights::Plain(self.affine.weights(params)));
            self.packed = true;
        }
        let scale = 1.0 / positions.len().max(1) as f64;
        let Affine { weight, bias, hidden, width, .. } = self.affine;
        let mut score = Score::default();
        for (positions, targets) in self.blocks(positions, targets) {
            score += self.forward(ctx, params, h, positions, targets, scale);
            let n = positions.len();
            self.d_h.grow(n * hidden);
            let d_x = Mat::new(&self.x[..], n, width);
            product(ctx, d_x, &self.backward, Start::Zero, MatMut::new(&mut self.d_h, n, hidden));
            let [d_weight, d_bias] = grads.tensors_mut([weight, bias]);
            let d_weight = MatMut::new(d_weight, width, hidden);
            let gathered = Mat::new(&self.h[..], n, hidden);
            accumulate_transposed(ctx, d_x, [(gathered, d_weight)], &mut self.products, Some(d_bias));
            for (d_h, &position) in self.d_h.chunks(hidden).zip(positions) {
                h[position as usize * hidden..][..hidden].copy_from_slice(d_h);
            }
        }
        // Positions ascend; the positions between two of them were not read.
        let mut next = 0;
        for &position in positions {
            h[next * hidden..position as usize * hidden].fill(R::ZERO);
            next = position as usize + 1;
        }
        h[next * hidden..].fill(R::ZERO);
        score
    }

    /// # Panics
    /// If there are not K targets per position, or positions do not ascend.
    fn blocks<'a>(
        &self,
        positions: &'a [u32],
        targets: &'a [f32],
    ) -> impl Iterator<Item = (&'a [u32], &'a [f32])> + use<'a, R> {
        let width = self.affine.width;
        assert_eq!(targets.len(), positions.len() * width, "{width} targets per position");
        assert!(positions.is_sorted_by(|a, b| a < b), "positions ascend");
        positions.chunks(BLOCK).zip(targets.chunks(BLOCK * width))
    }

    /// Scores one block of positions; afterwards `x` holds `scale` · ∂ℓ/∂x, and `h` the outputs that it was
    /// computed from.
    fn forward(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        h: &[R],
        positions: &[u32],
        targets: &[f32],
        scale: f64,
    ) -> Score {
        let (n, hidden, width) = (positions.len(), self.affine.hidden, self.affine.width);
        self.h.grow(n * hidden);
        self.x.grow(n * width);
        for_each_row(ctx, &mut self.h[..n * hidden], hidden, |i, row| {
            row.copy_from_slice(&h[positions[i] as usize * hidden..][..hidden]);
        });
        self.affine.apply(ctx, params, &self.h[..n * hidden], &mut self.x[..n * width]);
        self.losses.clear();
        let mut score = Score { scored: n as u64, weight: n as f64, ..Score::default() };
        for (x, y) in self.x[..n * width].chunks_mut(width).zip(targets.chunks(width)) {
            let loss = self.loss.differentiate(x, y, scale);
            score.loss += loss;
            self.losses.push(loss);
        }
        score
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with the definitions, and gradients with finite differences; extreme values neither overflow
    /// nor vanish.
    #[test]
    fn losses_and_their_slopes() {
        let (x, y) = ([0.3f64, -1.2, 40.0, -90.0], [0.0f32, 1.0, 1.0, 0.0]);
        let exact = [
            x.iter().zip(y).map(|(x, y)| (x - f64::from(y)).powi(2)).sum::<f64>() / 4.0,
            x.iter().zip(y).map(|(x, y)| (x - f64::from(y)).abs()).sum::<f64>() / 4.0,
            (1.0 + 0.3f64.exp()).ln() + (1.0 + (-1.2f64).exp()).ln() + 1.2,
        ];
        for (loss, exact) in ValueLoss::ALL.into_iter().zip(exact) {
            let mut d = x;
            assert!((loss.differentiate(&mut d, &y, 3.0) - exact).abs() < 1e-9, "{loss}");
            for k in 0..4 {
                let at = |by: f64| {
                    let mut x = x;
                    x[k] += by;
                    loss.differentiate(&mut x, &y, 0.0)
                };
                let slope = 3.0 * (at(1e-6) - at(-1e-6)) / 2e-6;
                assert!((d[k] - slope).abs() < 1e-6, "{loss} {k}: {} and {slope}", d[k]);
            }
            assert_eq!(loss.to_string().parse(), Ok(loss));
        }
        let (mut equal, mut huge) = ([1.0f32], [-1e30f32]);
        assert_eq!((ValueLoss::Absolute.differentiate(&mut equal, &[1.0], 1.0), equal[0]), (0.0, 0.0));
        assert_eq!((ValueLoss::Labels.differentiate(&mut huge, &[0.0], 1.0), huge[0]), (0.0, 0.0));
        assert!("square".parse::<ValueLoss>().unwrap_err().to_string().contains("did you mean squared?"));
    }
}
