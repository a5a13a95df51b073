//! Scores a trained model in the terms of its task: a confusion matrix for classes, the errors of naive
//! forecasts beside those of the model for series.

use crate::metrics::classification::Confusion;
use longspan::batch::{Batch, IGNORE, Source};
use longspan::cell::Real;
use longspan::model::Model;
use longspan::model::head::Score;
use longspan::params::Params;
use longspan::trainer::evaluate;
use longspan_data::schema::{Forecast, Predicts, Reads, Schema};
use longspan_data::series::Accuracy;
use longspan_kernel::Context;

/// The scores of a model on data.
pub enum Assessment {
    /// Of a model that predicts the next token, the keys of the next step, or a number.
    Score(Score),
    /// Of a model that predicts classes.
    Classes(Score, Confusion),
    /// Of a model that forecasts the next rows of a series.
    Forecasts(Forecasts),
}

/// Errors of the model's forecasts and of naive forecasts of the same rows, in the units of the file.
pub struct Forecasts {
    /// The model.
    pub model: Accuracy,
    /// Persistence: the last observed value.
    pub persistence: Accuracy,
    /// The value one season earlier; None if no season was given.
    pub seasonal: Option<Accuracy>,
}

/// Scores a model on all windows of a source; returns None if `cancelled` returns true between two windows.
///
/// The weights must be packed. For forecasts, `season` is the number of rows in a season; with it, a seasonal
/// naive forecast is scored too.
///
/// # Panics
/// If the season is 0 or longer than the window that the model reads.
pub fn assess<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    schema: &Schema,
    source: &dyn Source,
    season: Option<usize>,
    cancelled: &dyn Fn() -> bool,
) -> Option<Assessment> {
    match (&schema.predicts, &schema.reads) {
        (Predicts::Classes(names), _) => classes(ctx, model, params, names.len(), source, cancelled),
        (Predicts::Forecast(forecast), Reads::Numbers { scaling, .. }) => {
            let original = |channel: usize, z: f64| scaling.mean[channel] + scaling.std[channel] * z;
            forecasts(ctx, model, params, (forecast, &original), source, season, cancelled)
        }
        _ => evaluate(ctx, model, params, source, cancelled).map(Assessment::Score),
    }
}

fn classes<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    count: usize,
    source: &dyn Source,
    cancelled: &dyn Fn() -> bool,
) -> Option<Assessment> {
    let (mut batch, mut positions, mut logits) = (Batch::default(), Vec::new(), Vec::new());
    let (mut score, mut confusion) = (Score::default(), Confusion::new(count));
    for window in 0..source.windows() {
        if cancelled() {
            return None;
        }
        source.fill(0, window, &mut batch);
        let scored = batch.targets.iter().enumerate().filter(|&(_, &target)| target != IGNORE);
        positions.clear();
        positions.extend(scored.map(|(position, _)| position as u32));
        let mut state = model.zero_state(batch.rows());
        model.predict(ctx, params, &batch, &mut state, &positions, &mut logits);
        for (logits, &position) in logits.chunks(count).zip(&positions) {
            let target = batch.targets[position as usize];
            let (class, loss) = class_and_loss(logits, target as usize);
            confusion.add(target, class);
            score += Score { loss, weight: 1.0, scored: 1, correct: u64::from(class == target) };
        }
    }
    Some(Assessment::Classes(score, confusion))
}

