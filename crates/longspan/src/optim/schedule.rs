//! Learning-rate schedules, and the warm-up before any of them.
//!
//! # References
//! Halving after some epochs: Zaremba, Sutskever, Vinyals, "Recurrent neural network regularization", 2014.
//! Cosine decay without restarts: Loshchilov, Hutter, "SGDR", ICLR 2017.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::option_syntax::{Kind, OptionError, check, count, number, whole};

/// A schedule: the factor of the learning rate over time. F is above 0 and at most 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Schedule {
    /// `constant`: the factor is 1.
    #[default]
    Constant,
    /// `step:E[:F]`: multiplied by F (default 0.5) every E epochs.
    Step {
        /// E, at least 1.
        epochs: u64,
        /// F.
        factor: f64,
    },
    /// `cosine[:W]`: linear from 1/W to 1 over the first W steps (default 0), then a half cosine down to 0 at
    /// the last step.
    Cosine {
        /// W, in steps.
        warmup: u64,
    },
    /// `decay_after:K:F`, or `halve_after:K` with F = 0.5: F^max(0, e − K) in epoch e, counted from 1.
    DecayAfter {
        /// K, in epochs.
        epochs: u64,
        /// F.
        factor: f64,
    },
    /// `plateau:P[:F]`: multiplied by F (default 0.5) after every P consecutive evaluations without a lower
    /// validation loss.
    Plateau {
        /// P, in evaluations, at least 1.
        patience: u64,
        /// F.
        factor: f64,
    },
}

/// The factor of the learning rate in a warm-up over the first W steps, min(1, (step + 1)/W), which multiplies the one of a
/// schedule. `step` is the number of steps taken; without a warm-up, W is 0.
///
/// # Examples
/// ```
/// use longspan::optim::schedule::warm_up;
///
/// assert_eq!([0, 1, 3, 100].map(|step| warm_up(step, 4)), [0.25, 0.5, 1.0, 1.0]);
/// ```
pub fn warm_up(step: u64, steps: u64) -> f64 {
    if step < steps { (step + 1) as f64 / steps as f64 } else { 1.0 }
}

/// The progress of training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Number of update steps taken, which is the index of the next one.
    pub step: u64,
    /// Number of update steps planned in total.
    pub steps: u64,
    /// Number of epochs completed, which is the index of the current one.
    pub epoch: u64,
}

/// A summary of the validation losses so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patience {
    /// Lowest validation loss in nats per target, infinite before the first evaluation (`null` in files: JSON
    /// has no infinity).
    #[serde(serialize_with = "null_if_infinite", deserialize_with = "infinite_if_null")]
    pub best: f64,
    /// Number of evaluations since the best one.
    pub since_best: u64,
    /// Number of times that [`Schedule::Plateau`] has reduced the rate.
    pub reductions: u64,
    /// Number of evaluations since the best one or the last reduction.
    pub since_reduction: u64,
}

impl Schedule {
    /// The factor of the learning rate.
    pub fn factor(&self, progress: Progress, patience: &Patience) -> f64 {
        // For larger powers every factor below 1 is practically 0.
        let power = |factor: f64, n: u64| factor.powi(i32::try_from(n).unwrap_or(i32::MAX));
        match *self {
            Self::Constant => 1.0,
            Self::Step { epochs, factor } => power(factor, progress.epoch / epochs.max(1)),
            Self::Cosine { warmup } => cosine(progress.step, progress.steps, warmup),
            Self::DecayAfter { epochs, factor } => power(factor, (progress.epoch + 1).saturating_sub(epochs)),
            Self::Plateau { factor, .. } => power(factor, patience.reductions),
        }
    }
}

/// Computes the cosine schedule: its peak is step W − 1, or step 0 without warm-up; the last step is `steps`
/// − 1. Later steps get 0.
fn cosine(step: u64, steps: u64, warmup: u64) -> f64 {
    let (peak, last) = (warmup.saturating_sub(1), steps.saturating_sub(1));
    if step < peak {
        warm_up(step, warmup)
    } else if step == peak {
        1.0
    } else if step >= last {
        0.0
    } else {
        0.5 * (1.0 + (PI * (step - peak) as f64 / (last - peak) as f64).cos())
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self { best: f64::INFINITY, since_best: 0, reductions: 0, since_reduction: 0 }
    }
}

