//! Errors of predicted targets, in the units of the file.
//!
//! With errors e = y − ŷ over n sequences, and ȳ the mean of their targets,
//!
//! ```text
//! MAE = 1/n Σ |e|        RMSE = √(1/n Σ e²)        R² = 1 − Σ e² / Σ (y − ȳ)²
//! ```

use longspan::batch::{Batch, Source};
use longspan::cell::Real;
use longspan::model::Model;
use longspan::params::Params;
use longspan_data::labelled::TargetScaling;
use longspan_kernel::Context;

/// Errors of one prediction for each sequence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// Mean absolute error.
    pub mae: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// R², the share of the variance that is predicted; None if all targets are equal.
    pub r2: Option<f64>,
}

/// Errors of a model, and of the mean of the training part as every prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetErrors {
    /// The model.
    pub model: Errors,
    /// The training mean.
    pub mean: Errors,
}

/// Errors of pairs of a target and its prediction.
fn errors(pairs: &[(f64, f64)]) -> Errors {
    let n = pairs.len().max(1) as f64;
    let mean = pairs.iter().map(|pair| pair.0).sum::<f64>() / n;
    let squares: f64 = pairs.iter().map(|(y, predicted)| (y - predicted).powi(2)).sum();
    let variance: f64 = pairs.iter().map(|(y, _)| (y - mean).powi(2)).sum();
    Errors {
        mae: pairs.iter().map(|(y, predicted)| (y - predicted).abs()).sum::<f64>() / n,
        rmse: (squares / n).sqrt(),
        r2: (variance > 0.0).then(|| 1.0 - squares / variance),
    }
}

/// Predicts all targets of a source; None if `cancelled` returns true between two windows. The weights must be packed.
pub(super) fn target_errors<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    scaling: &TargetScaling,
    source: &dyn Source,
    cancelled: &dyn Fn() -> bool,
) -> Option<TargetErrors> {
    let (mut batch, mut out, mut pairs) = (Batch::default(), Vec::new(), Vec::new());
    for window in 0..source.windows() {
        if cancelled() {
            return None;
        }
        source.fill(0, window, &mut batch);
        let mut state = model.zero_state(batch.rows());
        let positions = batch.values.positions.clone();
        model.predict(ctx, params, &batch, &mut state, &positions, &mut out);
        let original = |(y, predicted): (&f32, &R)| {
            (scaling.original(f64::from(*y)), scaling.original(predicted.to_f64()))
        };
        pairs.extend(batch.values.targets.iter().zip(&out).map(original));
    }
    let constant: Vec<(f64, f64)> = pairs.iter().map(|&(y, _)| (y, scaling.mean)).collect();
    Some(TargetErrors { model: errors(&pairs), mean: errors(&constant) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_units_of_the_targets() {
        let errors = super::errors(&[(1.0, 2.0), (3.0, 3.0), (8.0, 5.0)]);
        assert!((errors.mae - 4.0 / 3.0).abs() < 1e-12);
        assert!((errors.rmse - (10.0f64 / 3.0).sqrt()).abs() < 1e-12);
        // The targets have the mean 4 and the squared deviations 9, 1 and 16.
        assert!((errors.r2.unwrap() - (1.0 - 10.0 / 26.0)).abs() < 1e-12);
        assert_eq!(super::errors(&[(1.0, 2.0), (1.0, 2.0)]), Errors { mae: 1.0, rmse: 1.0, r2: None });
    }
}
