//! A stored gradient profile: the time axis in bins.
//!
//! Bins are numbered from the last step of the window backwards: bin i has the steps with distances e_i ≤ d < e_{i+1}
//! from it, and stores the mean of their means and the maximum of their maxima. In windows of up to 128 steps, every
//! step has its own bin. Windows of T > 128 steps have 128 bins: at least the last 64 steps have their own, and the
//! others become wider with the distance:
//!
//! ```text
//! e_i = i for i ≤ 64        e_i = max(i, round(64 (T/64)^{(i − 64)/64})) for i > 64        e_128 = T
//! ```
//!
//! Values are log10 in f32, because norms may be outside the range of f32.

/// Most bins. Windows of up to this many steps have one bin per step.
pub const BINS: usize = 128;
/// Number of steps with their own bin in any window.
const EXACT: usize = 64;

/// The gradient profile of one training step. An empty curve was not measured, or does not exist for the cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileRecord {
    /// The training step, from 1.
    pub step: u64,
    /// As in [`super::StepRecord`].
    pub attempt: u64,
    /// T, the number of time steps of the window.
    pub steps: usize,
    /// First time step of the decoder, if the steps of an encoder precede it.
    pub decoder_start: Option<usize>,
    /// Edges of the bins: bin i has the time steps `T − edges[i + 1] .. T − edges[i]`, without those below 0.
    pub edges: Vec<usize>,
    /// Layers, in the order of the state of a model.
    pub layers: Vec<LayerProfile>,
    /// log10 of the median of G(τ) at the first lag of each bin, where bin i has the lags from `edges[i]` to below
    /// `edges[i + 1]`; NaN beyond the largest lag. Empty if the lag profile was not measured at this step.
    pub log10_lag_median: Vec<f32>,
}

/// The gradient profile of one layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerProfile {
    /// Suffix of the names of its tensors: "l0", "l0_reverse". In a reverse layer, time steps count from the last step
    /// of each row.
    pub name: String,
    /// ‖∂ℒ/∂h_t‖ over the batch.
    pub hidden: Curve,
    /// The total ‖∂ℒ/∂c_t‖ over the batch.
    pub cell: Curve,
    /// ‖Γ_t‖.
    pub gamma: Curve,
}

/// Norms by bin, from the end of the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// log10 of the mean.
    pub log10_mean: Vec<f32>,
    /// log10 of the maximum.
    pub log10_max: Vec<f32>,
}

/// Returns the edges of the bins for windows of up to `steps` steps.
pub fn bin_edges(steps: usize) -> Vec<usize> {
    let ratio = steps as f64 / EXACT as f64;
    let edge = |i: usize| {
        let share = (i as f64 - EXACT as f64) / (BINS - EXACT) as f64;
        i.max((EXACT as f64 * ratio.powf(share)).round() as usize)
    };
    match steps {
        0..=BINS => (0..=BINS).collect(),
        _ => (0..=BINS).map(|i| if i <= EXACT { i } else { edge(i) }).collect(),
    }
}

impl Curve {
    /// Collects the means and maxima of the time steps in bins with these edges.
    pub fn of(mean: &[f64], max: &[f64], edges: &[usize]) -> Self {
        let steps = mean.len();
        let mut curve = Self::default();
        for pair in edges.windows(2) {
            let bin = steps.saturating_sub(pair[1])..steps - pair[0];
            let largest = |largest: f64, &x: &f64| if x > largest || x.is_nan() { x } else { largest };
            let sum: f64 = mean[bin.clone()].iter().sum();
            curve.log10_mean.push((sum / bin.len() as f64).log10() as f32);
            curve.log10_max.push(max[bin].iter().fold(0.0, largest).log10() as f32);
        }
        curve
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_rise_and_end_with_the_window() {
        for steps in [1, 2, 64, 127, 128] {
            assert_eq!(bin_edges(steps), (0..=128).collect::<Vec<_>>());
        }
        for steps in [129, 130, 150, 200, 256, 1000, 12_345, 100_000, 10_000_000] {
            let edges = bin_edges(steps);
            assert_eq!((edges.len(), edges[0], edges[64], edges[128]), (129, 0, 64, steps), "{steps}");
            assert!(edges.windows(2).all(|pair| pair[0] < pair[1]), "{steps}: {edges:?}");
            // Bins become wider with the distance, except for rounding.
            let widths: Vec<usize> = edges.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(widths.windows(2).all(|pair| pair[0] <= pair[1] + 1), "{steps}: {widths:?}");
        }
    }

    #[test]
    fn bins_have_means_and_maxima() {
        let steps = 1000;
        let mean: Vec<f64> = (0..steps).map(|t| 10f64.powf(t as f64 / 100.0 - 60.0)).collect();
        let max: Vec<f64> = mean.iter().map(|x| 3.0 * x).collect();
        let edges = bin_edges(steps);
        let curve = Curve::of(&mean, &max, &edges);
        assert_eq!((curve.log10_mean.len(), curve.log10_max.len()), (128, 128));
        for (i, pair) in edges.windows(2).enumerate() {
            // Also below the range of f32.
            let inside = || (pair[0]..pair[1]).map(|distance| mean[steps - 1 - distance]);
            let (sum, count) = (inside().sum::<f64>(), inside().count() as f64);
            let close = |a: f32, b: f64| (f64::from(a) - b.log10()).abs() < 1e-5;
            assert!(close(curve.log10_mean[i], sum / count), "mean of bin {i}");
            assert!(close(curve.log10_max[i], 3.0 * inside().fold(0.0, f64::max)), "maximum of bin {i}");
        }
    }

    /// With the edges of a longer window, the last bin has the remaining steps.
    #[test]
    fn a_shorter_window_ends_in_a_bin() {
        let edges = bin_edges(1000);
        let steps = edges[100] + 1;
        let (mean, mut max) = (vec![1.0; steps], vec![1.0; steps]);
        max[0] = 100.0;
        let curve = Curve::of(&mean, &max, &edges[..=101]);
        assert_eq!((curve.log10_max[99], curve.log10_max[100]), (0.0, 2.0));
        assert_eq!(curve.log10_mean, vec![0.0; 101]);
    }

    #[test]
    fn zero_is_minus_infinity_and_nan_stays_nan() {
        let curve = Curve::of(&[0.0, f64::NAN], &[0.0, f64::NAN], &[0, 1, 2]);
        assert!(curve.log10_mean[0].is_nan() && curve.log10_max[0].is_nan());
        assert_eq!((curve.log10_mean[1], curve.log10_max[1]), (f32::NEG_INFINITY, f32::NEG_INFINITY));
    }
}
