//! The curves of a run, reduced to the points that a screen can show.

use longspan_record::{ScoreRecord, StepRecord};
use serde::Serialize;

/// Upper limit of the points of a curve.
const MOST: usize = 1000;

/// Training curves. If there are more than a thousand steps, each point is the mean of neighbouring steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curve {
    /// The last step of each point.
    pub step: Vec<u64>,
    /// Mean loss.
    pub loss: Vec<f64>,
    /// Mean log10 of the global norm before clipping.
    pub norm: Vec<f64>,
    /// Largest log10 of the global norm before clipping.
    pub norm_high: Vec<f64>,
    /// Mean log10 of the global norm after clipping.
    pub after: Vec<f64>,
    /// Share of the steps that were clipped.
    pub clipped: Vec<f64>,
    /// Mean learning rate.
    pub lr: Vec<f64>,
}

impl Curve {
    /// The curve of these steps.
    pub fn of(steps: &[StepRecord]) -> Self {
        let mut curve = Self::default();
        for part in steps.chunks(steps.len().div_ceil(MOST).max(1)) {
            let mean = |of: fn(&StepRecord) -> f64| part.iter().map(of).sum::<f64>() / part.len() as f64;
            curve.step.push(part[part.len() - 1].step);
            curve.loss.push(mean(|s| s.loss));
            curve.norm.push(mean(|s| s.log10_global_norm));
            curve.norm_high.push(part.iter().map(|s| s.log10_global_norm).fold(f64::NEG_INFINITY, f64::max));
            curve.after.push(mean(|s| s.log10_global_norm_after));
            curve.clipped.push(mean(|s| f64::from(u8::from(s.clipped))));
            curve.lr.push(mean(|s| s.lr));
        }
        curve
    }
}

/// Validation curves. If there are more than a thousand validations, each point is the best of neighbouring ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Validations {
    /// The step of each validation.
    pub step: Vec<u64>,
    /// The loss of each validation.
    pub loss: Vec<f64>,
    /// The accuracy of each validation, for classes.
    pub accuracy: Vec<Option<f64>>,
}

impl Validations {
    /// The curve of these validations.
    pub fn of(scores: &[ScoreRecord]) -> Self {
        let parts = scores.chunks(scores.len().div_ceil(MOST).max(1));
        let best = parts.filter_map(|part| part.iter().min_by(|a, b| a.loss.total_cmp(&b.loss)));
        let scores: Vec<&ScoreRecord> = best.collect();
        Self {
            step: scores.iter().map(|s| s.step).collect(),
            loss: scores.iter().map(|s| s.loss).collect(),
            accuracy: scores.iter().map(|s| s.accuracy).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_is_reduced_to_a_thousand_points() {
        let steps: Vec<_> = (1..=10_000)
            .map(|step| StepRecord {
                step,
                loss: step as f64,
                log10_global_norm: if step == 5_555 { 9.0 } else { 0.0 },
                clipped: step % 2 == 0,
                ..StepRecord::default()
            })
            .collect();
        let curve = Curve::of(&steps);
        assert_eq!((curve.step.len(), curve.step[0], curve.step[999]), (1000, 10, 10_000));
        assert_eq!((curve.loss[0], curve.clipped[0]), (5.5, 0.5));
        // The maximum shows a single step among ten thousand.
        assert_eq!(curve.norm_high.iter().filter(|&&x| x == 9.0).count(), 1);
        assert_eq!(Curve::of(&steps[..7]).step, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(Curve::of(&[]), Curve::default());
    }
}
