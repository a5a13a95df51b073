//! The gradient map of a run: profiles reduced to the columns that a screen can show.

use crate::directory::profiles::Profiles;
use longspan_record::{Curve, LayerProfile, ProfileRecord};
use serde::Serialize;

/// Upper limit of the columns.
const MOST: usize = 240;

/// Gradient profiles over training steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flow {
    /// The last training step of each column.
    pub steps: Vec<u64>,
    /// Bins of steps back from the end of the window: bin i has the steps from `edges[i]` to below `edges[i +
    /// 1]`.
    pub edges: Vec<usize>,
    /// The layers, from the lowest.
    pub layers: Vec<LayerPicture>,
}

/// log10 of a gradient norm, `[column][bin]`; None if no gradient arrives or the window is shorter.
pub type Picture = Vec<Vec<Option<f64>>>;

/// The gradient profiles of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerPicture {
    /// The layer, from 0.
    pub layer: usize,
    /// Whether the layer reads rows from the end.
    pub reverse: bool,
    /// log10 of the mean of ‖∂ℒ/∂h_t‖.
    pub hidden: Picture,
    /// log10 of the mean of ‖∂ℒ/∂c_t‖, if the cell has a cell state and it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<Picture>,
    /// log10 of the mean of ‖Γ_t‖, the contribution of a step to the gradient of the recurrent weights, if it
    /// was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<Picture>,
}

impl Flow {
    /// The gradient map of these profiles; None if there are none.
    pub fn of(flows: &Profiles) -> Option<Self> {
        let longest = flows.records.iter().max_by_key(|record| record.edges.len())?;
        let edges = longest.edges.clone();
        // Profiles with other bins cannot share the map.
        let same = |record: &&ProfileRecord| {
            let whole = record.edges.len().saturating_sub(1);
            record.layers.len() == longest.layers.len() && edges.get(..whole) == record.edges.get(..whole)
        };
        let records: Vec<&ProfileRecord> = flows.records.iter().filter(same).collect();
        let columns = || records.chunks(records.len().div_ceil(MOST).max(1));
        let steps = columns().map(|column| column[column.len() - 1].step).collect();
        let layers = longest.layers.iter().enumerate().map(|(at, layer)| {
            let picture = |of: fn(&LayerProfile) -> &Curve| {
                let recorded = records.iter().any(|record| !of(&record.layers[at]).log10_mean.is_empty());
                recorded.then(|| columns().map(|column| mean(column, at, of, edges.len() - 1)).collect())
            };
            let name = layer.name.trim_end_matches("_reverse");
            LayerPicture {
                layer: name.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(at),
                reverse: name != layer.name,
                hidden: picture(|layer| &layer.hidden).unwrap_or_default(),
                cell: picture(|layer| &layer.cell),
                gamma: picture(|layer| &layer.gamma),
            }
        });
        Some(Self { layers: layers.collect(), steps, edges })
    }
}

/// The mean of several profiles of a layer in each bin, rounded for a screen.
fn mean(
    column: &[&ProfileRecord],
    layer: usize,
    of: fn(&LayerProfile) -> &Curve,
    bins: usize,
) -> Vec<Option<f64>> {
    let at = |bin: usize| {
        let values =
            column.iter().filter_map(|record| of(&record.layers[layer]).log10_mean.get(bin).copied());
        let finite: Vec<f64> = values.filter(|x| x.is_finite()).map(f64::from).collect();
        (!finite.is_empty()).then(|| (finite.iter().sum::<f64>() / finite.len() as f64 * 1e2).round() / 1e2)
    };
    (0..bins).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use longspan_record::bin_edges;

    fn record(step: u64, log10: Vec<f32>) -> ProfileRecord {
        let edges = bin_edges(log10.len())[..=log10.len()].to_vec();
        let hidden = Curve { log10_max: log10.clone(), log10_mean: log10 };
        let layers = vec![LayerProfile { name: "l0_reverse".into(), hidden, ..LayerProfile::default() }];
        ProfileRecord { step, steps: edges.len() - 1, edges, layers, ..ProfileRecord::default() }
    }

    #[test]
    fn columns_are_means_and_short_windows_end_with_the_others() {
        let records: Vec<_> = (1..=480)
            .map(|step| match step % 2 {
                0 => record(step, vec![0.0, -2.0, f32::NEG_INFINITY]),
                _ => record(step, vec![1.0]),
            })
            .collect();
        let flow = Flow::of(&Profiles { records, ..Profiles::default() }).unwrap();
        assert_eq!((flow.steps.len(), flow.steps[0], flow.steps[239]), (240, 2, 480));
        assert_eq!((flow.edges, flow.layers.len()), (vec![0, 1, 2, 3], 1));
        let layer = &flow.layers[0];
        assert_eq!((layer.layer, layer.reverse), (0, true));
        assert!(layer.cell.is_none() && layer.gamma.is_none());
        assert!(layer.hidden.iter().all(|column| *column == [Some(0.5), Some(-2.0), None]));
        assert_eq!(Flow::of(&Profiles::default()), None);
    }
}
