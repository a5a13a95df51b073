//! How good a model is, in the terms of what it predicts: classes beside each other, forecasts beside naive ones.

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

/// What a model made of data.
pub enum Assessment {
    /// The next tokens or keys, or numbers.
    Score(Score),
    /// Classes.
    Classes(Score, Confusion),
    /// Rows to come.
    Forecasts(Forecasts),
}

/// Forecasts in the units of the file, and naive ones of the same rows.
pub struct Forecasts {
    /// The model's.
    pub model: Accuracy,
    /// All stays as it is.
    pub persistence: Accuracy,
    /// All is as it was a season before.
    pub seasonal: Option<Accuracy>,
}

/// Assesses a model, its weights packed, on all of a source; forecasts also beside those of a `season` of so many rows. None
/// when `cancelled` says so between windows.
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
    let (mut batch, mut places, mut logits) = (Batch::default(), Vec::new(), Vec::new());
    let (mut score, mut confusion) = (Score::default(), Confusion::new(count));
    for window in 0..source.windows() {
        if cancelled() {
            return None;
        }
        source.fill(0, window, &mut batch);
        let scored = batch.targets.iter().enumerate().filter(|&(_, &target)| target != IGNORE);
        places.clear();
        places.extend(scored.map(|(place, _)| place as u32));
        let mut state = model.zero_state(batch.rows());
        model.predict(ctx, params, &batch, &mut state, &places, &mut logits);
        for (logits, &place) in logits.chunks(count).zip(&places) {
            let target = batch.targets[place as usize];
            let (class, loss) = judge(logits, target as usize);
            confusion.add(target, class);
            score += Score { loss, weight: 1.0, scored: 1, correct: u64::from(class == target) };
        }
    }
    Some(Assessment::Classes(score, confusion))
}

/// The likeliest class, of equals the first, and −ln softmax(x)_y.
fn judge<R: Real>(logits: &[R], target: usize) -> (u32, f64) {
    let class = likeliest(logits);
    let most = logits[class as usize].to_f64();
    let sum: f64 = logits.iter().map(|x| (x.to_f64() - most).exp()).sum();
    (class, sum.ln() + most - logits[target].to_f64())
}

/// The class with the largest logit, of equals the first.
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
    assert!(season.is_none_or(|season| (1..=window).contains(&season)), "a season within the window");
    let nothing =
        || Accuracy::of(forecast.ahead, forecast.targets.iter().map(|target| target.naive_mae).collect());
    let (mut own, mut persistence, mut seasonal) = (nothing(), nothing(), season.map(|_| nothing()));
    let (mut batch, mut predicted) = (Batch::default(), Vec::new());
    for index in 0..source.windows() {
        if cancelled() {
            return None;
        }
        source.fill(0, index, &mut batch);
        let (rows, width) = (batch.rows(), batch.numbers.len() / batch.extent.positions());
        // The forecasts may take the window's place.
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

/// Forecasts from a batch of windows that are equally long, scaled as what is read: `[B, ahead, K]`. Beyond what one pass
/// predicts, what it has predicted is read: then all channels are targets, and the batch's windows move on.
///
/// # Panics
/// If the batch is not one of such windows.
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
    assert_eq!(batch.extent.positions(), window * rows, "windows of {window} rows");
    let pool = model.spec().pool;
    let ends: Vec<u32> = (0..rows).map(|row| pool.end(&batch.extent, row) as u32).collect();
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
            assert_eq!(batch.numbers.len(), window * rows * k, "all channels come out, to go in again");
            // The last W of the rows that were read and those that were predicted.
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
            let (class, loss) = judge(&logits, target);
            assert_eq!(class, 1);
            assert!((loss - (sum.ln() - logits[target])).abs() < 1e-12);
            assert!((probabilities(&logits)[target] - logits[target].exp() / sum).abs() < 1e-12);
        }
        assert!((judge(&logits, 3).1 - (sum.ln() + 800.0)).abs() < 1e-9);
    }
}