/// The class with the largest logit, and its loss −ln softmax(x)_y for the target y. The first of equal
/// classes wins.
fn class_and_loss<R: Real>(logits: &[R], target: usize) -> (u32, f64) {
    let class = likeliest(logits);
    let most = logits[class as usize].to_f64();
    let sum: f64 = logits.iter().map(|x| (x.to_f64() - most).exp()).sum();
    (class, sum.ln() + most - logits[target].to_f64())
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

fn forecasts<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    (forecast, original): (&Forecast, &dyn Fn(usize, f64) -> f64),
    source: &dyn Source,
    season: Option<usize>,
    cancelled: &dyn Fn() -> bool,
) -> Option<Assessment> {
    let (k, window) = (forecast.targets.len(), forecast.window);
    assert!(
        season.is_none_or(|season| (1..=window).contains(&season)),
        "the season must have from 1 to {window} rows"
    );
    let nothing =
        || Accuracy::of(forecast.ahead, forecast.targets.iter().map(|target| target.naive_mae).collect());
    let (mut own, mut persistence, mut seasonal) = (nothing(), nothing(), season.map(|_| nothing()));
    let (mut batch, mut predicted) = (Batch::default(), Vec::new());
    for index in 0..source.windows() {
        if cancelled() {
            return None;
        }
        source.fill(0, index, &mut batch);
        let (rows, width) = (batch.rows(), batch.numbers.len() / batch.shape.positions());
        // Forecasting several passes overwrites the window that was read.
        let read = batch.numbers.clone();
        forecast_rows(ctx, model, params, forecast, &mut batch, &mut predicted);
        for row in 0..rows {
            let units = |values: &[f32]| -> Vec<f64> {
                let channels = forecast.targets.iter().map(|target| target.channel).cycle();
                channels.zip(values).map(|(channel, &z)| original(channel, f64::from(z))).collect()
            };
            let actual = units(&batch.values.targets[row * forecast.ahead * k..][..forecast.ahead * k]);
            own.add(
                units(&predicted[row * forecast.ahead * k..][..forecast.ahead * k]),
                actual.iter().copied(),
            );
            let naive = |period: usize| {
                let read = &read;
                (0..forecast.ahead).flat_map(move |step| {
                    let t = window - period + step % period;
                    forecast.targets.iter().map(move |target| {
                        original(target.channel, f64::from(read[(t * rows + row) * width + target.channel]))
                    })
                })
            };
            persistence.add(naive(1), actual.iter().copied());
            if let (Some(season), Some(seasonal)) = (season, &mut seasonal) {
                seasonal.add(naive(season), actual.iter().copied());
            }
        }
    }
    Some(Assessment::Forecasts(Forecasts { model: own, persistence, seasonal }))
}

/// Forecasts from a batch of equally long windows into `predicted`, in the scale of the input.
///
/// If `ahead` is larger than the horizon of one pass, the model reads its own predictions: the windows of
/// `batch` move forward, and all channels must be targets.
///
/// # Shapes
/// `predicted`: `[B, ahead, K]` for B windows and K targets.
///
/// # Panics
/// If the windows have another length, or forecasts have to be read and a channel is not a target.
pub fn forecast_rows<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    forecast: &Forecast,
    batch: &mut Batch,
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
            assert_eq!(
                batch.numbers.len(),
                window * rows * k,
                "to read forecasts, all channels must be targets"
            );
            // The window becomes the last W rows of those that were read, followed by those that were
            // predicted.
            let kept = window.saturating_sub(horizon);
            batch.numbers.copy_within((window - kept) * rows * k.., 0);
            for t in kept..window {
                let step = horizon - (window - t);
                for row in 0..rows {
                    let from = (row * ahead + first + step) * k;
                    batch.numbers[(t * rows + row) * k..][..k].copy_from_slice(&predicted[from..from + k]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_class_and_its_loss() {
        let logits = [1.0f64, 3.0, 3.0, -800.0];
        let sum = 1.0f64.exp() + 2.0 * 3.0f64.exp();
        for target in 0..3 {
            let (class, loss) = class_and_loss(&logits, target);
            assert_eq!(class, 1);
            assert!((loss - (sum.ln() - logits[target])).abs() < 1e-12);
            assert!((probabilities(&logits)[target] - logits[target].exp() / sum).abs() < 1e-12);
        }
        assert!((class_and_loss(&logits, 3).1 - (sum.ln() + 800.0)).abs() < 1e-9);
    }
}
