//! Forecasts without a model, and measures of forecast accuracy.
//!
//! # Equations
//! Naive forecasts made at the last row t of a window, k = 1 … H steps ahead:
//!
//! ```text
//! persistence              ŷ_{t+k} = y_t
//! seasonal, period m       ŷ_{t+k} = y_{t+k−m⌈k/m⌉}        repeats the last season of the window
//! ```
//!
//! With errors e = y − ŷ in the units of the file, over n forecasts of one column,
//!
//! ```text
//! MAE = 1/n Σ |e|        RMSE = √(1/n Σ e²)        MASE = MAE / s        s = mean |y_t − y_{t−1}| over the training part
//! ```
//!
//! s is the error of persistence one step ahead on the training part, over all segments and without differences across
//! gaps. A MASE below 1 is better than that. MASE can be compared between columns of different units; it needs s > 0.
//!
//! # References
//! Hyndman and Koehler, "Another look at measures of forecast accuracy", International Journal of Forecasting 22(4), 2006.

use super::{Part, Series, SeriesError};

/// Accuracy of the forecasts of one column.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Score {
    /// Mean absolute error, in the units of the file.
    pub mae: f64,
    /// Root of the mean squared error, in the units of the file.
    pub rmse: f64,
    /// Mean absolute scaled error; None if the column is constant over the training part.
    pub mase: Option<f64>,
}

/// Sums of errors for every step and target.
#[derive(Clone, Debug)]
pub struct Accuracy {
    forecasts: u64,
    /// Σ|e| and Σe², `[horizon, targets]`.
    sums: Vec<(f64, f64)>,
    /// MAE of persistence on the training part, for each target.
    scales: Vec<f64>,
}

impl Accuracy {
    /// Starts without forecasts, for the targets of a series.
    pub fn new(series: &Series) -> Self {
        Self::of(series.horizon, series.targets.iter().map(|&target| naive_mae(series, target)).collect())
    }

    /// Starts without forecasts, for `horizon` rows; `scales` is the MAE of persistence for each target, see
    /// [`naive_mae`].
    pub fn of(horizon: usize, scales: Vec<f64>) -> Self {
        Self { forecasts: 0, sums: vec![(0.0, 0.0); horizon * scales.len()], scales }
    }

    /// Adds one forecast. Both arguments are `[horizon, targets]` in the units of the file.
    ///
    /// # Panics
    /// If an argument has another length.
    pub fn add(&mut self, forecast: impl IntoIterator<Item = f64>, actual: impl IntoIterator<Item = f64>) {
        let (mut forecast, mut actual) = (forecast.into_iter(), actual.into_iter());
        for (absolute, squared) in &mut self.sums {
            let (Some(forecast), Some(actual)) = (forecast.next(), actual.next()) else {
                panic!("a forecast needs horizon × targets numbers");
            };
            let error = actual - forecast;
            *absolute += error.abs();
            *squared += error * error;
        }
        assert!(
            forecast.next().is_none() && actual.next().is_none(),
            "a forecast needs horizon × targets numbers"
        );
        self.forecasts += 1;
    }

    /// Number of forecasts.
    pub fn forecasts(&self) -> u64 {
        self.forecasts
    }

    /// Accuracy of a target, by its index in [`Series::targets`], `step` + 1 rows ahead; None without forecasts.
    ///
    /// # Panics
    /// If the step or target does not exist.
    pub fn step(&self, step: usize, target: usize) -> Option<Score> {
        assert!(target < self.scales.len(), "target {target} of {}", self.scales.len());
        self.score(target, &self.sums[step * self.scales.len()..(step + 1) * self.scales.len()])
    }

    /// Accuracy of a target over all steps; None without forecasts.
    ///
    /// # Panics
    /// If the target does not exist.
    pub fn overall(&self, target: usize) -> Option<Score> {
        self.score(target, &self.sums)
    }

    fn score(&self, target: usize, sums: &[(f64, f64)]) -> Option<Score> {
        let targets = self.scales.len();
        let count = self.forecasts as f64 * (sums.len() / targets) as f64;
        let (absolute, squared) = sums
            .chunks_exact(targets)
            .map(|step| step[target])
            .fold((0.0, 0.0), |(a, s), (absolute, squared)| (a + absolute, s + squared));
        let (mae, scale) = (absolute / count, self.scales[target]);
        let mase = (scale > 0.0).then(|| mae / scale);
        (self.forecasts > 0).then(|| Score { mae, rmse: (squared / count).sqrt(), mase })
    }
}

/// Computes s of a column: the mean absolute difference of consecutive rows in the training part, in the units of the
/// file.
pub fn naive_mae(series: &Series, column: usize) -> f64 {
    let columns = series.columns.len();
    let (mut sum, mut pairs) = (0.0, 0u64);
    for segment in series.segments(Part::Train) {
        let values = series.values(segment);
        for pair in values.windows(columns + 1).skip(column).step_by(columns) {
            sum += (f64::from(pair[columns]) - f64::from(pair[0])).abs();
            pairs += 1;
        }
    }
    // A training part has at least one window and its horizon, hence a pair of rows.
    series.columns[column].std * sum / pairs as f64
}

/// A forecast from the window alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Naive {
    /// The last value.
    Persistence,
    /// The value one or more seasons earlier, from the last season of the window. The number is the period in rows.
    Seasonal(usize),
}

/// Computes the accuracy of a naive forecast over all windows of a part.
///
/// # Errors
/// [`SeriesError::Season`] if a window is shorter than a season.
pub fn naive(series: &Series, part: Part, forecast: Naive) -> Result<Accuracy, SeriesError> {
    let (window, columns) = (series.window, series.columns.len());
    let period = match forecast {
        Naive::Persistence => 1,
        Naive::Seasonal(season) if (1..=window).contains(&season) => season,
        Naive::Seasonal(season) => return Err(SeriesError::Season { season, window }),
    };
    let mut accuracy = Accuracy::new(series);
    let rows = |values, row: usize| {
        series.targets.iter().map(move |&target| {
            let values: &[f32] = values;
            series.columns[target].original(f64::from(values[row * columns + target]))
        })
    };
    for index in 0..series.windows(part) {
        let view = series.window(part, index);
        accuracy.add(
            (0..series.horizon).flat_map(|step| rows(view.inputs, window - period + step % period)),
            (0..series.horizon).flat_map(|step| rows(view.future, step)),
        );
    }
    Ok(accuracy)
}
