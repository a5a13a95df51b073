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
mod keep;
mod lag;
mod measured;
mod order;
mod piece;
mod prepare;
mod profile;
mod recorder;
mod sensitivity;
mod truncation;
mod used;

pub use decay::Decay;
pub use gates::{ActivationSummary, Forgetting, GateSummary, LayerGates};
pub use horizon::{Horizon, horizon};
pub use lag::{Depth, Exponent, LagReport, LayerReach, Reach};
pub use measured::{Measured, Reason};
pub use profile::Profile;
pub use recorder::{Recorder, Sample, Series, UnitScale};
pub use sensitivity::Sensitivity;
pub use truncation::TruncationBias;
pub use used::{AddedLoss, Spoil, UsedLag};

use gates::Survey;
use prepare::prepare;
use truncation::Truncations;

use serde::{Deserialize, Serialize};

use crate::data::Source;
use crate::kernel::Context;
use crate::model::{Model, ModelSpec};
use crate::params::Params;
use crate::pool::Pool;
use crate::real::Real;

/// What is measured, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReachOptions {
    /// Seed of anchors, resamples, signs and orders.
    pub seed: u64,
    /// Independent sequences to measure at.
    pub sequences: usize,
    /// Fewer of them than this are not enough.
    pub least_sequences: usize,
    /// Anchors of a sequence, each a pass of its own.
    pub anchors: usize,
    /// W, in steps; None for as many as half of the sequences have before their last scored step, at most 1000. In windows of one
    /// length the anchors are the last steps then: a smaller W leaves a choice.
    pub window: Option<usize>,
    /// ε of the horizon.
    pub epsilon: f64,
    /// R of its interval.
    pub resamples: usize,
    /// Whether the lag profile is measured.
    pub lag: bool,
    /// K of the truncations.
    pub truncations: Vec<usize>,
    /// Batches that these are compared on, at most.
    pub truncation_batches: usize,
    /// Sequences that the sensitivity is the mean over, each run alone; 0 leaves it out.
    pub sensitivity_sequences: usize,
    /// Whether the used lag is measured.
    pub used: bool,
    /// What spoils older inputs.
    pub spoil: Spoil,
    /// η of the used lag.
    pub eta: f64,
}

impl Default for ReachOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            sequences: 64,
            least_sequences: 16,
            anchors: 1,
            window: None,
            epsilon: 0.01,
            resamples: 1000,
            lag: true,
            truncations: vec![8, 16, 32, 64, 128, 256, 512],
            truncation_batches: 8,
            sensitivity_sequences: 16,
            used: true,
            spoil: Spoil::Shuffle,
            eta: 0.01,
        }
    }
}

/// All that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReachReport {
    /// "F64" or "F32".
    pub number_type: String,
    /// What was asked for.
    pub options: ReachOptions,
    /// Sequences that were read.
    pub sequences_read: usize,
    /// The lag profile.
    pub lag: Measured<LagReport>,
    /// The gates, layer by layer: of all that the readout goes back to, which behind an encoder is the decoder.
    pub gates: Vec<LayerGates>,
    /// Those of the encoder's layers, where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encoder_gates: Vec<LayerGates>,
    /// The bias of truncations, K ascending.
    pub truncation: Measured<Vec<TruncationBias>>,
    /// The sensitivity to the weights, steps ascending.
    pub sensitivity: Measured<Vec<Sensitivity>>,
    /// The used lag.
    pub used_lag: Measured<UsedLag>,
}

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
    let mut survey = Survey::new(spec.cell, model.states(), spec.hidden);
    let encoded_layers = spec.encoder.map_or(0, |_| spec.layers);
    let mut encoder_survey = Survey::new(spec.cell, encoded_layers, spec.hidden);
    let mut lengths = options.truncations.clone();
    lengths.sort_unstable();
    let mut truncations = Truncations::new(lengths.into_iter().filter(|&k| k > 0), params);
    let mut grads = Params::zeros(params.layout().clone());
    for (done, item) in prepared.items.iter().enumerate() {
        watch.step(Stage::Survey, done, prepared.items.len())?;
        grads.clear();
        let mut state = item.before.clone();
        model.pack(ctx, params);
        // The steps of an encoder come before those of the batch.
        let first = item.batch.encoded.extent.steps();
        model.train(
            ctx,
            params,
            &item.batch,
            &mut state,
            None,
            &mut grads,
            &mut |flow| match flow.t < first {
                true => encoder_survey.see(&flow),
                false => survey.see(&flow),
            },
        );
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
        true => lag::lag(ctx, &mut model, params, &prepared, &survey.scales(), options, watch)?,
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
        gates: survey.report(),
        encoder_gates: encoder_survey.report(),
        truncation,
        sensitivity,
        used_lag,
    })
}
