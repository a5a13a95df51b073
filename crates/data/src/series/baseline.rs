//! Forecasts without a model, and measures of forecast accuracy.
//!
//! # Equations
//! Naive forecasts made at the last row t of a window, k = 1 … H steps ahead:
//!
//! ```text
//! mean, median             ŷ_{t+k} = the mean or median of the training part
//! persistence              ŷ_{t+k} = y_t
//! seasonal, period m       ŷ_{t+k} = y_{t+k−m⌈k/m⌉}        repeats the last season; it may be longer than the window
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

use super::error::SeriesError;
use super::part::Part;
use super::segment::{Segments, Window};
use super::standardised::Series;

/// Accuracy of the forecasts of one column.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Score {
    /// Mean absolute error, in the units of the file.
    pub mae: f64,
    /// Root of the mean squared error, in the units of the file.
    pub rmse: f64,
    /// Mean absolute scaled error; None if the column is constant over the training part.
    pub mase: Option<f64>,
    /// Standard error of the mean absolute error, see [`Accuracy::units`]; None with a single unit.
    pub standard_error: Option<f64>,
}

/// Sums of errors for every step and target.
#[derive(Clone, Debug)]
pub struct Accuracy {
    forecasts: u64,
    /// Σ|e| and Σe², `[horizon, targets]`.
    sums: Vec<(f64, f64)>,
    /// Over the forecasts, Σm and Σm² of the mean m of |e| over the steps, for each target.
    means: Vec<(f64, f64)>,
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
        let targets = scales.len();
        Self {
            forecasts: 0,
            sums: vec![(0.0, 0.0); horizon * targets],
            means: vec![(0.0, 0.0); targets],
            scales,
        }
    }

    /// Adds one forecast. Both arguments are `[horizon, targets]` in the units of the file.
    ///
    /// # Panics
    /// If an argument has another length.
    pub fn add(&mut self, forecast: impl IntoIterator<Item = f64>, actual: impl IntoIterator<Item = f64>) {
        let (mut forecast, mut actual) = (forecast.into_iter(), actual.into_iter());
        let targets = self.scales.len();
        let steps = self.sums.len() / targets.max(1);
        let mut means = vec![0.0; targets];
        for (index, (absolute, squared)) in self.sums.iter_mut().enumerate() {
            let (Some(forecast), Some(actual)) = (forecast.next(), actual.next()) else {
                panic!("a forecast needs horizon × targets numbers");
            };
            let error = actual - forecast;
            *absolute += error.abs();
            *squared += error * error;
            means[index % targets] += error.abs() / steps as f64;
        }
        for ((sum, squares), mean) in self.means.iter_mut().zip(means) {
            *sum += mean;
            *squares += mean * mean;
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

    /// Number of forecasts that count as independent: forecasts that follow one another share all but one row of their
    /// horizon, so as many as there are rows in a horizon are one unit.
    pub fn units(&self) -> u64 {
        let steps = self.sums.len() / self.scales.len().max(1);
        self.forecasts.div_ceil(steps.max(1) as u64)
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
        let (units, n) = (self.units() as f64, self.forecasts as f64);
        let (sum, squares) = self.means[target];
        let variance = (squares / n - (sum / n).powi(2)).max(0.0);
        let standard_error = (units > 1.0).then(|| (variance / (units - 1.0)).sqrt());
        (self.forecasts > 0).then(|| Score { mae, rmse: (squared / count).sqrt(), mase, standard_error })
    }
}

/// Computes s of a column: the mean absolute difference of consecutive rows in the training part, in the units of the
/// file.
pub fn naive_mae(series: &Series, column: usize) -> f64 {
    // A training part has at least one window and its horizon, hence a pair of rows.
    mean_difference(series, column, None)
}

/// Computes s of a column as [`naive_mae`] does, over one group only; NaN if it has no pair of rows.
pub fn naive_mae_of_group(series: &Series, column: usize, group: usize) -> f64 {
    mean_difference(series, column, Some(group))
}

fn mean_difference(series: &Series, column: usize, group: Option<usize>) -> f64 {
    let columns = series.columns.len();
    let (mut sum, mut pairs) = (0.0, 0u64);
    let segments = series.segments(Part::Train).iter();
    for segment in segments.filter(|segment| group.is_none_or(|group| segment.group == group)) {
        let (values, std) = (series.values(segment), series.scale(segment.group, column).1);
        for pair in values.windows(columns + 1).skip(column).step_by(columns) {
            sum += std * (f64::from(pair[columns]) - f64::from(pair[0])).abs();
            pairs += 1;
        }
    }
    sum / pairs as f64
}

/// A forecast without a model. It reads all rows of the group up to the last one of the window, in earlier parts too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Naive {
    /// The mean of the training part.
    Mean,
    /// The mean by which values are standardised: that of the training part of a model that scores another file.
    ScalingMean,
    /// The median of the training part.
    Median,
    /// The last value.
    Persistence,
    /// The value one or more seasons earlier. The number is the period in rows. Where a group has no row so early, the
    /// last value.
    Seasonal(usize),
}

impl std::fmt::Display for Naive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mean | Self::ScalingMean => f.write_str("training mean"),
            Self::Median => f.write_str("training median"),
            Self::Persistence => f.write_str("persistence"),
            Self::Seasonal(period) => write!(f, "seasonal persistence, period {period}"),
        }
    }
}

