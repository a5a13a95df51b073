//! How far the gradient reaches, on any weights and any source of batches.
//!
//! - [`LagReport`]: the lag profile G(τ), its decay, the credit horizon, the directional exponent, which path it came along
//! - [`LayerGates`]: openness, saturation, forgetting times
//! - [`TruncationBias`]: K steps of backpropagation against all
//! - [`Sensitivity`]: how strongly the state depends on the weights
//! - [`UsedLag`]: how far back the model uses what it read
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
mod order;
mod piece;
mod prepare;
mod profile;
mod recorder;
mod sensitivity;
mod truncation;
mod used;

pub use horizon::horizon;
pub use recorder::{Recorder, Sample, Series, UnitScale};

use gates::{Survey, Surveys};
use prepare::prepare;
use truncation::Truncations;

use longspan_record::reach::{Measured, ReachOptions, ReachReport, Reason};

use crate::batch::Source;
use crate::bptt::Pass;
use crate::model::pool::Pool;
use crate::model::{Model, ModelSpec};
use crate::params::Params;
use longspan_kernel::Context;
use longspan_kernel::real::Real;

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

/// Measures weights on a source, from its first window on. Dropout does not act.
///
/// A lag is counted along one chain of states: of a model that reads rows both ways, or goes on from what an encoder has read, the
/// gates are known and nothing else.
///
/// # Errors
/// [`Cancelled`] if `watch` says so.
///
/// # Panics
/// If the weights are not of this model.
pub fn measure<R: Real>(
    ctx: &Context<R>,
    spec: &ModelSpec,
    params: &Params<R>,
    source: &dyn Source,
    options: &ReachOptions,
    watch: &mut Watch<'_>,
) -> Result<ReachReport, Cancelled> {
    let mut model = Model::new(ctx.level(), spec);
    assert_eq!(**model.layout(), **params.layout(), "the weights are of another model");
    // Backward takes the room of the weights that forward has packed: they are packed before every pass that follows one.
    model.pack(ctx, params);
    let prepared = prepare(ctx, &mut model, params, source, options, watch)?;

    let no_chain = no_chain(spec);
    let mut surveys = Surveys {
        encoder: Survey::new(spec.cell, spec.encoder.map_or(0, |_| spec.layers), spec.hidden),
        stack: Survey::new(spec.cell, model.states(), spec.hidden),
    };
    let mut lengths = options.truncations.clone();
    lengths.sort_unstable();
    let mut truncations = Truncations::new(lengths.into_iter().filter(|&k| k > 0), params);
    let mut grads = Params::zeros(params.layout().clone());
    for (done, item) in prepared.items.iter().enumerate() {
        watch.step(Stage::Survey, done, prepared.items.len())?;
        grads.clear();
        let mut state = item.before.clone();
        model.pack(ctx, params);
        let pass = &mut Pass::new(ctx, params).observed_by(&mut surveys);
        model.train(pass, &item.batch, &mut state, &mut grads);
        if done < options.truncation_batches && spec.pool == Pool::Steps && no_chain.is_none() {
            truncations.compare(ctx, &mut model, params, item, &grads);
        }
    }
    let truncation = match (no_chain, spec.pool) {
        (Some(reason), _) => Measured::Unknown(reason),
        (None, Pool::Mean | Pool::Ends) => Measured::Unknown(Reason::MeanReadout),
        (None, Pool::Steps) => Measured::unless_empty(truncations.report(), Reason::NoTruncation),
    };
    let lag = match options.lag {
        true => lag::lag(ctx, &mut model, params, &prepared, &surveys.stack.scales(), options, watch)?,
        false => Measured::Unknown(Reason::NotAsked),
    };
    let sensitivity = match (no_chain, options.sensitivity_sequences) {
        (Some(reason), _) => Measured::Unknown(reason),
        (None, 0) => Measured::Unknown(Reason::NotAsked),
        (None, _) => {
            Measured::Known(sensitivity::sensitivity(ctx, &mut model, params, &prepared, options, watch)?)
        }
    };
    let used_lag = match options.used {
        true => used::used(ctx, &mut model, params, &prepared, options, watch)?,
        false => Measured::Unknown(Reason::NotAsked),
    };
    Ok(ReachReport {
        number_type: R::NAME.into(),
        options: options.clone(),
        sequences_read: prepared.items.iter().map(|item| item.batch.rows()).sum(),
        lag,
        gates: surveys.stack.report(),
        encoder_gates: surveys.encoder.report(),
        truncation,
        sensitivity,
        used_lag,
    })
}
