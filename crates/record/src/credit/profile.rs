//! Quantiles over samples, lag by lag.

use serde::{Deserialize, Serialize};

use crate::json_float;

/// Quantiles of a logarithm over the samples, at the lags 0 … W.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Median.
    #[serde(with = "json_float::list")]
    pub ln_median: Vec<f64>,
    /// 5 % quantile.
    #[serde(with = "json_float::list")]
    pub ln_p05: Vec<f64>,
    /// 25 % quantile.
    #[serde(with = "json_float::list")]
    pub ln_p25: Vec<f64>,
    /// 75 % quantile.
    #[serde(with = "json_float::list")]
    pub ln_p75: Vec<f64>,
    /// 95 % quantile.
    #[serde(with = "json_float::list")]
    pub ln_p95: Vec<f64>,
}

impl Profile {
    /// Keeps only the lags at these indices.
    pub(crate) fn keep(&mut self, kept: &[usize]) {
        for list in
            [&mut self.ln_median, &mut self.ln_p05, &mut self.ln_p25, &mut self.ln_p75, &mut self.ln_p95]
        {
            if !list.is_empty() {
                *list = kept.iter().map(|&at| list[at]).collect();
            }
        }
    }
}
