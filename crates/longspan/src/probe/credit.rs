//! How far the gradient reaches, on any weights and any source of batches.
//!
//! - [`LagReport`](longspan_record::credit::LagReport): the lag profile G(τ), its decay, the credit horizon, the directional exponent, which path it came along
//! - [`LayerGates`](longspan_record::credit::LayerGates): openness, saturation, forgetting times
//! - [`TruncationBias`](longspan_record::credit::TruncationBias): K steps of backpropagation against all
//! - [`Sensitivity`](longspan_record::credit::Sensitivity): how strongly the state depends on the weights
//! - [`UsedLag`](longspan_record::credit::UsedLag): how far back the model uses what it read
//!
//! Each file begins with its equations. [`measure`] does all of it; [`Recorder`] and [`horizon`] can be used alone. Everything is a
//! pure function of weights, source and options, to the same bits for any number of threads; what cannot be measured says why.
//!
//! A window of the source bounds what can be seen: a text is read with windows longer than W. In f64 the recursion holds down to
//! 2·10⁻³⁰⁸ and norms are logarithms; what is below is −∞, and no line is fitted to it.

mod decay;
mod gates;
mod horizon;
mod keep_path;
mod lag;
mod measure;
mod order;
mod piece;
mod prepare;
mod profile;
mod recorder;
mod sensitivity;
mod truncation;
mod used;

pub use horizon::horizon;
pub use measure::measure;
pub use recorder::{Recorder, Sample, Series, UnitScale};

use longspan_record::credit::Reason;

use crate::model::ModelSpec;
use crate::params::Params;

/// Where a measurement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Batches are read and given their anchors.
    Read,
    /// Gates, and truncated gradients.
    Survey,
    /// The lag profile.
    Lag,
    /// Resampling.
    Intervals,
    /// The sensitivity.
    Sensitivity,
    /// The used lag.
    UsedLag,
    /// The exponents along trajectories.
    Exponents,
    /// Products of Jacobians.
    Products,
}

/// Who is told, and who may stop it.
pub struct Watch<'a> {
    /// Gets the stage, and how much of it is done of how much.
    pub progress: &'a mut dyn FnMut(Stage, usize, usize),
    /// Asked between passes.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// It was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the measurement was stopped")]
pub struct Cancelled;

impl Watch<'_> {
    pub(super) fn step(&mut self, stage: Stage, done: usize, all: usize) -> Result<(), Cancelled> {
        if (self.cancelled)() {
            return Err(Cancelled);
        }
        (self.progress)(stage, done, all);
        Ok(())
    }
}

/// The same weights as `f64`.
pub fn widen(params: &Params<f32>) -> Params<f64> {
    let mut wide = Params::zeros(params.layout().clone());
    wide.flat_mut().iter_mut().zip(params.flat()).for_each(|(to, &from)| *to = f64::from(from));
    wide
}

/// Why the states of a model are no one chain, along which a lag could be counted.
pub(super) fn no_chain(spec: &ModelSpec) -> Option<Reason> {
    match spec {
        ModelSpec { bidirectional: true, .. } => Some(Reason::BothWays),
        ModelSpec { encoder: Some(_), .. } => Some(Reason::Encoder),
        _ => None,
    }
}
