//! The gradient maps of a run: profiles reduced to the columns that a screen can show.

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
    /// The lag profiles of the training batches, if they were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<LagPicture>,
}

/// Lag profiles over training steps: how much of the gradient of one loss remains.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LagPicture {
    /// The last training step of each column.
    pub steps: Vec<u64>,
    /// log10 of the median of G(τ) at the first lag of each bin of the map.
    pub log10: Picture,
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
        let (longest, records) = flows.of_one_map()?;
        let edges = longest.edges.clone();
        let columns = || records.chunks(records.len().div_ceil(MOST).max(1));
        let steps = columns().map(|column| column[column.len() - 1].step).collect();
        let layers = longest.layers.iter().enumerate().map(|(at, layer)| {
            let picture = |of: fn(&LayerProfile) -> &Curve| {
                let recorded = records.iter().any(|record| !of(&record.layers[at]).log10_mean.is_empty());
                recorded.then(|| {
                    let bins = edges.len() - 1;
                    columns().map(|c| mean(c, |record| &of(&record.layers[at]).log10_mean, bins)).collect()
                })
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
        let layers = layers.collect();
        let measured: Vec<&ProfileRecord> =
            records.iter().copied().filter(|record| !record.log10_lag_median.is_empty()).collect();
        let columns = || measured.chunks(measured.len().div_ceil(MOST).max(1));
        let lag = (!measured.is_empty()).then(|| LagPicture {
            steps: columns().map(|column| column[column.len() - 1].step).collect(),
            log10: columns()
                .map(|column| mean(column, |record| &record.log10_lag_median, edges.len() - 1))
                .collect(),
        });
        Some(Self { layers, steps, edges, lag })
    }
}

/// The mean of a curve of several profiles in each bin, rounded for a screen.
fn mean(
    column: &[&ProfileRecord],
    curve: impl Fn(&ProfileRecord) -> &[f32],
    bins: usize,
) -> Vec<Option<f64>> {
    let at = |bin: usize| {
        let values = column.iter().filter_map(|record| curve(record).get(bin).copied());
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
        assert_eq!((layer.hidden.len(), flow.lag), (240, None));
        assert_eq!(Flow::of(&Profiles::default()), None);
    }

    /// Lag profiles are measured at some of the steps only, and have columns of their own.
    #[test]
    fn lag_profiles_have_their_own_columns() {
        let records: Vec<_> = (1..=20)
            .map(|step| {
                let log10_lag_median = match step % 5 {
                    0 => vec![0.0, -(step as f32), f32::NEG_INFINITY],
                    _ => Vec::new(),
                };
                ProfileRecord { log10_lag_median, ..record(step, vec![0.0; 3]) }
            })
            .collect();
        let lag = Flow::of(&Profiles { records, ..Profiles::default() }).and_then(|flow| flow.lag).unwrap();
        assert_eq!(lag.steps, [5, 10, 15, 20]);
        let column = |x: f64| vec![Some(0.0), Some(-x), None];
        assert_eq!(lag.log10, [5.0, 10.0, 15.0, 20.0].map(column));
    }
}
