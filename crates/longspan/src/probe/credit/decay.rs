//! How fast the gradient decays or grows, per step back.
//!
//! y(τ) is the median of ln G(τ) over the samples. The slope m is the Theil–Sen estimate: the median of (y(j)
//! − y(i)) / (j − i) over all pairs of lags 1 ≤ i < j below the first τ at which y is −∞ or the median norm
//! ‖δ‖ is below the smallest normal number times √n, where n is the number of units in the norm. With fewer
//! than 8 such lags there is no slope; zeros are never replaced by other values.
//!
//! ```text
//! factor per step e^m        half-life −ln 2 / m (m < 0), doubling time ln 2 / m (m > 0)
//! underflow in f32 after (87.3 + ln max|δ_t|) / |m| steps (m < 0); after half of that if squares are summed in f32
//! ```
//!
//! # References
//! Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63, 1968.

use crate::lag::order::median;
use longspan_record::credit::{Decay, Measured, Reason};

/// Smallest number of lags for a slope.
const LEAST_LAGS: usize = 8;

/// Largest number of lags of which all pairs are used; of more lags, every second, third … is used.
const MOST_LAGS: usize = 1024;

/// −ln of the smallest normal f32.
const F32_LN_RANGE: f64 = 87.3;

/// Computes the decay of `y`, the median of ln G. `ln_norm` is the median of ln ‖δ‖, `ln_least` the logarithm
/// of the smallest norm that the number type can represent, `ln_largest` that of the largest element of δ_t.
pub(super) fn decay(y: &[f64], ln_norm: &[f64], ln_least: f64, ln_largest: f64) -> Measured<Decay> {
    let reached =
        y.iter().zip(ln_norm).skip(1).take_while(|(y, ln)| y.is_finite() && **ln >= ln_least).count();
    if reached < LEAST_LAGS {
        return Measured::Unknown(Reason::TooFewLags { found_lags: reached, needed_lags: LEAST_LAGS });
    }
    let stride = reached.div_ceil(MOST_LAGS);
    let lags: Vec<usize> = (1..=reached).step_by(stride).collect();
    let mut slopes = Vec::with_capacity(lags.len() * (lags.len() - 1) / 2);
    for (i, &early) in lags.iter().enumerate() {
        slopes.extend(lags[i + 1..].iter().map(|&late| (y[late] - y[early]) / (late - early) as f64));
    }
    let m = median(&mut slopes);
    let underflow = (m < 0.0).then(|| ((F32_LN_RANGE + ln_largest) / -m).max(0.0));
    Measured::Known(Decay {
        ln_slope_per_step: m,
        factor_per_step: m.exp(),
        half_life_steps: (m < 0.0).then(|| -std::f64::consts::LN_2 / m),
        doubling_time_steps: (m > 0.0).then(|| std::f64::consts::LN_2 / m),
        fitted_lags: reached,
        f32_underflow_lag_steps: underflow,
        f32_squares_underflow_lag_steps: underflow.map(|steps| 0.5 * steps),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope_and_outliers_do_not_move_it() {
        let mut y: Vec<f64> = (0..100).map(|lag| -0.1 * f64::from(lag)).collect();
        y[40] = 3.0;
        y[70] = -50.0;
        let found = decay(&y, &y, -700.0, 0.5f64.ln());
        let found = found.known().expect("a slope");
        assert!((found.ln_slope_per_step + 0.1).abs() < 1e-12, "{found:?}");
        assert!((found.half_life_steps.unwrap() - 10.0 * 2f64.ln()).abs() < 1e-9);
        assert_eq!((found.doubling_time_steps, found.fitted_lags), (None, 99));
        assert!((found.f32_underflow_lag_steps.unwrap() - (87.3 - 2f64.ln()) / 0.1).abs() < 1e-8);
        let growing: Vec<f64> = y.iter().map(|y| -y).collect();
        let found = decay(&growing, &y, -700.0, 0.0);
        let found = found.known().expect("a slope");
        assert!((found.doubling_time_steps.unwrap() - 10.0 * 2f64.ln()).abs() < 1e-9);
        assert_eq!((found.half_life_steps, found.f32_underflow_lag_steps), (None, None));
    }

    #[test]
    fn the_fit_stops_at_zero_gradients_and_reports_too_few_lags() {
        let mut y: Vec<f64> = (0..40).map(|lag| -0.5 * f64::from(lag)).collect();
        y[20..].fill(f64::NEG_INFINITY);
        assert_eq!(decay(&y, &y, -700.0, 0.0).known().map(|d| d.fitted_lags), Some(19));
        assert_eq!(decay(&y, &y, -6.0, 0.0).known().map(|d| d.fitted_lags), Some(12));
        let reason = Reason::TooFewLags { found_lags: 4, needed_lags: 8 };
        assert_eq!(decay(&y, &y, -2.0, 0.0).reason(), Some(reason));
    }

    /// So many lags that only every k-th is used.
    #[test]
    fn long_windows_are_thinned_out() {
        let y: Vec<f64> = (0..5000).map(|lag| 0.01 * f64::from(lag)).collect();
        let found = decay(&y, &y, -700.0, 0.0);
        assert!(
            found
                .known()
                .is_some_and(|d| (d.ln_slope_per_step - 0.01).abs() < 1e-12 && d.fitted_lags == 4999)
        );
    }
}
