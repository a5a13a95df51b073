//! Lyapunov exponents: the long-run growth rate, per step, of small changes of the state along a trajectory.
//!
//! ```text
//! Q_t R_t = J_t Q_{t−1}        Q_tᵀ Q_t = I, R_t upper triangular, R_ii > 0
//! λ_i = (1/N) Σ_t ln (R_t)_ii  over N steps after a warm-up, in which Q aligns with the directions of fastest growth
//! ```
//!
//! The Jacobian of a stack is block-triangular, so its exponents are the union of the layers' exponents, each
//! along the joint trajectory: norms and sums between layers act within a step and only affect that
//! trajectory. Σλ_i = ⟨ln |det J_t|⟩. If λ_1 > 0, changes and gradients on their way back grow without bound.
//! The dynamics are "chaotic" only if the trajectory stays bounded without an input; with an input λ_1 is a
//! conditional exponent. λ_1 < 0 says nothing about the first few steps, in which changes may still grow (see
//! [`super::jacobian`]).
//!
//! R_ii = 0 (a dead relu, a gate that is closed to the last bit) means λ_i = −∞; this exponent and those
//! after it are reported as such. R_ii is set to 0 if only rounding errors are left of its row, see
//! [`longspan_kernel::orthonormal`].
//!
//! With [`LyapunovOptions::steps_per_qr`] s > 1 only exponents with s (λ_1 − λ_i) below about 30 (f64; 12 in
//! f32) are accurate: full spectra need s = 1 and f64.
//!
//! # Errors of estimation
//! For several trajectories, mean and s/√M. For one trajectory, the blocks of [`growth`].
//!
//! # References
//! Benettin, Galgani, Giorgilli, Strelcyn, "Lyapunov characteristic exponents for smooth dynamical systems",
//! Meccanica 15, 1980. Vogt, Puelma Touzel, Shlizerman, Lajoie, "On Lyapunov exponents for RNNs", 2020
//! (arXiv:2006.14123). Engelken, Wolf, Abbott, "Lyapunov spectra of chaotic recurrent neural networks", 2020
//! (arXiv:2006.02427). Kaplan, Yorke 1979.

pub mod growth;
mod relay;

use growth::Growth;
use longspan_record::spectrum::{LayerSpectrum, LyapunovOptions, LyapunovSpectrum};
use relay::Relay;

use crate::bptt::{ForwardChunk, Keep, Observer, Pass, Recurrence, State, Window};
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::Context;

/// A measurement in progress: it observes a trajectory chunk by chunk, window by window.
pub struct Lyapunov<R> {
    options: LyapunovOptions,
    rows: usize,
    done: usize,
    layers: Vec<(Relay<R>, Growth)>,
}

impl<R: Real> Lyapunov<R> {
    /// Starts a measurement of `rows` trajectories from `state`: each row is one trajectory.
    ///
    /// # Panics
    /// If there are no rows or exponents, or `steps_per_qr` is 0.
    pub fn new(ctx: &Context<R>, state: &State<R>, rows: usize, options: LyapunovOptions) -> Self {
        assert!(rows > 0 && options.steps_per_qr > 0, "{rows} rows, {} steps", options.steps_per_qr);
        let layers = (0..state.layers()).map(|layer| {
            let width = state.layer(layer).len() / rows;
            let count = options.exponents.map_or(width, |count| count.min(width));
            assert!(count > 0, "no exponents");
            (Relay::new(ctx, layer, rows, width, count, options.seed), Growth::new(rows, count))
        });
        Self { rows, done: 0, layers: layers.collect(), options }
    }

    /// Returns the result so far.
    pub fn spectrum(&self) -> LyapunovSpectrum {
        let counted =
            self.layers.first().map_or(0, |(_, growth)| growth.entries() * self.options.steps_per_qr);
        let layers = self.layers.iter().enumerate().map(|(layer, (relay, growth))| {
            LayerSpectrum::new(layer, relay.width(), growth.exponents(self.options.steps_per_qr))
        });
        LyapunovSpectrum::new(&self.options, self.rows, counted, layers.collect())
    }
}

/// Observes the trajectories chunk by chunk.
///
/// # Panics
/// If the rows are not those of the first state, if a row ends inside the chunk, or if the stack is
/// bidirectional.
impl<R: Real> Observer<R> for Lyapunov<R> {
    fn forward_chunk(&mut self, ctx: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        assert_eq!(chunk.slice().rows(), self.rows, "rows of the trajectory");
        assert_eq!(chunk.layers().len(), self.layers.len(), "layers of one chain of states");
        let steps = chunk.slice().steps();
        for (layer, (relay, growth)) in self.layers.iter_mut().enumerate() {
            chunk.linearise(ctx, layer, relay.jacobians());
            relay.run(ctx, &chunk.layers()[layer], (self.done, steps), &self.options, growth);
        }
        self.done += steps;
    }
}

/// Measures the exponents of a stack along the trajectories that it follows when it reads `window`, starting
/// from `state`, which is the state after the window on return. With a zero input they are those of the
/// autonomous network. The weights are those last packed.
///
/// # Panics
/// If a length does not fit the window, rows have different lengths, or the stack is bidirectional.
pub fn lyapunov_spectrum<R: Real>(
    ctx: &Context<R>,
    stack: &mut Recurrence<R>,
    params: &Params<R>,
    window: Window<'_, R>,
    state: &mut State<R>,
    options: LyapunovOptions,
) -> LyapunovSpectrum {
    let mut lyapunov = Lyapunov::new(ctx, state, window.shape.rows(), options);
    let mut y = vec![R::ZERO; window.shape.positions() * stack.spec().width()];
    let pass = &mut Pass::new(ctx, params).observed_by(&mut lyapunov);
    stack.forward(pass, window, Keep::Outputs, state, &mut y);
    lyapunov.spectrum()
}
