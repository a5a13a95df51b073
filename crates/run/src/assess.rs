//! Scores a trained model in the terms of its task: a confusion matrix for classes, errors in the units of the file for
//! targets, the errors of naive forecasts beside those of the model for series.

mod targets;

use crate::dataset::HeldOut;
use crate::units::{Detailed, Scored};
use longspan::batch::{Batch, Source};
use longspan::cell::Real;
use longspan::model::Model;
use longspan::params::Params;
use longspan_data::schema::{Forecast, Predicts, Schema, Target};
use longspan_data::series::{
    Accuracy, Naive, Part, Series, SeriesError, longest_season, naive_by_group, naive_mae_of_group, periods,
};
use longspan_kernel::Context;

pub use targets::{Errors, TargetErrors};

/// The scores of a model on data.
pub enum Assessment {
    /// Of a model that predicts the next token, the keys of the next step, a class, or a number.
    Score(Detailed),
    /// Of a model that predicts the target of a sequence, with the errors in the units of the file.
    Targets(Detailed, TargetErrors),
    /// Of a model that forecasts the next rows of a series.
    Forecasts(Forecasts),
}

/// Errors of the model's forecasts and of forecasts without a network, of the same rows, in the units of the file.
pub struct Forecasts {
    /// Over all groups.
    pub all: Compared,
    /// For each group of the series, with its name; empty if there are no groups.
    pub groups: Vec<(String, Compared)>,
}

/// The accuracy of several forecasts of the same rows.
#[derive(Clone)]
pub struct Compared {
    /// The model.
    pub model: Accuracy,
    /// Forecasts without a network, with what each of them forecasts.
    pub naive: Vec<(Naive, Accuracy)>,
}

/// Scores a model on all windows of held-out data; returns None if `cancelled` returns true between two windows.
///
/// The weights must be packed. For forecasts, `season` is the number of rows in a season: a seasonal forecast is scored
/// too, whatever periods the series itself suggests.
///
/// # Errors
/// [`SeriesError`] if the series is too short for the season.
///
/// # Panics
/// If the model forecasts, and the data are not a series.
pub fn assess<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    schema: &Schema,
    data: &HeldOut,
    season: Option<usize>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Assessment>, SeriesError> {
    if let Predicts::Forecast(forecast) = &schema.predicts {
        let (series, part) = data.series.as_ref().expect("a forecaster is assessed on a series");
        let nothing = nothing(series, *part, forecast);
        let naive = naive_forecasts(series, *part, season, &nothing)?;
        let source = data.source.as_ref();
        let own = forecasts(ctx, model, params, (forecast, nothing), (source, series, *part), cancelled);
        return Ok(own.map(|own| Assessment::Forecasts(compared(series, own, naive))));
    }
    let classes = if let Predicts::Classes(names) = &schema.predicts { Some(names.len()) } else { None };
    let source = data.source.as_ref();
    let scored = Scored { source, windows: source.windows(), units: data.units, classes, groups: None };
    let Some(detailed) = scored.by_model(ctx, model, params, cancelled) else { return Ok(None) };
    if let Predicts::Regression(scaling) = &schema.predicts {
        let errors = targets::target_errors(ctx, model, params, scaling, source, cancelled);
        return Ok(errors.map(|errors| Assessment::Targets(detailed, errors)));
    }
    Ok(Some(Assessment::Score(detailed)))
}

/// The class with the largest logit; the first of equal classes wins.
pub fn likeliest<R: Real>(logits: &[R]) -> u32 {
    let (mut class, mut most) = (0, f64::NEG_INFINITY);
    for (c, x) in logits.iter().enumerate() {
        if x.to_f64() > most {
            (class, most) = (c as u32, x.to_f64());
        }
    }
    class
}

/// The probability of each class: softmax(x).
pub fn probabilities<R: Real>(logits: &[R]) -> Vec<f64> {
    let most = logits.iter().fold(f64::NEG_INFINITY, |most, x| most.max(x.to_f64()));
    let shares: Vec<f64> = logits.iter().map(|x| (x.to_f64() - most).exp()).collect();
    let sum: f64 = shares.iter().sum();
    shares.into_iter().map(|share| share / sum).collect()
}

/// The accuracy over all groups, then of each group.
type Accuracies = Vec<Accuracy>;

/// Accuracies without forecasts. The scale of a group's MASE is that of its own training part, if there is one.
fn nothing(series: &Series, part: Part, forecast: &Forecast) -> Accuracies {
    let all = forecast.targets.iter().map(|target| target.naive_mae).collect();
    let of_group = |group: usize| {
        let scale = |target: &Target| match naive_mae_of_group(series, target.channel, group) {
            own if part != Part::Train && own.is_finite() => own,
            _ => target.naive_mae,
        };
        forecast.targets.iter().map(scale).collect()
    };
    let scales = std::iter::once(all).chain((0..series.groups.len()).map(of_group));
    scales.map(|scales| Accuracy::of(forecast.ahead, scales)).collect()
}

/// The forecasts without a network: the training mean, persistence, and the seasons that are given or found.
fn naive_forecasts(
    series: &Series,
    part: Part,
    season: Option<usize>,
    nothing: &[Accuracy],
) -> Result<Vec<(Naive, Accuracies)>, SeriesError> {
    let longest = longest_season(series);
    let found = periods(series).into_iter().filter(|&period| Some(period) != season && period <= longest);
    let seasons = season.into_iter().chain(found).map(Naive::Seasonal);
    // Another file is one part: its own mean would be fitted on the rows that are scored.
    let mean = if part == Part::Train { Naive::ScalingMean } else { Naive::Mean };
    let all = [mean, Naive::Persistence].into_iter().chain(seasons);
    all.map(|forecast| Ok((forecast, naive_by_group(series, part, forecast, nothing.to_vec())?))).collect()
}

