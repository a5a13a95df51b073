//! Quantiles over samples, lag by lag.

use super::order::quantile;
use longspan_record::credit::Profile;

/// Computes the quantiles of the samples' series, all of one length; None without series.
pub(super) fn of(series: &[(usize, Vec<f64>)]) -> Option<Profile> {
    let lags = series.first()?.1.len();
    let mut profile = Profile {
        ln_median: Vec::with_capacity(lags),
        ln_p05: Vec::with_capacity(lags),
        ln_p25: Vec::with_capacity(lags),
        ln_p75: Vec::with_capacity(lags),
        ln_p95: Vec::with_capacity(lags),
    };
    for lag in 0..lags {
        let mut sorted: Vec<f64> = series.iter().map(|(_, series)| series[lag]).collect();
        sorted.sort_by(f64::total_cmp);
        profile.ln_median.push(quantile(&sorted, 0.5));
        profile.ln_p05.push(quantile(&sorted, 0.05));
        profile.ln_p25.push(quantile(&sorted, 0.25));
        profile.ln_p75.push(quantile(&sorted, 0.75));
        profile.ln_p95.push(quantile(&sorted, 0.95));
    }
    Some(profile)
}
