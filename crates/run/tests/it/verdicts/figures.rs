//! A few numbers about a run, each by its definition. They show whether a run has the fault that was
//! injected.

use longspan::cell::CellKind;
use longspan_record::Snapshot;
use longspan_record::credit::{LagReport, LayerGates};

use super::trace::Trace;

/// The numbers; NaN if there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Loss of the last validation over the baseline loss.
    pub(crate) loss_ratio: f64,
    /// Median of the global norm over all steps.
    pub(crate) norm: f64,
    /// Largest global norm over the median.
    pub(crate) tail: f64,
    /// Share of steps that were clipped.
    pub(crate) clipped: f64,
    /// Largest ln G.
    pub(crate) ln_growth: f64,
    /// H at 1 %.
    pub(crate) horizon: f64,
    /// The largest Lyapunov exponent.
    pub(crate) exponent: f64,
    /// Largest share of saturated tanh values, and of dead relu units, of any layer and activation.
    pub(crate) saturated: f64,
    pub(crate) dead: f64,
    /// Largest share of positions at which a gate is closed, or open.
    pub(crate) stuck: f64,
    /// Sensitivity to the recurrent weights after the largest number of steps, over that after 2 steps.
    pub(crate) sensitivity: f64,
    /// ln ‖δ^0‖ − ln ‖δ^L‖; NaN with one layer.
    pub(crate) ln_depth: f64,
    /// ln G at the needed lag, or at the last one.
    pub(crate) ln_at_need: f64,
    /// The largest log10 of ‖Δw‖ / ‖w‖ in a snapshot.
    pub(crate) log10_largest_update: f64,
    /// Medians over the snapshots. Of inputs: the rms or |mean|, whichever is larger; then the share of
    /// filled positions, and the share of rows without targets.
    pub(crate) input: f64,
    pub(crate) filled: f64,
    pub(crate) unscored: f64,
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Figures {
    pub(crate) fn of(trace: &Trace) -> Self {
        let norms: Vec<f64> = trace.steps.iter().map(|s| 10f64.powf(s.log10_global_norm)).collect();
        let norm = median(norms.clone());
        let reach = trace.reach.as_ref();
        let lag: Option<&LagReport> = reach.and_then(|reach| reach.lag.known());
        let profile = lag.map(|lag| &lag.total.ratio.ln_median);
        let gates = || reach.into_iter().flat_map(|reach| &reach.gates);
        let activations = |of: &dyn Fn(&LayerGates, usize) -> Vec<f64>| {
            gates().flat_map(|layer| of(layer, trace.spec.hidden)).fold(f64::NAN, f64::max)
        };
        let snapshots = || trace.steps.iter().filter_map(|step| step.snapshot.as_ref());
        let of_snapshots = |of: &dyn Fn(&Snapshot) -> f64| median(snapshots().map(of).collect());
        let relu = matches!(trace.spec.cell, CellKind::Relu);
        let sensitivity = reach.and_then(|reach| reach.sensitivity.known()).map_or(f64::NAN, |points| {
            let early = points.iter().find(|p| p.steps == 2).or(points.first());
            early.map_or(f64::NAN, |early| points[points.len() - 1].recurrent_rms / early.recurrent_rms)
        });
        Self {
            loss_ratio: trace.valid.last().map_or(f64::NAN, |score| score.loss / trace.chance_loss),
            norm,
            tail: norms.iter().copied().fold(0.0, f64::max) / norm,
            clipped: trace.steps.iter().filter(|s| s.clipped).count() as f64 / trace.steps.len() as f64,
            ln_growth: profile.map_or(f64::NAN, |p| p.iter().copied().fold(f64::NAN, f64::max)),
            horizon: lag.map_or(f64::NAN, |lag| lag.total.horizon.steps as f64),
            exponent: trace.spectrum.as_ref().map_or(f64::NAN, |s| s.exponents_nats_per_step[0]),
            saturated: activations(&|layer, _| match relu {
                true => Vec::new(),
                false => layer.activations.known().into_iter().flatten().map(|a| a.saturated_share).collect(),
            }),
            dead: activations(&|layer, hidden| match relu {
                false => Vec::new(),
                true => {
                    let known = layer.activations.known().into_iter().flatten();
                    known.map(|a| a.saturated_units as f64 / hidden as f64).collect()
                }
            }),
            stuck: activations(&|layer, _| {
                let known = layer.gates.known().into_iter().flatten();
                known.map(|g| g.closed_share.max(g.open_share)).collect()
            }),
            sensitivity,
            ln_depth: lag.map_or(f64::NAN, |lag| {
                if lag.layers.len() < 2 { f64::NAN } else { lag.depth.ln_layer_ratio[0] }
            }),
            ln_at_need: profile
                .map_or(f64::NAN, |p| p[trace.need_steps.unwrap_or(p.len() - 1).min(p.len() - 1)]),
            log10_largest_update: snapshots()
                .map(|snapshot| snapshot.log10_update_ratio)
                .fold(f64::NAN, f64::max),
            input: of_snapshots(&|snapshot| {
                snapshot.batch.input.as_ref().map_or(f64::NAN, |i| i.rms.max(i.mean.abs()))
            }),
            filled: of_snapshots(&|snapshot| {
                snapshot.batch.filled_positions as f64 / snapshot.batch.positions as f64
            }),
            unscored: of_snapshots(&|snapshot| {
                snapshot.batch.unscored_rows as f64 / snapshot.batch.rows as f64
            }),
        }
    }
}