impl Patience {
    /// Adds a validation loss in nats and returns whether it is the lowest so far. NaN never is.
    pub fn observe(&mut self, loss: f64, schedule: &Schedule) -> bool {
        if loss < self.best {
            (self.best, self.since_best, self.since_reduction) = (loss, 0, 0);
            return true;
        }
        self.since_best += 1;
        self.since_reduction += 1;
        if let Schedule::Plateau { patience, .. } = *schedule
            && self.since_reduction >= patience
        {
            (self.reductions, self.since_reduction) = (self.reductions + 1, 0);
        }
        false
    }

    /// Whether the last `limit` evaluations brought no improvement, so that training may stop. A limit of 0
    /// never stops it.
    pub fn exhausted(&self, limit: u64) -> bool {
        limit > 0 && self.since_best >= limit
    }
}

fn null_if_infinite<S: Serializer>(nats: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    nats.is_finite().then_some(*nats).serialize(serializer)
}

fn infinite_if_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}

const KIND: Kind = Kind {
    what: "learning rate schedule",
    forms: &["constant", "step:E[:F]", "cosine[:W]", "halve_after:K", "decay_after:K:F", "plateau:P[:F]"],
};

impl FromStr for Schedule {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let mut parts = KIND.read(text)?;
        let factor = |text: Option<&str>| {
            let what = "the factor of the learning rate";
            let good = |x| x > 0.0 && x <= 1.0;
            text.map_or(Ok(0.5), |text| check(what, number(what, text)?, good, "above 0 and at most 1"))
        };
        let schedule = match parts.name {
            "constant" => Self::Constant,
            "step" => {
                let what = "the number of epochs";
                Self::Step { epochs: count(what, parts.required(what)?)?, factor: factor(parts.optional())? }
            }
            "cosine" => {
                let warmup =
                    parts.optional().map_or(Ok(0), |text| whole("the number of warm-up steps", text))?;
                Self::Cosine { warmup }
            }
            "halve_after" => {
                let what = "the number of epochs";
                Self::DecayAfter { epochs: whole(what, parts.required(what)?)?, factor: 0.5 }
            }
            "decay_after" => {
                let what = "the number of epochs";
                let epochs = whole(what, parts.required(what)?)?;
                Self::DecayAfter {
                    epochs,
                    factor: factor(Some(parts.required("the factor of the learning rate")?))?,
                }
            }
            "plateau" => {
                let what = "the number of evaluations";
                Self::Plateau {
                    patience: count(what, parts.required(what)?)?,
                    factor: factor(parts.optional())?,
                }
            }
            _ => return Err(KIND.unknown(text)),
        };
        parts.end(schedule)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Step { epochs, factor } => write!(f, "step:{epochs}:{factor}"),
            Self::Cosine { warmup } => write!(f, "cosine:{warmup}"),
            Self::DecayAfter { epochs, factor: 0.5 } => write!(f, "halve_after:{epochs}"),
            Self::DecayAfter { epochs, factor } => write!(f, "decay_after:{epochs}:{factor}"),
            Self::Plateau { patience, factor } => write!(f, "plateau:{patience}:{factor}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_epoch(schedule: &str) -> Result<Vec<f64>, OptionError> {
        let schedule: Schedule = schedule.parse()?;
        let at = |epoch| schedule.factor(Progress { epoch, ..Progress::default() }, &Patience::default());
        Ok((0..7).map(at).collect())
    }

    fn by_step(schedule: &str, steps: u64) -> Result<Vec<f64>, OptionError> {
        let schedule: Schedule = schedule.parse()?;
        let at = |step| schedule.factor(Progress { step, steps, epoch: 0 }, &Patience::default());
        Ok((0..=steps).map(at).collect())
    }

    #[test]
    fn schedules_by_epoch() -> Result<(), OptionError> {
        assert_eq!(by_epoch("constant")?, [1.0; 7]);
        assert_eq!(by_epoch("step:2")?, [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125]);
        assert_eq!(by_epoch("step:3:0.25")?, [1.0, 1.0, 1.0, 0.25, 0.25, 0.25, 0.0625]);
        // Epochs 1 to 4 have the full rate, then it is halved in each epoch.
        assert_eq!(by_epoch("halve_after:4")?, [1.0, 1.0, 1.0, 1.0, 0.5, 0.25, 0.125]);
        assert_eq!(by_epoch("halve_after:0")?[0], 0.5);
        assert_eq!(by_epoch("decay_after:5:0.1")?[3..], [1.0, 1.0, 0.1, 0.1f64.powi(2)]);
        Ok(())
    }

