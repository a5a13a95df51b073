//! What the rules read off the evidence.

use super::evidence::Evidence;
use longspan_record::credit::{CreditReport, GateSummary, LagReport};
use longspan_record::{Snapshot, StepRecord};

/// How far a gate is stuck.
pub(super) struct GateShare {
    pub(super) layer: usize,
    pub(super) name: String,
    pub(super) closed: f64,
    pub(super) open: f64,
}

/// How far an activation is saturated, or 0.
pub(super) struct ActivationShare {
    pub(super) layer: usize,
    pub(super) name: String,
    pub(super) share: f64,
    /// Units that are so at every place.
    pub(super) units: usize,
}

/// Steps below which nothing is said of how a run goes on.
pub(super) const LEAST_STEPS: usize = 20;

impl Evidence {
    /// The last quarter of the steps, where a run has settled; at least eight.
    pub(super) fn late(&self) -> &[StepRecord] {
        let count = (self.steps.len() / 4).max(8).min(self.steps.len());
        &self.steps[self.steps.len() - count..]
    }

    /// The loss at the end: of the last validation, else the median of late steps.
    pub(super) fn late_loss(&self) -> Option<f64> {
        match self.valid.last() {
            Some(score) => Some(score.loss),
            None => median(self.late().iter().map(|step| step.loss)),
        }
    }

    /// The best loss that was reached: of a validation, or a median of neighbouring steps.
    pub(super) fn best_loss(&self) -> Option<f64> {
        let steps = self.steps.chunks(LEAST_STEPS).filter(|part| part.len() == LEAST_STEPS);
        let trained = steps.filter_map(|part| median(part.iter().map(|step| step.loss)));
        let valid = self.valid.iter().map(|score| score.loss).filter(|loss| loss.is_finite());
        valid.chain(trained).reduce(f64::min)
    }

    /// The best loss over that of chance: 1 where nothing was learned.
    pub(super) fn learned_ratio(&self) -> Option<f64> {
        let chance = self.facts.chance_loss;
        (chance > 0.0 && chance.is_finite()).then_some(())?;
        Some(self.best_loss()? / chance)
    }

    /// Closer looks.
    pub(super) fn snapshots(&self) -> impl Iterator<Item = &Snapshot> + Clone {
        self.steps.iter().filter_map(|step| step.snapshot.as_ref())
    }

    /// How far the gradient reaches, where that was measured.
    pub(super) fn reach(&self) -> Option<&CreditReport> {
        self.probe.as_ref()?.reach.as_ref()
    }

    /// The gates, of a probe or the last look that has them; None where neither was made.
    pub(super) fn gates(&self) -> Option<Vec<GateShare>> {
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
    pub(super) fn activations(&self) -> Option<Vec<ActivationShare>> {
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
    pub(super) fn lag(&self) -> Option<&LagReport> {
        self.reach()?.lag.known()
    }

    /// log10 of ‖∂ℒ/∂h_1‖ / ‖∂ℒ/∂h_T‖: the median of late steps, of the layer in which most survives.
    pub(super) fn survival(&self) -> Option<f64> {
        let layers = self.late().last()?.log10_survival.len();
        let of = |layer: usize| {
            median(self.late().iter().filter_map(|step| step.log10_survival.get(layer).copied()))
        };
        (0..layers).filter_map(of).reduce(f64::max)
    }

    /// Median of log10 of the global norm before clipping.
    pub(super) fn log10_norm(&self) -> Option<f64> {
        median(self.steps.iter().map(|step| step.log10_global_norm).filter(|norm| norm.is_finite()))
    }

    /// Share of the steps that were clipped.
    pub(super) fn clipped_share(steps: &[StepRecord]) -> f64 {
        steps.iter().filter(|step| step.clipped).count() as f64 / steps.len().max(1) as f64
    }
}

/// The median; None of nothing. −∞ counts, what is not a number does not.
pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which a share lies.
pub(super) fn quantile(values: impl Iterator<Item = f64>, share: f64) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|x| !x.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((share * last as f64).round() as usize).copied()
}

/// A number with two digits, as text.
pub(super) fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e5).contains(&size) => format!("{x:.1e}"),
        size if size >= 100.0 => format!("{x:.0}"),
        _ => {
            let digits = (1 - x.abs().log10().floor() as i32).max(0) as usize;
            format!("{x:.digits$}")
        }
    }
}

/// A loss beside that of chance: "93 % of chance", or "1.2e20 times chance".
pub(super) fn of_chance(ratio: f64) -> String {
    if ratio < 10.0 {
        format!("{:.0} % of chance", 100.0 * ratio)
    } else {
        format!("{} times chance", short(ratio))
    }
}

/// A setting as a person would write it: one digit.
pub(super) fn setting(x: f64) -> String {
    let rounded = format!("{x:.0e}").parse::<f64>().unwrap_or(x);
    if (0.01..10_000.0).contains(&rounded) { format!("{rounded}") } else { format!("{rounded:e}") }
}
