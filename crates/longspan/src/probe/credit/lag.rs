//! The lag profile: the share of one loss's gradient that is left τ steps before it.
//!
//! ```text
//! G(τ)     = ‖δ_{t−τ}‖ / ‖δ_t‖           δ = (δ_h, δ_c) of the single loss ℓ_t; G(0) = 1; over all layers, and per layer
//! G_h(τ)   = ‖δ_{h,t−τ}‖ / ‖δ_{h,t}‖     G_c(τ) = ‖δ_{c,t−τ}‖ / ‖δ_{h,t}‖
//! G_D(τ)   = ‖D δ_{t−τ}‖ / ‖D δ_t‖       every unit scaled by its magnitude on the data, so that h and c can be compared
//! keep     = ‖K_τ‖ / ‖δ_t‖               along the direct path from state to state; rest = ‖δ_{t−τ} − K_τ‖ / ‖δ_t‖
//! exponent = (1/τ) ln G(τ)               in nats per step, along the direction of the gradient, as training sees it
//! depth    = ‖δ^l_t‖ / ‖δ^L_t‖           within the anchor's step, from layer to layer
//! ```
//!
//! δ_h and δ_c are state-space gradients (h and c are independent: δ_c = 0 at the anchor). Those of a layer
//! below the top are total derivatives over the layers' paths, see [`Recorder`]. The anchors t ≥ W are the
//! same for all τ. All values are stored as logarithms. G without D adds h and c without scaling; exponents
//! do not depend on that, horizons do.

use super::decay::decay;
use super::piece::{alone, piece};
use super::prepare::Prepared;
use super::recorder::{Recorder, Sample, Series, UnitScale};
use super::watch::{Cancelled, Stage, Watch};
use crate::bptt::Pass;
use crate::cell::Real;
use crate::lag::order::{ln_hypot, median, quantile};
use crate::lag::{HorizonOptions, horizon, quantiles};
use crate::model::Model;
use crate::params::Params;
use longspan_kernel::Context;
use longspan_record::credit::{
    CreditOptions, Depth, Exponent, LagReport, LayerReach, Measured, Profile, Reach, Reason,
};

/// Samples, and the sequence of each.
struct Samples {
    samples: Vec<Sample>,
    sequence_of: Vec<usize>,
}

