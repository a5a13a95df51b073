//! All measurements of [`credit`](super), one after the other.

use super::chain::no_chain;
use super::gates::{Survey, Surveys};
use super::prepare::prepare;
use super::watch::{Cancelled, Stage, Watch};
use super::{lag, sensitivity, truncation, used};
use crate::batch::Source;
use crate::bptt::Pass;
use crate::cell::Real;
use crate::model::pooling::Pooling;
use crate::model::{Model, ModelSpec};
use crate::params::Params;
use longspan_kernel::Context;
use longspan_record::credit::{CreditOptions, CreditReport, Measured, Reason};

/// Measures weights on a source, starting with its first window, without dropout.
///
/// Lags are counted along one chain of states. For a bidirectional model or an encoder–decoder only the gates
/// are measured.
///
/// # Errors
/// [`Cancelled`] if `watch` says so.
///
/// # Panics
/// If the weights belong to another model.
pub fn measure<R: Real>(
    ctx: &Context<R>,
    spec: &ModelSpec,
    params: &Params<R>,
    source: &dyn Source,
    options: &CreditOptions,
    watch: &mut Watch<'_>,
) -> Result<CreditReport, Cancelled> {
    let mut model = Model::new(ctx.instruction_set(), spec);
    assert_eq!(**model.layout(), **params.layout(), "the weights belong to another model");
    // The backward pass overwrites the weights that were packed for the forward pass, so they are packed
    // again before every pass that follows one.
    model.pack(ctx, params);
    let prepared = prepare(ctx, &mut model, params, source, options, watch)?;

    let no_chain = no_chain(spec);
    let mut surveys = Surveys {
        encoder: Survey::new(spec.cell, spec.encoder.map_or(0, |_| spec.layers), spec.hidden),
        stack: Survey::new(spec.cell, model.states(), spec.hidden),
    };
    let mut grads = Params::zeros(params.layout().clone());
    for (done, item) in prepared.items.iter().enumerate() {
        watch.step(Stage::Survey, done, prepared.items.len())?;
        grads.clear();
        let mut state = item.before.clone();
        model.pack(ctx, params);
        let pass = &mut Pass::new(ctx, params).observed_by(&mut surveys);
        model.train(pass, &item.batch, &mut state, &mut grads);
    }
    let lag = match options.lag {
        true => lag::lag(ctx, &mut model, params, &prepared, &surveys.stack.scales(), options, watch)?,
        false => Measured::Unknown(Reason::NotAsked),
    };
    let truncation = match (no_chain, spec.pool) {
        (Some(reason), _) => Measured::Unknown(reason),
        (None, Pooling::Mean | Pooling::BothEnds) => Measured::Unknown(Reason::MeanReadout),
        (None, Pooling::Last) => watch.within_limit(|watch| {
            truncation::truncation(ctx, &mut model, params, &prepared, options, watch)
        })?,
    };
    let sensitivity = match (no_chain, options.sensitivity_sequences) {
        (Some(reason), _) => Measured::Unknown(reason),
        (None, 0) => Measured::Unknown(Reason::NotAsked),
        (None, _) => watch.within_limit(|watch| {
            sensitivity::sensitivity(ctx, &mut model, params, &prepared, options, watch).map(Measured::Known)
        })?,
    };
    let used_lag = match options.used {
        true => watch.within_limit(|watch| used::used(ctx, &mut model, params, &prepared, options, watch))?,
        false => Measured::Unknown(Reason::NotAsked),
    };
    Ok(CreditReport {
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
