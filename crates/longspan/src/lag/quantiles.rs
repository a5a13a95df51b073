//! Quantiles over samples, lag by lag.

use super::order::quantile;
use longspan_record::credit::Profile;

/// Computes the quantiles of the samples' series, all of one length; None without series.
pub(crate) fn of(series: &[(usize, Vec<f64>)]) -> Option<Profile> {
    let lags = series.first()?.1.len();
    let (mut profile, mut values) = (Profile::default(), Vec::with_capacity(series.len()));
    for lag in 0..lags {
        values.clear();
        values.extend(series.iter().map(|(_, series)| series[lag]));
        push(&mut profile, &mut values);
    }
    Some(profile)
}

/// Adds the quantiles of the values at the next lag; sorts the values.
pub(crate) fn push(profile: &mut Profile, values: &mut [f64]) {
    values.sort_unstable_by(f64::total_cmp);
    profile.ln_median.push(quantile(values, 0.5));
    profile.ln_p05.push(quantile(values, 0.05));
    profile.ln_p25.push(quantile(values, 0.25));
    profile.ln_p75.push(quantile(values, 0.75));
    profile.ln_p95.push(quantile(values, 0.95));
}

/// Removes all lags and keeps the memory, which has room for this many.
pub(crate) fn clear(profile: &mut Profile, lags: usize) {
    let Profile { ln_median, ln_p05, ln_p25, ln_p75, ln_p95 } = profile;
    for list in [ln_median, ln_p05, ln_p25, ln_p75, ln_p95] {
        list.clear();
        list.reserve(lags);
    }
}
