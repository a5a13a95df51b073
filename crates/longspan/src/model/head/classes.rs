//! The readout of classes: logits, cross entropy and their gradients, over the scored places only.
//!
//! ```text
//! x = W h + b            W [V, H], b [V]
//! ℓ = ln Σ_j e^{x_j} − x_y               y the target; the loss is the mean over the scored places, in nats
//! d_x = (softmax(x) − onehot(y)) / scored,   d_W = Σ d_x ⊗ h,   d_b = Σ d_x,   d_h = Wᵀ d_x
//! ```
//!
//! In training a class may have a weight w_y, PyTorch's way: the loss is Σ w_y ℓ / Σ w_y, and d_x = w_y (softmax(x) −
//! onehot(y)) / Σ w_y. Scoring alone weighs nothing, so that its losses can be compared whatever was trained on.
//!
//! Logits exist for one block of places at a time, so that memory does not grow with T · B · V. They lie transposed, `[V,
//! places]`: W is then the left operand of every product that is as long as the vocabulary, and is read where it is instead of
//! being packed. A block is met tile by tile of the vocabulary, forwards and backwards, so that the passes over a tile find
//! it in the caches; scoring without gradients keeps no more than one tile.

use std::ops::Range;

use super::Score;
use super::affine::Affine;
use crate::batch::IGNORE;
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::rows::for_each_row;
use longspan_kernel::softmax::{LINE, Normaliser, cross_entropy_gradient, exponentials};
use longspan_kernel::{Buffer, Context, InstructionSet, Packed, Weights};

/// Most places whose logits exist at a time, in lines; sums over places are cut here, so that it is part of the numerics.
const LINES: usize = 8;

/// Tokens of a tile, part of the numerics as well.
const TILE: usize = 512;

/// The readout with its working memory.
pub struct Classes<R> {
    /// For [`Classes::logits`] alone; scoring reads W where it lies.
    affine: Affine<R>,
    /// w of each class; empty where all weigh the same.
    weights: Vec<f64>,
    /// Places (t · B + b) of the scored targets.
    positions: Vec<u32>,
    block: Block<R>,
    products: Workspace<R>,
}

/// Some places of a window.
struct Block<R> {
    /// Their outputs `[columns, H]`; columns beyond the places are zero.
    h: Buffer<R>,
    /// The same as right operands: hᵀ for the logits, h for d_W.
    turned: Packed<R>,
    plain: Packed<R>,
    /// Logits without their bias `[V, columns]`, then e^{x − m} with the largest m of their tile, then the gradient by them; or
    /// one tile of them.
    logits: Buffer<R>,
    d_h: Buffer<R>,
    targets: Vec<usize>,
    /// What their losses are multiplied by in the mean.
    scales: Vec<R>,
    /// Their targets' logits.
    at_target: Vec<R>,
    /// Over the tiles so far: the largest logit m of each place, Σ e^{x − m}.
    largest: Vec<R>,
    sums: Vec<f64>,
    /// The same of single tiles, `[tiles, columns]`, and of the tile at hand.
    tile_largest: Vec<R>,
    tile_sums: Vec<R>,
    factors: Vec<R>,
}

impl<R: Real> Classes<R> {
    /// A head on the tensors `weight` `[V, H]` and `bias` `[V]` of the layout.
    pub fn new(isa: InstructionSet, weight: usize, bias: usize, hidden: usize, vocabulary: usize) -> Self {
        let nothing = || Buffer::zeros(0);
        let block = Block {
            h: nothing(),
            turned: Packed::new(isa, 0, 1, 0),
            plain: Packed::new(isa, 0, 1, 0),
            logits: nothing(),
            d_h: nothing(),
            targets: Vec::new(),
            scales: Vec::new(),
            at_target: Vec::new(),
            largest: Vec::new(),
            sums: Vec::new(),
            tile_largest: Vec::new(),
            tile_sums: Vec::new(),
            factors: Vec::new(),
        };
        Self {
            affine: Affine::new(isa, weight, bias, hidden, vocabulary),
            weights: Vec::new(),
            positions: Vec::new(),
            block,
            products: Workspace::new(),
        }
    }

    /// Gives each class its weight in the loss that is trained on.
    ///
    /// # Panics
    /// If there is not a weight for each class, or one is not a finite number of 0 or more.
    pub fn weigh(&mut self, weights: &[f64]) {
        assert_eq!(weights.len(), self.affine.width, "a weight for each class");
        assert!(weights.iter().all(|w| w.is_finite() && *w >= 0.0), "class weights {weights:?}");
        self.weights.clear();
        self.weights.extend_from_slice(weights);
    }

    /// The weight of each class; empty where all weigh the same.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The weights have changed.
    pub fn forget(&mut self) {
        self.affine.forget();
    }

