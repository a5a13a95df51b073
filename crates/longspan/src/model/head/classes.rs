//! The readout of classes: logits, cross entropy and their gradients, at the scored positions only.
//!
//! ```text
//! x = W h + b            W [V, H], b [V]
//! ℓ = ln Σ_j e^{x_j} − x_y               y the target; the loss is the mean over the scored positions, in nats
//! d_x = (softmax(x) − onehot(y)) / scored,   d_W = Σ d_x ⊗ h,   d_b = Σ d_x,   d_h = Wᵀ d_x
//! ```
//!
//! In training a class may have a weight w_y, as in PyTorch: the loss is Σ w_y ℓ / Σ w_y, and d_x = w_y
//! (softmax(x) − onehot(y)) / Σ w_y. Evaluation uses no weights, so that its losses can be compared between
//! models.
//!
//! Logits exist for one block of positions at a time, so memory does not grow with T · B · V. They are stored
//! transposed, `[V, positions]`: W is then the left operand of every product that is as long as the
//! vocabulary, and is read in place instead of being packed. A block is processed tile by tile of the
//! vocabulary, forwards and backwards, so that the passes over a tile find it in the caches. Scoring without
//! gradients keeps only one tile.

use std::ops::Range;

use super::affine::Affine;
use super::{Score, TargetScores};
use crate::batch::IGNORE;
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::rows::for_each_row;
use longspan_kernel::softmax::{LINE, Normaliser, cross_entropy_gradient, exponentials};
use longspan_kernel::{Buffer, Context, InstructionSet, Packed, Weights};

/// The largest number of positions per block, in cache lines. Sums over positions are split here, so it
/// affects rounding.
const LINES: usize = 8;

/// Tokens per tile. It affects rounding too.
const TILE: usize = 512;

/// A readout of classes with its working memory.
pub struct Classes<R> {
    /// Used by [`Classes::logits`] only; scoring reads W in place.
    affine: Affine<R>,
    /// w of each class; empty if all weights are 1.
    weights: Vec<f64>,
    /// Positions (t · B + b) of the scored targets.
    positions: Vec<u32>,
    block: Block<R>,
    products: Workspace<R>,
}

/// One block of positions of a window.
struct Block<R> {
    /// Their outputs `[columns, H]`; columns beyond the positions are zero.
    h: Buffer<R>,
    /// The same outputs as right operands: hᵀ for the logits, h for d_W.
    transposed: Packed<R>,
    plain: Packed<R>,
    /// Logits without bias `[V, columns]`, then e^{x − m} with m the largest logit of the tile, then the
    /// gradient with respect to the logits; or a single tile of them.
    logits: Buffer<R>,
    d_h: Buffer<R>,
    targets: Vec<usize>,
    /// The factors of their losses in the mean.
    scales: Vec<R>,
    /// The logits of their targets.
    at_target: Vec<R>,
    /// Over the tiles so far: the largest logit m of each position, and Σ e^{x − m}.
    largest: Vec<R>,
    sums: Vec<f64>,
    /// The same for single tiles, `[tiles, columns]`, and for the current tile.
    tile_largest: Vec<R>,
    tile_sums: Vec<R>,
    factors: Vec<R>,
    /// Whether to find the class with the largest logit of each position.
    names_classes: bool,
    classes: Vec<u32>,
}

impl<R: Real> Classes<R> {
    /// Builds a readout on the tensors `weight` `[V, H]` and `bias` `[V]` of the layout.
    pub fn new(isa: InstructionSet, weight: usize, bias: usize, hidden: usize, vocabulary: usize) -> Self {
        let nothing = || Buffer::zeros(0);
        let block = Block {
            h: nothing(),
            transposed: Packed::new(isa, 0, 1, 0),
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
            names_classes: false,
            classes: Vec::new(),
        };
        Self {
            affine: Affine::new(isa, weight, bias, hidden, vocabulary),
            weights: Vec::new(),
            positions: Vec::new(),
            block,
            products: Workspace::new(),
        }
    }

    /// Sets the weight of each class in the training loss.
    ///
    /// # Panics
    /// If there is not a weight for each class, or one is not a finite number of 0 or more.
    pub fn weigh(&mut self, weights: &[f64]) {
        assert_eq!(weights.len(), self.affine.width, "one weight per class");
        assert!(
            weights.iter().all(|w| w.is_finite() && *w >= 0.0),
            "class weights must be finite and at least 0: {weights:?}"
        );
        self.weights.clear();
        self.weights.extend_from_slice(weights);
    }

    /// The weight of each class; empty if all weights are 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Discards packed weights, because the weights have changed.
    pub fn invalidate(&mut self) {
        self.affine.invalidate();
    }

    /// Computes logits `[rows, V]` of `h` `[rows, H]`, for few rows and many calls: the first call packs the
    /// weights.
    pub fn logits(&mut self, ctx: &Context<R>, params: &Params<R>, h: &[R], logits: &mut [R]) {
        self.affine.apply(ctx, params, h, logits);
    }

