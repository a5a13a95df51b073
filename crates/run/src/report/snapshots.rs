//! The snapshots of a run over training: gates, activations, and the gradient share of each tensor.

use longspan_record::{Snapshot, StepRecord};
use serde::Serialize;

/// Upper limit of the points of a curve.
const MOST: usize = 240;

/// Snapshots over training steps. If there are more than fit, each point is the mean of neighbouring
/// snapshots.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Looks {
    /// The last step of each point.
    pub step: Vec<u64>,
    /// Mean log10 of ‖Δw‖ / ‖w‖ of all weights.
    pub update: Vec<f64>,
    /// Every number of a snapshot.
    pub series: Vec<Series>,
}

/// One number of a snapshot, over training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// "share" or "update" of a tensor; "mean", "closed" or "open" of a gate; "saturated" of an activation.
    pub kind: &'static str,
    /// Its layer; None for a tensor.
    pub layer: Option<usize>,
    /// The name of its tensor, gate or activation.
    pub name: String,
    /// Its value at each point; None if it is not finite.
    pub values: Vec<Option<f64>>,
}

impl Looks {
    /// The snapshots at these steps; None if there are none.
    pub fn of(steps: &[StepRecord]) -> Option<Self> {
        let snapshots: Vec<(u64, &Snapshot)> =
            steps.iter().filter_map(|step| Some((step.step, step.snapshot.as_ref()?))).collect();
        let first = snapshots.first()?.1;
        let mut made = Self { step: Vec::new(), update: Vec::new(), series: Vec::new() };
        for (kind, layer, name, _) in numbers(first) {
            made.series.push(Series { kind, layer, name: name.to_owned(), values: Vec::new() });
        }
        for part in snapshots.chunks(snapshots.len().div_ceil(MOST)) {
            made.step.push(part[part.len() - 1].0);
            let updates = part.iter().map(|(_, snapshot)| snapshot.log10_update_ratio);
            made.update.push(updates.sum::<f64>() / part.len() as f64);
            let mut sums = vec![(0.0, 0usize); made.series.len()];
            for (_, snapshot) in part {
                // All snapshots of a run have the same numbers in the same order.
                for (sum, (.., value)) in sums.iter_mut().zip(numbers(snapshot)) {
                    if value.is_finite() {
                        *sum = (sum.0 + value, sum.1 + 1);
                    }
                }
            }
            for (series, (sum, count)) in made.series.iter_mut().zip(sums) {
                series.values.push((count > 0).then(|| rounded(sum / count as f64)));
            }
        }
        Some(made)
    }
}

/// Every number of a snapshot, with its kind, layer and name.
fn numbers(snapshot: &Snapshot) -> Vec<(&'static str, Option<usize>, &str, f64)> {
    let mut all = Vec::new();
    for tensor in &snapshot.tensors {
        all.push(("share", None, tensor.name.as_str(), tensor.share));
        all.push(("update", None, tensor.name.as_str(), tensor.log10_update_ratio));
    }
    for layer in &snapshot.layers {
        for gate in &layer.gates {
            let name = gate.gate.as_str();
            all.push(("mean", Some(layer.layer), name, gate.mean_openness));
            all.push(("closed", Some(layer.layer), name, gate.closed_share));
            all.push(("open", Some(layer.layer), name, gate.open_share));
        }
        for activation in &layer.activations {
            let name = activation.activation.as_str();
            all.push(("saturated", Some(layer.layer), name, activation.saturated_share));
        }
    }
    all
}

/// A number, rounded for a screen.
fn rounded(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;
    use longspan_record::{GateRecord, LayerRecord, TensorRecord};

    #[test]
    fn many_snapshots_are_averaged() {
        let snapshot = |step: u64| Snapshot {
            log10_update_ratio: -3.0,
            tensors: vec![TensorRecord {
                name: "w".into(),
                share: (step % 2) as f64,
                log10_update_ratio: f64::NEG_INFINITY,
                rms: None,
            }],
            layers: vec![LayerRecord {
                layer: 1,
                gates: vec![GateRecord {
                    gate: "f".into(),
                    mean_openness: 0.5,
                    closed_share: 0.25,
                    open_share: 0.0,
                }],
                ..LayerRecord::default()
            }],
            ..Snapshot::default()
        };
        let steps: Vec<_> = (1..=960)
            .map(|step| StepRecord {
                step,
                snapshot: (step % 2 == 0 || step < 481).then(|| snapshot(step)),
                ..StepRecord::default()
            })
            .collect();
        let snapshots = Looks::of(&steps).expect("snapshots");
        assert_eq!((snapshots.step.len(), snapshots.step[239], snapshots.series.len()), (240, 960, 5));
        let of = |kind: &str| snapshots.series.iter().find(|series| series.kind == kind).expect("a series");
        assert_eq!(of("share").values[0], Some(0.6667), "of steps 1 to 3");
        assert_eq!((of("update").values[0], of("closed").layer), (None, Some(1)));
        assert_eq!(Looks::of(&[StepRecord::default()]), None);
    }
}
