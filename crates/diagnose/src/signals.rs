//! What the rules read off the evidence.

use longspan_record::credit::{CreditReport, GateSummary, LagReport};
use longspan_record::{Snapshot, StepRecord};

use crate::evidence::Evidence;
use crate::language::Text;

/// How far a gate is stuck.
pub(crate) struct GateShare {
    pub(crate) layer: usize,
    pub(crate) name: String,
    pub(crate) closed: f64,
    pub(crate) open: f64,
}

/// How far an activation is saturated, or 0.
pub(crate) struct ActivationShare {
    pub(crate) layer: usize,
    pub(crate) name: String,
    pub(crate) share: f64,
    /// Units that are so at every place.
    pub(crate) units: usize,
}

/// Steps below which nothing is said of a run.
pub(crate) const LEAST_STEPS: usize = 20;

/// Why shares of gates and activations are certain.
pub(crate) const COUNTED: Text = Text {
    en: "all positions of a batch were counted, at up to 16 of its steps",
    zh: "统计了一批数据在至多 16 个时间步上的所有位置",
};

impl Evidence {
    /// The last quarter of the steps, where a run has settled; at least eight.
    pub(crate) fn late(&self) -> &[StepRecord] {
        let count = (self.steps.len() / 4).max(8).min(self.steps.len());
        &self.steps[self.steps.len() - count..]
    }

    /// The loss at the end: of the last validation, else the median of late steps.
    pub(crate) fn late_loss(&self) -> Option<f64> {
        match self.valid.last() {
            Some(score) => Some(score.loss),
            None => median(self.late().iter().map(|step| step.loss)),
        }
    }

    /// The best loss that was reached: of a validation, or a median of neighbouring steps.
    pub(crate) fn best_loss(&self) -> Option<f64> {
        let steps = self.steps.chunks(LEAST_STEPS).filter(|part| part.len() == LEAST_STEPS);
        let trained = steps.filter_map(|part| median(part.iter().map(|step| step.loss)));
        let valid = self.valid.iter().map(|score| score.loss).filter(|loss| loss.is_finite());
        valid.chain(trained).reduce(f64::min)
    }

    /// The best loss over that of the baseline: 1 where nothing was learned.
    pub(crate) fn learned_ratio(&self) -> Option<f64> {
        let baseline = self.facts.baseline_loss;
        (baseline > 0.0 && baseline.is_finite()).then_some(())?;
        Some(self.best_loss()? / baseline)
    }

    /// Closer looks.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = &Snapshot> + Clone {
        self.steps.iter().filter_map(|step| step.snapshot.as_ref())
    }

    /// How far the gradient reaches, where that was measured.
    pub(crate) fn reach(&self) -> Option<&CreditReport> {
        self.probe.as_ref()?.reach.as_ref()
    }

    /// The gates, of a probe or the last look that has them; None where neither was made.
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
        let look = self.snapshots().filter(|look| !look.layers.is_empty()).last()?;
        let gates = look.layers.iter().flat_map(|layer| {
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
        let look = self.snapshots().filter(|look| !look.layers.is_empty()).last()?;
        let activations = look.layers.iter().flat_map(|layer| {
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

    /// log10 of ‖∂ℒ/∂h_1‖ / ‖∂ℒ/∂h_T‖: the median of late steps, of the layer in which most survives.
    pub(crate) fn survival(&self) -> Option<f64> {
        let layers = self.late().last()?.log10_survival.len();
        let of = |layer: usize| {
            median(self.late().iter().filter_map(|step| step.log10_survival.get(layer).copied()))
        };
        (0..layers).filter_map(of).reduce(f64::max)
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

/// The median; None of nothing. −∞ counts, what is not a number does not.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which a share lies.
pub(crate) fn quantile(values: impl Iterator<Item = f64>, share: f64) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|x| !x.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((share * last as f64).round() as usize).copied()
}