/// Joins the accuracies of the model and of the other forecasts.
fn compared(series: &Series, model: Accuracies, naive: Vec<(Naive, Accuracies)>) -> Forecasts {
    let of = |index: usize| Compared {
        model: model[index].clone(),
        naive: naive.iter().map(|(forecast, by)| (*forecast, by[index].clone())).collect(),
    };
    let grouped = series.groups.len() > 1;
    let names = series.groups.iter().enumerate().filter(|_| grouped);
    Forecasts { all: of(0), groups: names.map(|(index, name)| (name.clone(), of(index + 1))).collect() }
}

fn forecasts<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    (forecast, mut own): (&Forecast, Accuracies),
    (source, series, part): (&dyn Source, &Series, Part),
    cancelled: &dyn Fn() -> bool,
) -> Option<Accuracies> {
    let k = forecast.targets.len();
    let (mut batch, mut predicted) = (Batch::default(), Vec::new());
    for index in 0..source.windows() {
        if cancelled() {
            return None;
        }
        source.fill(0, index, &mut batch);
        let groups: Vec<usize> = batch.items.iter().map(|&item| series.group_of(part, item)).collect();
        let known = known_rows(series, part, &batch, forecast);
        forecast_rows(ctx, model, params, forecast, &mut batch, &known, &mut predicted);
        for (row, group) in groups.into_iter().enumerate() {
            let units = |values: &[f32]| -> Vec<f64> {
                let channels = forecast.targets.iter().map(|target| target.channel).cycle();
                let original = |(channel, &z): (usize, &f32)| series.original(group, channel, f64::from(z));
                channels.zip(values).map(original).collect()
            };
            let actual = units(&batch.values.targets[row * forecast.ahead * k..][..forecast.ahead * k]);
            let values = units(&predicted[row * forecast.ahead * k..][..forecast.ahead * k]);
            for accuracy in [0, group + 1] {
                own[accuracy].add(values.iter().copied(), actual.iter().copied());
            }
        }
    }
    Some(own)
}

/// What is known of the rows ahead of the windows in a batch: the calendar, `[B, ahead, C]`. Empty if it is not read.
fn known_rows(series: &Series, part: Part, batch: &Batch, forecast: &Forecast) -> Vec<f32> {
    let (width, measured) = (series.columns.len(), series.measured().len());
    if width == measured || forecast.ahead <= forecast.horizon {
        return Vec::new();
    }
    let rows = batch.items.iter().flat_map(|&item| series.window(part, item).future.chunks_exact(width));
    rows.flat_map(|row| row[measured..].iter().copied()).collect()
}

/// Forecasts from a batch of equally long windows into `predicted`, in the scale of the input.
///
/// If `ahead` is larger than the horizon of one pass, the model reads its own predictions: the windows of
/// `batch` move forward. All channels must be targets then, except the last C, which are `known` of the rows ahead.
///
/// # Shapes
/// `predicted`: `[B, ahead, K]` for B windows and K targets. `known`: `[B, ahead, C]`, read if `ahead` is larger than the
/// horizon.
///
/// # Panics
/// If the windows have another length, or forecasts have to be read and a channel is neither a target nor known.
pub fn forecast_rows<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    forecast: &Forecast,
    batch: &mut Batch,
    known: &[f32],
    predicted: &mut Vec<f32>,
) {
    let &Forecast { window, horizon, ahead, .. } = forecast;
    let (rows, k) = (batch.rows(), forecast.targets.len());
    assert_eq!(batch.shape.positions(), window * rows, "all windows must have {window} rows");
    let pool = model.spec().pool;
    let ends: Vec<u32> = (0..rows).map(|row| pool.end(&batch.shape, row) as u32).collect();
    let mut out = Vec::new();
    predicted.clear();
    predicted.resize(rows * ahead * k, 0.0);
    for first in (0..ahead).step_by(horizon) {
        let mut state = model.zero_state(rows);
        model.predict(ctx, params, batch, &mut state, &ends, &mut out);
        let steps = horizon.min(ahead - first);
        for (row, values) in out.chunks(horizon * k).enumerate() {
            let to = &mut predicted[(row * ahead + first) * k..][..steps * k];
            to.iter_mut().zip(values).for_each(|(to, value)| *to = value.to_f64() as f32);
        }
        if first + horizon < ahead {
            let given = known.len() / (rows * ahead).max(1);
            let width = k + given;
            assert_eq!(
                batch.numbers.len(),
                window * rows * width,
                "to read forecasts, all channels must be targets or known"
            );
            // The window becomes the last W rows of those that were read, followed by those that were
            // predicted.
            let kept = window.saturating_sub(horizon);
            batch.numbers.copy_within((window - kept) * rows * width.., 0);
            for t in kept..window {
                let step = horizon - (window - t);
                for row in 0..rows {
                    let from = row * ahead + first + step;
                    let (values, rest) = batch.numbers[(t * rows + row) * width..][..width].split_at_mut(k);
                    values.copy_from_slice(&predicted[from * k..][..k]);
                    rest.copy_from_slice(&known[from * given..][..given]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_class_and_its_probability() {
        let logits = [1.0f64, 3.0, 3.0, -800.0];
        let sum = 1.0f64.exp() + 2.0 * 3.0f64.exp();
        assert_eq!(likeliest(&logits), 1);
        for target in 0..3 {
            assert!((probabilities(&logits)[target] - logits[target].exp() / sum).abs() < 1e-12);
        }
    }
}