    #[test]
    fn a_warm_up_ends_at_the_full_rate() {
        assert_eq!([0, 1, 2, 3, 4].map(|step| warm_up(step, 3)), [1.0 / 3.0, 2.0 / 3.0, 1.0, 1.0, 1.0]);
        assert_eq!([warm_up(0, 0), warm_up(0, 1)], [1.0, 1.0]);
    }

    #[test]
    fn the_cosine_is_1_at_its_peak_and_0_at_the_last_step() -> Result<(), OptionError> {
        let close = |a: Vec<f64>, b: &[f64]| {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(x, y)| assert!((x - y).abs() < 1e-15, "{a:?} against {b:?}"));
        };
        let r = 0.5f64.sqrt() / 2.0;
        close(by_step("cosine", 5)?, &[1.0, 0.5 + r, 0.5, 0.5 - r, 0.0, 0.0]);
        close(by_step("cosine:4", 8)?, &[0.25, 0.5, 0.75, 1.0, 0.5 + r, 0.5, 0.5 - r, 0.0, 0.0]);
        // A warm-up that ends with or after training, and a single step.
        close(by_step("cosine:2", 2)?, &[0.5, 1.0, 0.0]);
        close(by_step("cosine:8", 2)?, &[0.125, 0.25, 0.375]);
        close(by_step("cosine", 1)?, &[1.0, 0.0]);
        Ok(())
    }

    #[test]
    fn a_plateau_reduces_the_rate_and_patience_runs_out() -> Result<(), OptionError> {
        let schedule: Schedule = "plateau:2:0.1".parse()?;
        let mut patience = Patience::default();
        let mut seen = Vec::new();
        for loss in [5.0, 4.0, 4.0, 4.5, 4.1, f64::NAN, 3.9, 4.0, 3.8] {
            let best = patience.observe(loss, &schedule);
            seen.push((best, patience.since_best, patience.reductions));
        }
        let expected = [
            (true, 0, 0),
            (true, 0, 0),
            (false, 1, 0),
            (false, 2, 1),
            (false, 3, 1),
            (false, 4, 2),
            (true, 0, 2),
            (false, 1, 2),
            (true, 0, 2),
        ];
        assert_eq!(seen, expected);
        assert_eq!(patience.best, 3.8);
        assert!((schedule.factor(Progress::default(), &patience) - 0.01).abs() < 1e-17);
        // Other schedules do not reduce the rate.
        let mut patience = Patience::default();
        for _ in 0..3 {
            patience.observe(1.0, &Schedule::Constant);
        }
        assert_eq!((patience.since_best, patience.reductions), (2, 0));
        assert!(patience.exhausted(2) && !patience.exhausted(3) && !patience.exhausted(0));
        Ok(())
    }

    #[test]
    fn patience_survives_json() -> Result<(), serde_json::Error> {
        let mut patience = Patience::default();
        for _ in 0..2 {
            let back: Patience = serde_json::from_str(&serde_json::to_string(&patience)?)?;
            assert_eq!(back, patience);
            patience.observe(0.1 + 0.2, &Schedule::Constant);
            patience.observe(1.0, &Schedule::Constant);
        }
        Ok(())
    }

    #[test]
    fn schedules_round_trip_as_text() {
        for text in
            ["constant", "step:3:0.1", "cosine:100", "halve_after:6", "decay_after:14:0.87", "plateau:2:0.25"]
        {
            assert_eq!(text.parse::<Schedule>().map(|s| s.to_string()), Ok(text.to_string()));
        }
        assert_eq!("step:3".parse(), Ok(Schedule::Step { epochs: 3, factor: 0.5 }));
        assert_eq!("cosine".parse(), Ok(Schedule::Cosine { warmup: 0 }));
        assert_eq!("plateau:1".parse(), Ok(Schedule::Plateau { patience: 1, factor: 0.5 }));
        for (text, error) in [
            ("step:0", "the number of epochs must be at least 1, not 0"),
            ("step:2:0", "the factor of the learning rate must be above 0 and at most 1, not 0"),
            ("step:2:nan", "the factor of the learning rate must be above 0 and at most 1, not NaN"),
            ("plateau", "\"plateau\" lacks the number of evaluations: write plateau:P[:F]"),
            ("cosine:1:2", "\"cosine:1:2\" has too many numbers: write cosine[:W]"),
            ("cosine:-1", "the number of warm-up steps must be a whole number, not \"-1\""),
        ] {
            assert_eq!(text.parse::<Schedule>().map_err(|e| e.to_string()), Err(error.to_string()));
        }
    }
}