    /// Logits `[rows, V]` of `h` `[rows, H]`, for few rows and many calls: the weights are packed by the first one.
    pub fn logits(&mut self, ctx: &Context<R>, params: &Params<R>, h: &[R], logits: &mut [R]) {
        self.affine.apply(ctx, params, h, logits);
    }

    /// Scores the targets `[n]` of `h` `[n, H]`; [`IGNORE`]d ones are left out.
    pub fn score(&mut self, ctx: &Context<R>, params: &Params<R>, h: &[R], targets: &[u32]) -> Score {
        self.open(targets);
        let mut score = Score::default();
        for block in blocks(self.positions.len()) {
            score += self.forward(ctx, params, h, targets, block, false);
        }
        score
    }

    /// [`Classes::score`] that also turns `h` into the gradient by it, and adds to the gradients of the weights, all of the mean
    /// loss.
    pub fn score_and_differentiate(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        h: &mut [R],
        targets: &[u32],
        grads: &mut Params<R>,
    ) -> Score {
        self.open(targets);
        let mut score = Score::default();
        let total: f64 = match self.weights.is_empty() {
            true => self.positions.len() as f64,
            false => self.positions.iter().map(|&p| self.weights[targets[p as usize] as usize]).sum(),
        };
        // Where nothing weighs anything, there is no gradient.
        let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
        for block in blocks(self.positions.len()) {
            score += self.forward(ctx, params, h, targets, block.clone(), true);
            self.backward(ctx, params, scale, grads);
            for (d_h, &position) in self.block.d_h.chunks(self.affine.hidden).zip(&self.positions[block]) {
                h[position as usize * self.affine.hidden..][..self.affine.hidden].copy_from_slice(d_h);
            }
        }
        for (h, _) in h.chunks_mut(self.affine.hidden).zip(targets).filter(|(_, target)| **target == IGNORE) {
            h.fill(R::ZERO);
        }
        score
    }

    /// Lists the places that are scored.
    fn open(&mut self, targets: &[u32]) {
        let scored = (0..targets.len() as u32).filter(|&i| targets[i as usize] != IGNORE);
        self.positions.clear();
        self.positions.extend(scored);
    }

    /// Scores one block of places; with `keep`, by the classes' weights, and all its logits stay for backward.
    fn forward(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        h: &[R],
        targets: &[u32],
        block: Range<usize>,
        keep: bool,
    ) -> Score {
        let (hidden, vocabulary) = (self.affine.hidden, self.affine.width);
        let (w, bias) = (params.tensor(self.affine.weight), params.tensor(self.affine.bias));
        let at = &mut self.block;
        let columns = at.open(ctx, h, targets, &self.positions[block], hidden);
        at.logits.grow(columns * if keep { vocabulary } else { vocabulary.min(TILE) });
        at.tile_largest.resize(columns * vocabulary.div_ceil(TILE), R::ZERO);
        for (tile, first) in (0..vocabulary).step_by(TILE).enumerate() {
            let tokens = first..vocabulary.min(first + TILE);
            let count = tokens.len();
            let logits = &mut at.logits[if keep { first * columns } else { 0 }..][..count * columns];
            let w = Mat::new(&w[first * hidden..], count, hidden);
            product(ctx, w, &at.turned, Start::Zero, MatMut::new(logits, count, columns));
            for (p, &target) in at.targets.iter().enumerate() {
                if tokens.contains(&target) {
                    at.at_target[p] = logits[(target - first) * columns + p] + bias[target];
                }
            }
            let largest = &mut at.tile_largest[tile * columns..][..columns];
            let logits = MatMut::new(logits, count, columns);
            exponentials(ctx, logits, &bias[tokens], largest, &mut at.tile_sums);
            at.add_tile(tile);
        }
        at.score(if keep { &self.weights } else { &[] })
    }

