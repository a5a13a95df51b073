//! The baseline: the gradient checks of AutoTrainer, as in its program.
//!
//! ```text
//! explode    a gradient that is not finite, or ‖g_first‖ / ‖g_last‖ > 70
//! vanish     ‖g_first‖ / ‖g_last‖ < 1e-3 and ‖g_first‖ < 1e-4
//! dying      70 % or more of all elements of all gradients are 0
//! ```
//!
//! g_first and g_last are the gradients of the kernels of the first and last layer. In a recurrent network,
//! the first kernel is the matrix that reads the input, W_ih of the first layer, and the last one is the
//! readout's weight. In Keras the input matrix of a recurrent layer is its `kernel`; an embedding has
//! `embeddings`, and is skipped because the rows of unseen words would count as dying. The checks see time
//! only as a sum over it.
//!
//! # References
//! Zhang, Zhai, Ma, Shen, "AUTOTRAINER: an automatic DNN training problem detection and repair system", ICSE 2021.

use longspan::params::Params;

use super::plan::Code;

const RATIO_EXPLODES: f64 = 70.0;
const RATIO_VANISHES: f64 = 1e-3;
const FIRST_VANISHES: f64 = 1e-4;
const ZERO_SHARE_DIES: f64 = 0.7;

/// The results of the checks for one gradient.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signs {
    pub(crate) explode: bool,
    pub(crate) vanish: bool,
    pub(crate) dying: bool,
}

impl Signs {
    /// Checks the gradient of one batch.
    pub(crate) fn of(grads: &Params<f32>) -> Self {
        let norm = |name: &str| grads.named(name).iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
        let (first, last) = (norm("rnn.weight_ih_l0"), norm("head.weight"));
        let entries = grads.layout().entries().iter().enumerate();
        let read = entries.filter(|(_, entry)| !entry.name.starts_with("embedding"));
        let (mut zeros, mut all, mut finite) = (0, 0, true);
        for (index, _) in read {
            let tensor = grads.tensor(index);
            zeros += tensor.iter().filter(|&&g| g == 0.0).count();
            finite &= tensor.iter().all(|g| g.is_finite());
            all += tensor.len();
        }
        if !finite {
            return Self { explode: true, ..Self::default() };
        }
        let ratio = first / last;
        Self {
            explode: ratio > RATIO_EXPLODES,
            vanish: ratio < RATIO_VANISHES && first < FIRST_VANISHES,
            dying: zeros as f64 >= ZERO_SHARE_DIES * all as f64,
        }
    }

    /// The most similar codes of a run. One check that fires is enough.
    pub(crate) fn codes(checks: &[Self]) -> Vec<Code> {
        let signs = [
            (checks.iter().any(|l| l.explode), "exploding-gradient"),
            (checks.iter().any(|l| l.vanish), "vanishing-gradient"),
            (checks.iter().any(|l| l.dying), "dead-units"),
        ];
        signs.into_iter().filter(|sign| sign.0).map(|sign| sign.1).collect()
    }
}
