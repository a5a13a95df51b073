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

mod chain;
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
mod watch;

pub use crate::lag::{HorizonOptions, horizon};
pub(super) use chain::no_chain;
pub use measure::measure;
pub use recorder::{Recorder, Sample, Series, UnitScale};
pub use watch::{Cancelled, Stage, Watch};

use crate::params::Params;

/// Converts weights to `f64`.
pub fn widen(params: &Params<f32>) -> Params<f64> {
    let mut wide = Params::zeros(params.layout().clone());
    wide.flat_mut().iter_mut().zip(params.flat()).for_each(|(to, &from)| *to = f64::from(from));
    wide
}