    /// The gradients of the block that [`Classes::forward`] has kept; that by its outputs is in `d_h` afterwards.
    fn backward(&mut self, ctx: &Context<R>, params: &Params<R>, scale: f64, grads: &mut Params<R>) {
        let (hidden, vocabulary) = (self.affine.hidden, self.affine.width);
        let w = params.tensor(self.affine.weight);
        let at = &mut self.block;
        let (positions, columns) = (at.targets.len(), at.largest.len());
        at.plain.reshape(positions, hidden);
        at.plain.pack(ctx, Weights::Plain(Mat::new(&at.h, positions, hidden)));
        at.factors.resize(columns, R::ZERO);
        at.scales.clear();
        let weight = |target: usize| self.weights.get(target).copied().unwrap_or(1.0);
        at.scales.extend(at.targets.iter().map(|&target| R::from_f64(scale * weight(target))));
        at.d_h.grow(positions * hidden);
        at.d_h[..positions * hidden].fill(R::ZERO);
        let [d_weight, d_bias] = grads.tensors_mut([self.affine.weight, self.affine.bias]);
        for (tile, first) in (0..vocabulary).step_by(TILE).enumerate() {
            let tokens = first..vocabulary.min(first + TILE);
            let count = tokens.len();
            at.normalise(tile);
            let logits = &mut at.logits[first * columns..][..count * columns];
            let of = Normaliser { factors: &at.factors, targets: &at.targets, scales: &at.scales };
            let exponentials = MatMut::new(logits, count, columns);
            cross_entropy_gradient(ctx, exponentials, first, of, &mut d_bias[tokens]);
            let d_logits = Mat::strided(logits, count, positions, columns);
            let d_weight = MatMut::new(&mut d_weight[first * hidden..], count, hidden);
            product(ctx, d_logits, &at.plain, Start::Keep, d_weight);
            let w = Mat::new(&w[first * hidden..], count, hidden);
            let d_h = MatMut::new(&mut at.d_h, positions, hidden);
            accumulate_transposed(ctx, d_logits, [(w, d_h)], &mut self.products, None);
        }
    }
}

/// Cuts `count` places into blocks of almost equally many lines; only the last one may end within a line.
fn blocks(count: usize) -> impl Iterator<Item = Range<usize>> {
    let lines = count.div_ceil(LINE);
    let blocks = lines.div_ceil(LINES);
    (0..blocks).map(move |i| lines * i / blocks * LINE..count.min(lines * (i + 1) / blocks * LINE))
}

impl<R: Real> Block<R> {
    /// Gathers the outputs and targets of `positions` and returns the number of columns.
    fn open(
        &mut self,
        ctx: &Context<R>,
        h: &[R],
        targets: &[u32],
        positions: &[u32],
        hidden: usize,
    ) -> usize {
        let columns = positions.len().next_multiple_of(LINE);
        self.h.grow(columns * hidden);
        let gathered = &mut self.h[..columns * hidden];
        for_each_row(ctx, gathered, hidden, |i, row| match positions.get(i) {
            Some(&position) => row.copy_from_slice(&h[position as usize * hidden..][..hidden]),
            None => row.fill(R::ZERO),
        });
        self.turned.reshape(hidden, columns);
        self.turned.pack(ctx, Weights::Transposed(Mat::new(gathered, columns, hidden)));
        self.targets.clear();
        self.targets.extend(positions.iter().map(|&position| targets[position as usize] as usize));
        self.at_target.clear();
        self.at_target.resize(positions.len(), R::ZERO);
        self.largest.clear();
        self.largest.resize(columns, R::from_f64(f64::NEG_INFINITY));
        self.sums.clear();
        self.sums.resize(columns, 0.0);
        self.tile_sums.resize(columns, R::ZERO);
        columns
    }

    /// Adds a tile's sums to those of the tiles before it.
    fn add_tile(&mut self, tile: usize) {
        let of_tile = self.tile_largest[tile * self.largest.len()..].iter().zip(&self.tile_sums);
        let so_far = self.largest.iter_mut().zip(&mut self.sums);
        for ((largest, sum), (&tile_largest, &tile_sum)) in so_far.zip(of_tile) {
            let before = *largest;
            if tile_largest > before {
                *largest = tile_largest;
            }
            *sum = *sum * faded(before, *largest) + tile_sum.to_f64() * faded(tile_largest, *largest);
        }
    }

    /// Makes the factors of a tile's exponentials, once all tiles have been met.
    fn normalise(&mut self, tile: usize) {
        let columns = self.largest.len();
        let tile_largest = &self.tile_largest[tile * columns..][..columns];
        self.factors.fill(R::ZERO);
        for (p, (factor, scale)) in self.factors.iter_mut().zip(&self.scales).enumerate() {
            let share = faded(tile_largest[p], self.largest[p]) / self.sums[p];
            *factor = R::from_f64(scale.to_f64() * share);
        }
    }

    /// The losses, once all tiles have been met; without `weights`, of which there is one for each class, all weigh 1.
    fn score(&self, weights: &[f64]) -> Score {
        let mut score = Score { scored: self.targets.len() as u64, ..Score::default() };
        let positions = self.targets.iter().zip(&self.at_target);
        for ((&target, &x), (&largest, &sum)) in positions.zip(self.largest.iter().zip(&self.sums)) {
            let weight = weights.get(target).copied().unwrap_or(1.0);
            score.loss += weight * (sum.ln() + (largest.to_f64() - x.to_f64()));
            score.weight += weight;
            score.correct += u64::from(x == largest);
        }
        score
    }
}

/// e^{x − m}.
fn faded<R: Real>(x: R, m: R) -> f64 {
    (x.to_f64() - m.to_f64()).exp()
}