    /// Scores the targets `[n]` of `h` `[n, H]`; targets equal to [`IGNORE`] are skipped. The scores of single targets
    /// are appended to `each`, which does not change the result.
    pub fn score(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        h: &[R],
        targets: &[u32],
        mut each: Option<&mut TargetScores>,
    ) -> Score {
        self.open(targets);
        self.block.names_classes = each.as_ref().is_some_and(|each| each.names_classes);
        let mut score = Score::default();
        for block in blocks(self.positions.len()) {
            score += self.forward(ctx, params, h, targets, block, false);
            if let Some(each) = &mut each {
                self.block.append_to(each);
            }
        }
        self.block.names_classes = false;
        score
    }

    /// Scores as [`Classes::score`] does, replaces `h` by the gradient with respect to it, and adds to the
    /// gradients of the weights. All gradients are those of the mean loss.
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
        // If the total weight is 0, there is no gradient.
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

    /// Lists the scored positions.
    fn open(&mut self, targets: &[u32]) {
        let scored = (0..targets.len() as u32).filter(|&i| targets[i as usize] != IGNORE);
        self.positions.clear();
        self.positions.extend(scored);
    }

    /// Scores one block of positions. With `keep` it uses the class weights and keeps all logits for the
    /// backward pass.
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
            product(ctx, w, &at.transposed, Start::Zero, MatMut::new(logits, count, columns));
            for (p, &target) in at.targets.iter().enumerate() {
                if tokens.contains(&target) {
                    at.at_target[p] = logits[(target - first) * columns + p] + bias[target];
                }
            }
            let largest = &mut at.tile_largest[tile * columns..][..columns];
            let logits = MatMut::new(logits, count, columns);
            exponentials(ctx, logits, &bias[tokens], largest, &mut at.tile_sums);
            if at.names_classes {
                at.name_classes(tile, first, count);
            }
            at.add_tile(tile);
        }
        at.score(if keep { &self.weights } else { &[] })
    }

    /// Computes the gradients of a block that [`Classes::forward`] kept; the gradient with respect to its
    /// outputs is in `d_h` afterwards.
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

/// Splits `count` positions into blocks of almost equal numbers of cache lines; only the last may end within
/// a line.
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
        self.transposed.reshape(hidden, columns);
        self.transposed.pack(ctx, Weights::Transposed(Mat::new(gathered, columns, hidden)));
        self.targets.clear();
        self.targets.extend(positions.iter().map(|&position| targets[position as usize] as usize));
        self.at_target.clear();
        self.at_target.resize(positions.len(), R::ZERO);
        self.largest.clear();
        self.largest.resize(columns, R::from_f64(f64::NEG_INFINITY));
        self.sums.clear();
        self.sums.resize(columns, 0.0);
        self.tile_sums.resize(columns, R::ZERO);
        self.classes.clear();
        self.classes.resize(positions.len(), 0);
        columns
    }

    /// Sets the class of the positions whose largest logit so far is in this tile of `count` classes from `first` on,
    /// the only tile that is kept. The first of equal classes wins.
    fn name_classes(&mut self, tile: usize, first: usize, count: usize) {
        let columns = self.largest.len();
        let largest = &self.tile_largest[tile * columns..][..columns];
        for (p, class) in self.classes.iter_mut().enumerate().filter(|&(p, _)| largest[p] > self.largest[p]) {
            let of = |class: &usize| self.logits[class * columns + p];
            let likeliest = (0..count).reduce(|best, next| if of(&next) > of(&best) { next } else { best });
            *class = (first + likeliest.unwrap_or(0)) as u32;
        }
    }

    /// Appends the losses of the targets, and their classes if they are asked for.
    fn append_to(&self, each: &mut TargetScores) {
        for (p, (&target, &x)) in self.targets.iter().zip(&self.at_target).enumerate() {
            each.losses.push(self.sums[p].ln() + (self.largest[p].to_f64() - x.to_f64()));
            if self.names_classes {
                // A target that shares the largest logit counts as predicted, as in the accuracy.
                each.predicted.push(if x == self.largest[p] { target as u32 } else { self.classes[p] });
            }
        }
    }

    /// Adds a tile's sums to those of the previous tiles.
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

    /// Computes the factors of a tile's exponentials, after all tiles were processed.
    fn normalise(&mut self, tile: usize) {
        let columns = self.largest.len();
        let tile_largest = &self.tile_largest[tile * columns..][..columns];
        self.factors.fill(R::ZERO);
        for (p, (factor, scale)) in self.factors.iter_mut().zip(&self.scales).enumerate() {
            let share = faded(tile_largest[p], self.largest[p]) / self.sums[p];
            *factor = R::from_f64(scale.to_f64() * share);
        }
    }

    /// Computes the losses, after all tiles were processed. `weights` has one entry per class; empty means
    /// all are 1.
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

/// Computes e^{x − m}.
fn faded<R: Real>(x: R, m: R) -> f64 {
    (x.to_f64() - m.to_f64()).exp()
}
