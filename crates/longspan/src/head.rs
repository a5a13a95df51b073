//! The readout of a language model: logits, cross entropy and their gradients, over the scored places only.
//!
//! ```text
//! x = W h + b            W [V, H], b [V]
//! ℓ = ln Σ_j e^{x_j} − x_target          the loss is the mean over the scored places, in nats
//! d_x = (softmax(x) − onehot(target)) / scored,   d_W = Σ d_x ⊗ h,   d_b = Σ d_x,   d_h = Wᵀ d_x
//! ```
//!
//! Logits exist for one block of places at a time, so that memory does not grow with T · B · V.

use crate::data::IGNORE;
use crate::kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use crate::kernel::rows::for_each_row;
use crate::kernel::softmax::{RowLoss, cross_entropy};
use crate::kernel::{Buffer, Context, Level, Packed, Weights};
use crate::matrix::{Mat, MatMut};
use crate::params::Params;
use crate::real::Real;

/// Places whose logits exist at a time; sums over places are cut here, so that it is part of the numerics.
const BLOCK: usize = 1024;

/// What a model made of some targets: sums, so that batches add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Σ −ln p(target).
    pub nats: f64,
    /// Number of targets.
    pub scored: u64,
    /// Targets that no other token was preferred to.
    pub correct: u64,
}

impl Score {
    /// The mean loss in nats; NaN where nothing was scored.
    pub fn mean_nats(&self) -> f64 {
        self.nats / self.scored as f64
    }

    /// The share of targets that were the first choice.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.scored as f64
    }
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.nats += other.nats;
        self.scored += other.scored;
        self.correct += other.correct;
    }
}

/// The readout with its packed weights and working memory.
pub struct Head<R> {
    weight: usize,
    bias: usize,
    hidden: usize,
    vocabulary: usize,
    forward: Packed<R>,
    backward: Packed<R>,
    /// Places (t · B + b) of the scored targets.
    places: Vec<u32>,
    targets: Vec<u32>,
    losses: Vec<RowLoss>,
    h: Buffer<R>,
    logits: Buffer<R>,
    d_h: Buffer<R>,
    products: Workspace<R>,
}

impl<R: Real> Head<R> {
    /// A head on the tensors `weight` `[V, H]` and `bias` `[V]` of the layout.
    pub fn new(level: Level, weight: usize, bias: usize, hidden: usize, vocabulary: usize) -> Self {
        Self {
            weight,
            bias,
            hidden,
            vocabulary,
            forward: Packed::new(level, hidden, 1, vocabulary),
            backward: Packed::new(level, vocabulary, 1, hidden),
            places: Vec::new(),
            targets: Vec::new(),
            losses: Vec::new(),
            h: Buffer::zeros(0),
            logits: Buffer::zeros(0),
            d_h: Buffer::zeros(0),
            products: Workspace::new(),
        }
    }

    /// Takes the weights.
    pub fn pack(&mut self, ctx: &Context<R>, params: &Params<R>) {
        let w = Mat::new(params.tensor(self.weight), self.vocabulary, self.hidden);
        self.forward.pack(ctx, Weights::Transposed(w));
        self.backward.pack(ctx, Weights::Plain(w));
    }

    /// Logits `[rows, V]` of `h` `[rows, H]`, on the weights last packed.
    pub fn logits(&self, ctx: &Context<R>, params: &Params<R>, h: &[R], logits: &mut [R]) {
        let rows = h.len() / self.hidden;
        let out = MatMut::new(logits, rows, self.vocabulary);
        let bias = Start::Bias(params.tensor(self.bias));
        product(ctx, Mat::new(h, rows, self.hidden), &self.forward, bias, out);
    }

    /// Scores the targets `[T, B]` of `h` `[T, B, H]`; [`IGNORE`]d ones are left out. With `backward` it also overwrites
    /// d_h `[T, B, H]` and adds to the gradients of the weights, both of the mean loss.
    pub fn score(
        &mut self,
        ctx: &Context<R>,
        params: &Params<R>,
        h: &[R],
        targets: &[u32],
        mut backward: Option<(&mut [R], &mut Params<R>)>,
    ) -> Score {
        let (hidden, vocabulary) = (self.hidden, self.vocabulary);
        self.places.clear();
        self.places.extend((0..targets.len() as u32).filter(|&i| targets[i as usize] != IGNORE));
        if let Some((d_h, _)) = &mut backward {
            d_h.fill(R::ZERO);
        }
        let scale = R::from_f64(1.0 / self.places.len().max(1) as f64);
        let mut score = Score { scored: self.places.len() as u64, ..Score::default() };
        for first in (0..self.places.len()).step_by(BLOCK) {
            let places = &self.places[first..self.places.len().min(first + BLOCK)];
            let rows = places.len();
            self.h.grow(rows * hidden);
            self.logits.grow(rows * vocabulary);
            let gathered = &mut self.h[..rows * hidden];
            for_each_row(ctx, gathered, hidden, |i, row| {
                row.copy_from_slice(&h[places[i] as usize * hidden..][..hidden]);
            });
            let gathered = Mat::new(gathered, rows, hidden);
            let logits = &mut self.logits[..rows * vocabulary];
            let bias = Start::Bias(params.tensor(self.bias));
            product(ctx, gathered, &self.forward, bias, MatMut::new(logits, rows, vocabulary));

            self.targets.clear();
            self.targets.extend(places.iter().map(|&place| targets[place as usize]));
            self.losses.clear();
            self.losses.resize(rows, RowLoss::default());
            cross_entropy(ctx, logits, vocabulary, &self.targets, scale, &mut self.losses);
            for loss in &self.losses {
                score.nats += loss.nats;
                score.correct += u64::from(loss.correct);
            }

            if let Some((d_h, grads)) = &mut backward {
                let d_logits = Mat::new(logits, rows, vocabulary);
                self.d_h.grow(rows * hidden);
                let d_rows = MatMut::new(&mut self.d_h, rows, hidden);
                product(ctx, d_logits, &self.backward, Start::Zero, d_rows);
                for (i, &place) in places.iter().enumerate() {
                    let from = &self.d_h[i * hidden..][..hidden];
                    d_h[place as usize * hidden..][..hidden].copy_from_slice(from);
                }
                let [d_weight, d_bias] = grads.tensors_mut([self.weight, self.bias]);
                let d_weight = MatMut::new(d_weight, vocabulary, hidden);
                accumulate_transposed(
                    ctx,
                    d_logits,
                    [(gathered, d_weight)],
                    &mut self.products,
                    Some(d_bias),
                );
            }
        }
        score
    }
}
