//! Quantiles over samples, lag by lag.

use serde::{Deserialize, Serialize};

use super::order::quantile;
use crate::number;

/// Quantiles over the samples of a logarithm, at lags 0 … W.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Median.
    #[serde(with = "number::list")]
    pub ln_median: Vec<f64>,
    /// 5 %.
    #[serde(with = "number::list")]
    pub ln_p05: Vec<f64>,
    /// 25 %.
    #[serde(with = "number::list")]
    pub ln_p25: Vec<f64>,
    /// 75 %.
    #[serde(with = "number::list")]
    pub ln_p75: Vec<f64>,
    /// 95 %.
    #[serde(with = "number::list")]
    pub ln_p95: Vec<f64>,
}

impl Profile {
    /// Leaves the lags at these places.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        for list in
            [&mut self.ln_median, &mut self.ln_p05, &mut self.ln_p25, &mut self.ln_p75, &mut self.ln_p95]
        {
            if !list.is_empty() {
                *list = kept.iter().map(|&at| list[at]).collect();
            }
        }
    }

    /// Of the series of samples, all of one length; None where there is none.
    pub(super) fn of(series: &[(usize, Vec<f64>)]) -> Option<Self> {
        let lags = series.first()?.1.len();
        let mut profile = Self {
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
}
