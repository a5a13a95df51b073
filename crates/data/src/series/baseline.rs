//! Forecasts without a model, and how far off a forecast is.
//!
//! # Equations
//! A naive forecast made on the last row t of a window, k = 1 … H steps ahead:
//!
//! ```text
//! persistence              ŷ_{t+k} = y_t
//! seasonal, period m       ŷ_{t+k} = y_{t+k−m⌈k/m⌉}        the last season seen, over and over
//! ```
//!
//! With errors e = y − ŷ in the units of the file, over n forecasts of one column,
//!
//! ```text
//! MAE = 1/n Σ |e|        RMSE = √(1/n Σ e²)        MASE = MAE / s        s = mean |y_t − y_{t−1}| over the training part
//! ```
//!
//! s is the error of persistence one step ahead on the training part (all segments, no difference across a gap): a MASE
//! below 1 is better than that, and comparable between columns of different units. It needs s > 0.
//!
//! # References
//! Hyndman and Koehler, "Another look at measures of forecast accuracy", International Journal of Forecasting 22(4), 2006.

use super::{Part, Series, SeriesError};

/// How far off the forecasts of one column are.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Score {
    /// Mean absolute error, in the units of the file.
    pub mae: f64,
    /// Root of the mean squared error, in the units of the file.
    pub rmse: f64,
    /// Mean absolute scaled error; none if the column is constant over the training part.
    pub mase: Option<f64>,
}

/// Sums of errors, for every step and target.
#[derive(Clone, Debug)]
pub struct Accuracy {
    forecasts: u64,
    /// Σ|e| and Σe², `[horizon, targets]`.
    sums: Vec<(f64, f64)>,
    /// MAE of persistence on the training part, of each target.
    scales: Vec<f64>,
}

impl Accuracy {
    /// No forecasts yet, of the targets of a series.
    pub fn new(series: &Series) -> Self {
        Self::of(series.horizon, series.targets.iter().map(|&target| naive_mae(series, target)).collect())
    }

    /// No forecasts yet, `horizon` rows ahead, of targets of which persistence is as far off as `scales` say, see
    /// [`naive_mae`].
    pub fn of(horizon: usize, scales: Vec<f64>) -> Self {
        Self { forecasts: 0, sums: vec![(0.0, 0.0); horizon * scales.len()], scales }
    }

    /// Counts one forecast; both arguments are `[horizon, targets]` in the units of the file.
    ///
    /// # Panics
    /// If either has another length.
    pub fn add(&mut self, forecast: impl IntoIterator<Item = f64>, actual: impl IntoIterator<Item = f64>) {
        let (mut forecast, mut actual) = (forecast.into_iter(), actual.into_iter());
        for (absolute, squared) in &mut self.sums {
            let (Some(forecast), Some(actual)) = (forecast.next(), actual.next()) else {
                panic!("a forecast has horizon × targets numbers");
            };
            let error = actual - forecast;
            *absolute += error.abs();
            *squared += error * error;
        }
        assert!(
            forecast.next().is_none() && actual.next().is_none(),
            "a forecast has horizon × targets numbers"
        );
        self.forecasts += 1;
    }

    /// Number of forecasts.
    pub fn forecasts(&self) -> u64 {
        self.forecasts
    }

    /// The errors `step` + 1 rows ahead of a target, by its index in [`Series::targets`]; none without forecasts.
    ///
    /// # Panics
    /// If there is no such step or target.
    pub fn step(&self, step: usize, target: usize) -> Option<Score> {
        assert!(target < self.scales.len(), "target {target} of {}", self.scales.len());
        self.score(target, &self.sums[step * self.scales.len()..(step + 1) * self.scales.len()])
    }

    /// The errors of a target over all steps; none without forecasts.
    ///
    /// # Panics
    /// If there is no such target.
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

/// s of a column: the mean absolute difference of neighbours in the training part, in the units of the file.
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
    // A training part has a window and a horizon, hence a pair.
    series.columns[column].std * sum / pairs as f64
}

/// A forecast that knows nothing but the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Naive {
    /// The last value.
    Persistence,
    /// The value a number of rows before, from the last season of the window.
    Seasonal(usize),
}

/// The errors of a naive forecast in all windows of a part.
///
/// # Errors
/// [`SeriesError::Season`] if a window does not hold one season.
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