/// Measures the lag profile at the anchors.
pub(super) fn lag<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    prepared: &Prepared<R>,
    scales: &[UnitScale],
    options: &CreditOptions,
    watch: &mut Watch<'_>,
) -> Result<Measured<LagReport>, Cancelled> {
    if let Some(reason) = prepared.no_anchors {
        return Ok(Measured::Unknown(reason));
    }
    let spec = model.spec().clone();
    let shape = (spec.cell, spec.layers, spec.hidden);
    let mut all = Samples { samples: Vec::new(), sequence_of: Vec::new() };
    let mut grads = Params::zeros(params.layout().clone());
    for (done, item) in prepared.items.iter().enumerate() {
        for anchors in &item.anchors {
            watch.step(Stage::Lag, done, prepared.items.len())?;
            let Some(last) = anchors.iter().flatten().max() else { continue };
            let batch = alone(&item.batch, anchors);
            let batch = piece(&batch, 0, last + 1);
            let mut recorder =
                Recorder::new(ctx.instruction_set(), shape, params, anchors, prepared.window, Some(scales));
            let mut state = item.before.clone();
            model.pack(ctx, params);
            let pass = &mut Pass::new(ctx, params).observed_by(&mut recorder);
            model.train(pass, &batch, &mut state, &mut grads);
            for sample in recorder.finish() {
                all.sequence_of.push(item.first_sequence + sample.row);
                all.samples.push(sample);
            }
        }
    }
    watch.step(Stage::Intervals, 0, 1)?;
    let least = if R::NAME == "F32" { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    Ok(report(all, least.ln(), spec.hidden, prepared.window, options))
}

fn report(
    all: Samples,
    ln_least: f64,
    hidden: usize,
    window: usize,
    options: &CreditOptions,
) -> Measured<LagReport> {
    let anchors = all.samples.len();
    let layers_of = all.samples.iter().flat_map(|sample| &sample.layers);
    if layers_of.flat_map(|series| series.hidden.iter().chain(&series.cell)).any(|ln| ln.is_nan()) {
        return Measured::Unknown(Reason::NotANumber);
    }
    let (mut samples, mut sequence_of) = (Vec::new(), Vec::new());
    for (sample, sequence) in all.samples.into_iter().zip(all.sequence_of) {
        if sample.ln_largest.is_finite() {
            samples.push(sample);
            sequence_of.push(sequence);
        }
    }
    let all = Samples { samples, sequence_of };
    let Some(first) = all.samples.first() else { return Measured::Unknown(Reason::ZeroGradient) };
    let layers = first.layers.len();
    let over_layers = |sample: &Sample, of: fn(&Series) -> Vec<f64>| {
        let mut sum = vec![f64::NEG_INFINITY; window + 1];
        for series in &sample.layers {
            sum.iter_mut().zip(of(series)).for_each(|(sum, ln)| *sum = ln_hypot(*sum, ln));
        }
        sum
    };
    let reach = |state: &dyn Fn(&Sample) -> Vec<f64>, scaled: &dyn Fn(&Sample) -> Vec<f64>, units: usize| {
        all.reach(state, scaled, ln_least + 0.5 * (units as f64).ln(), options)
    };
    let total = reach(
        &|sample| over_layers(sample, Series::state),
        &|sample| over_layers(sample, |series| series.scaled.clone()),
        layers * hidden,
    );
    let Some(total) = total else { return Measured::Unknown(Reason::ZeroGradient) };
    let of_layer = |l: usize| {
        let of = |sample: &Sample| sample.layers[l].state();
        let state = reach(&of, &|sample| sample.layers[l].scaled.clone(), hidden)?;
        // All norms of a layer are divided by the norm at the anchor, which for δ_c is ‖δ_h‖.
        let part = |of: fn(&Series) -> &Vec<f64>| {
            all.profile(&|sample| of(&sample.layers[l]).clone(), &|sample| sample.layers[l].hidden[0])
        };
        let where_there = |of: fn(&Series) -> &Vec<f64>, reason| match of(&first.layers[l]).is_empty() {
            true => Measured::Unknown(reason),
            false => part(of).map_or(Measured::Unknown(Reason::ZeroGradient), Measured::Known),
        };
        Some(LayerReach {
            layer: l,
            state,
            hidden: part(|series| &series.hidden)?,
            cell: where_there(|series| &series.cell, Reason::NoCell),
            keep_path: where_there(|series| &series.keep, Reason::NoKeepPath),
            rest: where_there(|series| &series.rest, Reason::NoKeepPath),
        })
    };
    let of_top = |of: &dyn Fn(&Sample) -> f64| {
        let top = |sample: &Sample| sample.layers[layers - 1].hidden[0];
        median(&mut all.samples.iter().map(|sample| of(sample) - top(sample)).collect::<Vec<_>>())
    };
    Measured::Known(LagReport {
        window_steps: window,
        sequences: {
            let mut sequences = all.sequence_of.clone();
            sequences.sort_unstable();
            sequences.dedup();
            sequences.len()
        },
        samples: all.samples.len(),
        zero_gradient_anchors: anchors - all.samples.len(),
        lags: (0..=window).collect(),
        total,
        layers: (0..layers)
            .map(|l| of_layer(l).map_or(Measured::Unknown(Reason::ZeroGradient), Measured::Known))
            .collect(),
        depth: Depth {
            ln_layer_ratio: (0..layers).map(|l| of_top(&|sample| sample.layers[l].hidden[0])).collect(),
            ln_input_ratio: of_top(&|sample| sample.ln_input),
        },
    })
}

impl Samples {
    /// Returns, for each sample that has a gradient at its anchor, its index and its series divided by the
    /// norm there.
    fn ratios(
        &self,
        of: &dyn Fn(&Sample) -> Vec<f64>,
        at_anchor: &dyn Fn(&Sample) -> f64,
    ) -> Vec<(usize, Vec<f64>)> {
        let samples = self.samples.iter().enumerate();
        samples
            .filter(|(_, sample)| at_anchor(sample).is_finite())
            .map(|(i, sample)| (i, of(sample).into_iter().map(|ln| ln - at_anchor(sample)).collect()))
            .collect()
    }

    /// Returns None if no sample has a gradient at its anchor.
    fn profile(
        &self,
        of: &dyn Fn(&Sample) -> Vec<f64>,
        at_anchor: &dyn Fn(&Sample) -> f64,
    ) -> Option<Profile> {
        quantiles::of(&self.ratios(of, at_anchor))
    }

    fn reach(
        &self,
        state: &dyn Fn(&Sample) -> Vec<f64>,
        scaled: &dyn Fn(&Sample) -> Vec<f64>,
        ln_least: f64,
        options: &CreditOptions,
    ) -> Option<Reach> {
        let ratios = self.ratios(state, &|sample| state(sample)[0]);
        let ratio = quantiles::of(&ratios)?;
        let norms: Vec<Vec<f64>> = self.samples.iter().map(state).collect();
        let ln_norm: Vec<f64> = (0..ratio.ln_median.len())
            .map(|lag| median(&mut norms.iter().map(|norms| norms[lag]).collect::<Vec<_>>()))
            .collect();
        let ln_largest = median(&mut self.samples.iter().map(|sample| sample.ln_largest).collect::<Vec<_>>());
        let views: Vec<&[f64]> = ratios.iter().map(|(_, ratio)| ratio.as_slice()).collect();
        let sequence_of: Vec<usize> = ratios.iter().map(|(i, _)| self.sequence_of[*i]).collect();
        let &CreditOptions { epsilon, resamples, seed, .. } = options;
        let horizon = horizon(&views, &sequence_of, HorizonOptions { epsilon, resamples, seed })?;
        Some(Reach {
            decay: decay(&ratio.ln_median, &ln_norm, ln_least, ln_largest),
            horizon,
            exponent: exponent(&ratio, &views),
            scaled: self.profile(scaled, &|sample| scaled(sample)[0])?,
            ratio,
        })
    }
}

/// Computes (1/τ) ln G(τ) at the last lag with a finite median.
fn exponent(ratio: &Profile, ln_g: &[&[f64]]) -> Measured<Exponent> {
    let last = ratio.ln_median.iter().rposition(|y| y.is_finite()).unwrap_or(0);
    if last == 0 {
        return Measured::Unknown(Reason::TooFewLags { found_lags: 0, needed_lags: 1 });
    }
    let mut exponents: Vec<f64> = ln_g.iter().map(|ln_g| ln_g[last] / last as f64).collect();
    exponents.sort_by(f64::total_cmp);
    Measured::Known(Exponent {
        lag_steps: last,
        median_nats_per_step: quantile(&exponents, 0.5),
        p05_nats_per_step: quantile(&exponents, 0.05),
        p95_nats_per_step: quantile(&exponents, 0.95),
    })
}