/// The longest season that the rows of a series allow: half of its longest group.
pub fn longest_season(series: &Series) -> usize {
    let columns = series.columns.len().max(1);
    series.values.iter().map(|values| values.len() / columns / 2).max().unwrap_or(0)
}

/// Calls `each` with the group, the naive forecast and the window of all windows of a part. Forecasts are standardised,
/// `[horizon, targets]`.
fn for_each_forecast(
    series: &Series,
    part: Part,
    forecast: Naive,
    mut each: impl FnMut(usize, &[f64], Window<'_>),
) {
    let (columns, mut values, mut index) = (series.columns.len(), Vec::new(), 0);
    let constants: Vec<f64> = match forecast {
        Naive::Median => series.targets.iter().map(|&target| median(series, target)).collect(),
        // Not always 0: the scaling may come from another training part.
        Naive::Mean => series.targets.iter().map(|&target| mean(series, target)).collect(),
        Naive::ScalingMean => vec![0.0; series.targets.len()],
        Naive::Persistence | Naive::Seasonal(_) => Vec::new(),
    };
    let Segments { all, begins, .. } = &series.parts[part as usize];
    for (segment, &begin) in all.iter().zip(begins) {
        let history = &series.values[segment.group];
        let windows = (segment.rows.end - begin + 1).saturating_sub(series.window + series.horizon);
        for first in begin..begin + windows {
            let now = first + series.window - 1;
            values.clear();
            for ahead in 1..=series.horizon {
                let row = match forecast {
                    Naive::Mean | Naive::ScalingMean | Naive::Median => {
                        values.extend_from_slice(&constants);
                        continue;
                    }
                    Naive::Persistence => now,
                    Naive::Seasonal(period) => {
                        let back = period * ahead.div_ceil(period);
                        (now + ahead).checked_sub(back).unwrap_or(now)
                    }
                };
                let row = &history[row * columns..][..columns];
                values.extend(series.targets.iter().map(|&target| f64::from(row[target])));
            }
            each(segment.group, &values, series.window(part, index));
            index += 1;
        }
    }
}

/// The standardised mean of a column over the training part.
fn mean(series: &Series, column: usize) -> f64 {
    let columns = series.columns.len();
    let segments = series.segments(Part::Train).iter();
    let values = segments
        .flat_map(|segment| series.values(segment).get(column..).unwrap_or_default().iter().step_by(columns));
    let (sum, count) = values.fold((0.0, 0u64), |(sum, n), &value| (sum + f64::from(value), n + 1));
    sum / count.max(1) as f64
}

/// The standardised median of a column over the training part.
fn median(series: &Series, column: usize) -> f64 {
    let columns = series.columns.len();
    let segments = series.segments(Part::Train).iter();
    let mut values: Vec<f32> = segments
        .flat_map(|segment| {
            series.values(segment).get(column..).unwrap_or_default().iter().step_by(columns).copied()
        })
        .collect();
    let middle = values.len() / 2;
    f64::from(*values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// Computes the accuracy of a naive forecast over all windows of a part.
///
/// # Errors
/// [`SeriesError::Season`] if the season is 0 or longer than [`longest_season`].
pub fn naive(series: &Series, part: Part, forecast: Naive) -> Result<Accuracy, SeriesError> {
    let nothing = vec![Accuracy::new(series); series.groups.len() + 1];
    Ok(naive_by_group(series, part, forecast, nothing)?.swap_remove(0))
}

/// Computes the accuracy of a naive forecast over all windows of a part, then over those of each group. They are added to
/// `accuracies`, one more than there are groups.
///
/// # Errors
/// As [`naive`].
///
/// # Panics
/// If there are fewer accuracies.
pub fn naive_by_group(
    series: &Series,
    part: Part,
    forecast: Naive,
    mut accuracies: Vec<Accuracy>,
) -> Result<Vec<Accuracy>, SeriesError> {
    if let Naive::Seasonal(season) = forecast
        && !(1..=longest_season(series)).contains(&season)
    {
        return Err(SeriesError::Season { season, longest: longest_season(series) });
    }
    let targets = || series.targets.iter().copied().cycle();
    for_each_forecast(series, part, forecast, |group, values, window| {
        let original = |(column, z): (usize, f64)| series.original(group, column, z);
        for accuracy in [0, group + 1] {
            accuracies[accuracy].add(
                targets().zip(values.iter().copied()).map(original),
                targets().zip(window.targets().map(f64::from)).map(original),
            );
        }
    });
    Ok(accuracies)
}

/// Computes the mean loss of a naive forecast over all windows of a part, then over those of each group, standardised as
/// in training: squared errors, or `absolute` ones. NaN where there is no window.
pub fn naive_losses(series: &Series, part: Part, forecast: Naive, absolute: bool) -> Vec<f64> {
    let mut sums = vec![(0.0, 0u64); series.groups.len() + 1];
    for_each_forecast(series, part, forecast, |group, values, window| {
        for (&value, actual) in values.iter().zip(window.targets()) {
            let error = f64::from(actual) - value;
            for of in [0, group + 1] {
                sums[of].0 += if absolute { error.abs() } else { error * error };
                sums[of].1 += 1;
            }
        }
    });
    sums.into_iter().map(|(sum, count)| sum / count as f64).collect()
}
