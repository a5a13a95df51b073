//! Baselines: the losses of simple predictors that do not use the network.
//!
//! Each is fitted on the training part and scored on the validation part, else on the test part, else on the training
//! part, with the metric of the validation. The best of them is the baseline of the run. A reference line, such as
//! token pairs for a text, reads the input and is listed only.

use longspan::batch::balance;
use serde::{Deserialize, Serialize};

/// A simple predictor and its loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Its name, such as "token frequencies" or "seasonal persistence, period 12".
    pub name: String,
    /// Its mean loss, in the unit of the run's losses.
    pub loss: f64,
    /// Whether it is only a reference line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reference: bool,
}

impl Baseline {
    /// A predictor that counts.
    pub(super) fn new(name: impl Into<String>, loss: f64) -> Self {
        Self { name: name.into(), loss, reference: false }
    }

    /// A reference line.
    pub(super) fn reference(name: impl Into<String>, loss: f64) -> Self {
        Self { reference: true, ..Self::new(name, loss) }
    }
}

/// The best of the baselines that count: the first with the smallest finite loss, else the first one; None if there are
/// none.
pub fn best(baselines: &[Baseline]) -> Option<&Baseline> {
    let counting = || baselines.iter().filter(|baseline| !baseline.reference);
    let finite = counting().filter(|baseline| baseline.loss.is_finite());
    finite.min_by(|a, b| a.loss.total_cmp(&b.loss)).or_else(|| counting().next())
}

/// Loss in nats of predicting the frequencies of classes or tokens. They are those of `train`, weighted like the
/// training loss if it is `balanced`, with 1 added to each so that none is zero; the loss is that of the counts
/// `scored`, unweighted like every validation.
pub(super) fn frequency_loss(train: &[u64], scored: &[u64], balanced: bool) -> f64 {
    let weights = if balanced { balance::balanced(train) } else { vec![1.0; train.len()] };
    let shares: Vec<f64> = train.iter().zip(weights).map(|(&n, weight)| weight * n as f64 + 1.0).collect();
    let total: f64 = shares.iter().sum();
    let nats: f64 = shares.iter().zip(scored).map(|(share, &n)| -(share / total).ln() * n as f64).sum();
    nats / scored.iter().sum::<u64>().max(1) as f64
}

/// The training mean as a prediction of every target, and for `absolute` errors the median as well. Targets are
/// standardised.
pub(super) fn of_targets(train: &[f64], scored: &[f64], absolute: bool) -> Vec<Baseline> {
    let mean = train.iter().sum::<f64>() / train.len().max(1) as f64;
    let mut baselines = vec![of_mean(mean, scored, absolute)];
    if absolute && !train.is_empty() {
        let mut sorted = train.to_vec();
        let middle = sorted.len() / 2;
        let median = *sorted.select_nth_unstable_by(middle, f64::total_cmp).1;
        baselines.push(Baseline::new("training median", constant_loss(median, scored, absolute)));
    }
    baselines
}

/// The training mean as a prediction of every target.
pub(super) fn of_mean(mean: f64, scored: &[f64], absolute: bool) -> Baseline {
    Baseline::new("training mean", constant_loss(mean, scored, absolute))
}

/// Mean squared or absolute error of the same prediction for every target.
fn constant_loss(constant: f64, scored: &[f64], absolute: bool) -> f64 {
    let errors = scored.iter().map(|target| target - constant);
    let sum: f64 = errors.map(|error| if absolute { error.abs() } else { error * error }).sum();
    sum / scored.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_named_and_reference_lines_do_not_count() {
        let all = [Baseline::new("a", 2.0), Baseline::reference("b", 0.5), Baseline::new("c", 1.0)];
        assert_eq!(best(&all).unwrap().name, "c");
        assert_eq!(best(&[Baseline::new("a", f64::NAN)]).unwrap().name, "a");
    }

    #[test]
    fn targets_have_a_mean_and_a_median() {
        let (train, scored) = ([0.0, 0.0, 0.0, 8.0], [1.0, 3.0]);
        let of = |absolute| {
            let all = of_targets(&train, &scored, absolute);
            all.into_iter().map(|baseline| (baseline.name, baseline.loss)).collect::<Vec<_>>()
        };
        assert_eq!(of(false), [("training mean".to_owned(), 1.0)]);
        assert_eq!(of(true), [("training mean".to_owned(), 1.0), ("training median".to_owned(), 2.0)]);
    }

    #[test]
    fn frequencies_are_weighted_like_the_loss() {
        let (train, scored) = ([98, 8], [90, 10]);
        let prior = -(0.9 * (99.0f64 / 108.0).ln() + 0.1 * (9.0f64 / 108.0).ln());
        assert!((frequency_loss(&train, &scored, false) - prior).abs() < 1e-12);
        // Balanced classes weigh the same, so the best constant gives each of them one half.
        assert!((frequency_loss(&train, &scored, true) - 2.0f64.ln()).abs() < 1e-12);
    }
}
