//! How far back the gradient reaches, for any weights and any source of batches.
//!
//! - [`LagReport`](longspan_record::credit::LagReport): the lag profile G(τ), its decay, the gradient
//!   horizon, the directional exponent, and the paths of the gradient
//! - [`LayerGates`](longspan_record::credit::LayerGates): openness, saturation, forgetting times
//! - [`TruncationBias`](longspan_record::credit::TruncationBias): the gradient truncated after K steps,
//!   compared with the full one
//! - [`Sensitivity`](longspan_record::credit::Sensitivity): how strongly the state depends on the weights
//! - [`UsedLag`](longspan_record::credit::UsedLag): how far back the model uses its input
//!
//! Each file begins with its equations. [`measure`] takes all measurements; [`Recorder`] and [`horizon`] can be
//! used alone. All results are pure functions of weights, source and options, with the same bits for any number
//! of threads. For a quantity that cannot be measured the result gives the reason.
//!
//! The windows of the source limit what can be measured: texts are read with windows longer than W. In f64
//! the recursion is valid down to 2·10⁻³⁰⁸, and norms are stored as logarithms; smaller values are −∞, and no
//! line is fitted to them.

mod decay;
mod gates;
mod keep_path;
mod lag;
mod measure;
mod piece;
mod prepare;
mod recorder;
mod sensitivity;
mod truncation;
mod used;

pub use crate::lag::{HorizonOptions, horizon};
pub use measure::measure;
pub use recorder::{Recorder, Sample, Series, UnitScale};

use longspan_record::credit::{Measured, Reason};

use crate::model::ModelSpec;
use crate::params::Params;

/// The stage of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Read batches and choose their anchors.
    Read,
    /// Measure gates.
    Survey,
    /// Measure the lag profile.
    Lag,
    /// Compute bootstrap intervals.
    Intervals,
    /// Measure truncated gradients.
    Truncation,
    /// Measure the sensitivity.
    Sensitivity,
    /// Measure the used lag.
    UsedLag,
    /// Measure Lyapunov exponents along trajectories.
    Exponents,
    /// Measure products of Jacobians.
    Products,
}

/// Reports progress of a measurement, and can cancel it or cut it short.
pub struct Watch<'a> {
    /// Called with the stage, the amount done, and the total amount.
    pub progress: &'a mut dyn FnMut(Stage, usize, usize),
    /// Asked between passes whether to stop.
    pub cancelled: &'a dyn Fn() -> bool,
    /// Asked between passes whether the time limit has come. If so, the current quantity and those after it are left
    /// out with [`Reason::TimeLimit`]. Gates and the lag profile are always measured.
    pub late: &'a dyn Fn() -> bool,
}

/// The measurement was cancelled.
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

    /// Measures a quantity that is left out if the time limit comes first.
    pub(super) fn within_limit<T>(
        &mut self,
        measure: impl FnOnce(&mut Watch<'_>) -> Result<Measured<T>, Cancelled>,
    ) -> Result<Measured<T>, Cancelled> {
        let (cancelled, late) = (self.cancelled, self.late);
        let either = || cancelled() || late();
        match measure(&mut Watch { progress: self.progress, cancelled: &either, late }) {
            Err(Cancelled) if !cancelled() => Ok(Measured::Unknown(Reason::TimeLimit)),
            measured => measured,
        }
    }
}

/// Converts weights to `f64`.
pub fn widen(params: &Params<f32>) -> Params<f64> {
    let mut wide = Params::zeros(params.layout().clone());
    wide.flat_mut().iter_mut().zip(params.flat()).for_each(|(to, &from)| *to = f64::from(from));
    wide
}

/// Returns the reason why the states of a model do not form one chain, along which lags could be counted.
pub(super) fn no_chain(spec: &ModelSpec) -> Option<Reason> {
    match spec {
        ModelSpec { bidirectional: true, .. } => Some(Reason::BothWays),
        ModelSpec { encoder: Some(_), .. } => Some(Reason::Encoder),
        _ => None,
    }
}
