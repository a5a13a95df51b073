//! Quantities that several rules derive from the evidence.

use longspan_record::credit::{CreditReport, GateSummary, LagReport};
use longspan_record::{Snapshot, StepRecord};

use crate::evidence::Evidence;
use crate::language::Text;

/// Shares of closed and open values of a gate.
pub(crate) struct GateShare {
    pub(crate) layer: usize,
    pub(crate) name: String,
    pub(crate) closed: f64,
    pub(crate) open: f64,
}

/// Share of saturated values of an activation.
pub(crate) struct ActivationShare {
    pub(crate) layer: usize,
    pub(crate) name: String,
    pub(crate) share: f64,
    /// Number of units that are saturated at every position.
    pub(crate) units: usize,
}

/// Number of steps below which no rule judges a run.
pub(crate) const LEAST_STEPS: usize = 20;

/// The reason for the confidence in shares of gates and activations.
pub(crate) const COUNTED: Text = Text {
    en: "all positions of a batch were counted, at up to 16 of its steps",
    zh: "统计了一批数据在至多 16 个时间步上的所有位置",
};

impl Evidence {
    /// The last quarter of the steps, at least eight, when the run has settled.
    pub(crate) fn late(&self) -> &[StepRecord] {
        let count = (self.steps.len() / 4).max(8).min(self.steps.len());
        &self.steps[self.steps.len() - count..]
    }

    /// Best loss: of a validation if there is one, otherwise a median of consecutive training steps. The two are never
    /// compared with each other.
    pub(crate) fn best_loss(&self) -> Option<f64> {
        let valid = self.valid.iter().map(|score| score.loss).filter(|loss| loss.is_finite());
        valid.reduce(f64::min).or_else(|| {
            let steps = self.steps.chunks_exact(LEAST_STEPS);
            steps.filter_map(|part| median(part.iter().map(|step| step.loss))).reduce(f64::min)
        })
    }

    /// Best loss over the baseline: 1 if nothing was learned.
    pub(crate) fn learned_ratio(&self) -> Option<f64> {
        let baseline = self.facts.baseline_loss;
        (baseline > 0.0 && baseline.is_finite()).then_some(())?;
        Some(self.best_loss()? / baseline)
    }

    /// Snapshots.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = &Snapshot> + Clone {
        self.steps.iter().filter_map(|step| step.snapshot.as_ref())
    }

    /// How far the gradient reaches, if it was measured.
    pub(crate) fn reach(&self) -> Option<&CreditReport> {
        self.probe.as_ref()?.reach.as_ref()
    }

    /// Gates of a probe, or else of the last snapshot that has them; None if there is neither.
    pub(crate) fn gates(&self) -> Option<Vec<GateShare>> {
        if let Some(reach) = self.reach() {
            let of = |layer: usize, gate: &GateSummary| GateShare {
                layer,
                name: gate.gate.clone(),
                closed: gate.closed_share,
                open: gate.open_share,
            };
            let gates = reach.gates.iter().chain(&reach.encoder_gates).flat_map(|layer| {
                layer.gates.known().into_iter().flatten().map(move |gate| of(layer.layer, gate))
            });
            return Some(gates.collect());
        }
        let snapshot = self.snapshots().filter(|snapshot| !snapshot.layers.is_empty()).last()?;
        let gates = snapshot.layers.iter().flat_map(|layer| {
            layer.gates.iter().map(|gate| GateShare {
                layer: layer.layer,
                name: gate.gate.clone(),
                closed: gate.closed_share,
                open: gate.open_share,
            })
        });
        Some(gates.collect())
    }

    /// The activations, as [`Evidence::gates`].
    pub(crate) fn activations(&self) -> Option<Vec<ActivationShare>> {
        if let Some(reach) = self.reach() {
            let activations = reach.gates.iter().chain(&reach.encoder_gates).flat_map(|layer| {
                layer.activations.known().into_iter().flatten().map(|activation| ActivationShare {
                    layer: layer.layer,
                    name: activation.activation.clone(),
                    share: activation.saturated_share,
                    units: activation.saturated_units,
                })
            });
            return Some(activations.collect());
        }
        let snapshot = self.snapshots().filter(|snapshot| !snapshot.layers.is_empty()).last()?;
        let activations = snapshot.layers.iter().flat_map(|layer| {
            layer.activations.iter().map(|activation| ActivationShare {
                layer: layer.layer,
                name: activation.activation.clone(),
                share: activation.saturated_share,
                units: activation.saturated_units,
            })
        });
        Some(activations.collect())
    }

    /// The lag profile.
    pub(crate) fn lag(&self) -> Option<&LagReport> {
        self.reach()?.lag.known()
    }

    /// Median of log10 of the global norm before clipping.
    pub(crate) fn log10_norm(&self) -> Option<f64> {
        median(self.steps.iter().map(|step| step.log10_global_norm).filter(|norm| norm.is_finite()))
    }

    /// Share of the steps that were clipped.
    pub(crate) fn clipped_share(steps: &[StepRecord]) -> f64 {
        steps.iter().filter(|step| step.clipped).count() as f64 / steps.len().max(1) as f64
    }
}

/// Median; None if there are no values. −∞ counts, NaN does not.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    quantile(values, 0.5)
}

/// Quantile: a `share` of the values is below it.
pub(crate) fn quantile(values: impl Iterator<Item = f64>, share: f64) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|x| !x.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((share * last as f64).round() as usize).copied()
}
