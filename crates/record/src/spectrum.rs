//! Lyapunov exponents: options and results of the measurement.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// Options of the measurement of a Lyapunov spectrum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LyapunovOptions {
    /// Number of leading exponents per layer; None for all.
    pub exponents: Option<usize>,
    /// Number of first steps that are not counted.
    pub warmup_steps: usize,
    /// Number of steps between two orthonormalisations.
    pub steps_per_qr: usize,
    /// Seed of the initial directions.
    pub seed: u64,
}

impl Default for LyapunovOptions {
    /// All exponents, with a warm-up of 100 steps and an orthonormalisation at each step.
    fn default() -> Self {
        Self { exponents: None, warmup_steps: 100, steps_per_qr: 1, seed: 0 }
    }
}

/// Lyapunov exponents of one layer along the joint trajectory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerSpectrum {
    /// Layer, 0 at the bottom.
    pub layer: usize,
    /// Dimension of its state: H, or 2 H for an LSTM.
    pub state_dimensions: usize,
    /// The exponents, largest first; −∞ if a direction vanishes in one step.
    #[serde(with = "json_float::list")]
    pub exponents_nats_per_step: Vec<f64>,
    /// Their standard errors; None if there are too few trajectories or steps, or the exponent is not finite.
    pub standard_errors_nats_per_step: Vec<Option<f64>>,
    /// Kaplan–Yorke dimension; None if too few exponents were measured.
    pub kaplan_yorke_dimensions: Option<f64>,
}

/// Lyapunov exponents of a stack of layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LyapunovSpectrum {
    /// Options of the measurement.
    pub options: LyapunovOptions,
    /// M, the number of trajectories.
    pub trajectories: usize,
    /// Number of counted steps per trajectory.
    pub steps: usize,
    /// Layers, from the bottom.
    pub layers: Vec<LayerSpectrum>,
    /// Exponents of the joint state, largest first: the union of those of the layers.
    #[serde(with = "json_float::list")]
    pub exponents_nats_per_step: Vec<f64>,
    /// Kaplan–Yorke dimension of the joint state; None if too few exponents were measured.
    pub kaplan_yorke_dimensions: Option<f64>,
}

impl LayerSpectrum {
    /// Makes a spectrum of the exponents and their standard errors.
    pub fn new(layer: usize, width: usize, exponents: Vec<(f64, Option<f64>)>) -> Self {
        let (exponents, errors): (Vec<_>, Vec<_>) = exponents.into_iter().unzip();
        Self {
            layer,
            state_dimensions: width,
            kaplan_yorke_dimensions: kaplan_yorke(&exponents, width),
            exponents_nats_per_step: exponents,
            standard_errors_nats_per_step: errors,
        }
    }
}

impl LyapunovSpectrum {
    /// Makes a spectrum of the layers, from the bottom.
    pub fn new(
        options: &LyapunovOptions,
        trajectories: usize,
        steps: usize,
        layers: Vec<LayerSpectrum>,
    ) -> Self {
        let width = layers.iter().map(|layer| layer.state_dimensions).sum();
        let mut all: Vec<f64> =
            layers.iter().flat_map(|layer| &layer.exponents_nats_per_step).copied().collect();
        all.sort_by(|a, b| b.total_cmp(a));
        // The leading k exponents of the stack are among the leading k of each layer.
        all.truncate(options.exponents.unwrap_or(width));
        Self {
            options: options.clone(),
            trajectories,
            steps,
            kaplan_yorke_dimensions: kaplan_yorke(&all, width),
            exponents_nats_per_step: all,
            layers,
        }
    }
}

/// Computes the Kaplan–Yorke dimension from the leading exponents, largest first, of a state of dimension `width`:
///
/// ```text
/// k = max{j : Σ_{i≤j} λ_i ≥ 0}        D = k + Σ_{i≤k} λ_i / |λ_{k+1}|;  0 if λ_1 < 0, width if k = width
/// ```
///
/// None if λ_{k+1} was not measured, or an exponent is NaN.
///
/// # References
/// Kaplan, Yorke, "Chaotic behavior of multidimensional difference equations", 1979.
pub fn kaplan_yorke(exponents: &[f64], width: usize) -> Option<f64> {
    let mut sum = 0.0;
    for (k, &next) in exponents.iter().enumerate() {
        if next.is_nan() {
            return None;
        }
        if sum + next < 0.0 {
            return Some(k as f64 + sum / next.abs());
        }
        sum += next;
    }
    (exponents.len() == width).then_some(width as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dimensions() {
        // Lorenz at σ = 10, ρ = 28, β = 8/3: 2.0622 (Sprott 2003).
        let lorenz = kaplan_yorke(&[0.9056, 0.0, -14.5723], 3).unwrap();
        assert!((lorenz - 2.0621).abs() < 1e-4, "{lorenz}");
        // Hénon at a = 1.4, b = 0.3: λ = 0.41922, −1.62319, D = 1.25827 (Sprott 2003).
        let henon = kaplan_yorke(&[0.41922, -1.62319], 2).unwrap();
        assert!((henon - 1.25827).abs() < 1e-5, "{henon}");
        assert_eq!(kaplan_yorke(&[-0.1, -0.2], 2), Some(0.0));
        assert_eq!(kaplan_yorke(&[0.2, -0.1], 2), Some(2.0));
        assert_eq!(kaplan_yorke(&[0.2, f64::NEG_INFINITY], 2), Some(1.0));
        // The sum is not negative yet, so more exponents are needed.
        assert_eq!(kaplan_yorke(&[0.2, -0.1], 3), None);
    }
}
