//! Standardisation: each channel gets mean 0 and standard deviation 1 over the training part.
//!
//! With the n values x of channel d in the training sequences, without missing ones:
//!
//! ```text
//! mean_d = Σ x / n,   std_d = sqrt(Σ (x - mean_d)² / n),   x' = (x - mean_d) / std_d
//! ```
//!
//! One-hot channels keep 0 and 1. A channel that is constant or has no values in the training part is only shifted: std_d = 1. A missing value becomes
//! 0, the mean.

use serde::{Deserialize, Serialize};

use super::error::{LabelledError, Problem, quoted};
use super::sequences::{Kind, Labelled};
use crate::spread::is_constant;

/// Mean and standard deviation of each channel, `[D]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// mean_d.
    pub mean: Vec<f64>,
    /// std_d, above 0.
    pub std: Vec<f64>,
    /// The scaling of each group of a series, instead of that of all groups; empty if they share it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupScaling>,
}

/// Mean and standard deviation of each channel in one group of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupScaling {
    /// Name of the group.
    pub name: String,
    /// Mean of each channel.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel, above 0.
    pub std: Vec<f64>,
}

impl Scaling {
    /// Scaling that keeps values as they are, except that missing ones become 0.
    pub fn identity(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], std: vec![1.0; channels], groups: Vec::new() }
    }

    /// Computes the scaling of the given sequences, usually the training part; None for tokens.
    ///
    /// # Panics
    /// If a sequence does not exist.
    pub fn of(labelled: &Labelled, training: &[usize]) -> Option<Self> {
        let Kind::Values { channels } = &labelled.kind else { return None };
        let width = channels.len();
        let mut scaling = Self::identity(width);
        for d in (0..width).filter(|&d| !labelled.is_one_hot(d)) {
            let values = || {
                let of = |&i: &usize| {
                    labelled.channel(labelled.offsets[i] * width..labelled.offsets[i + 1] * width, d)
                };
                training.iter().flat_map(of).filter(|value| !value.is_nan())
            };
            let n = values().count();
            if n == 0 {
                continue;
            }
            let mean = values().sum::<f64>() / n as f64;
            let std = (values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64).sqrt();
            scaling.mean[d] = mean;
            if std > 0.0 && !is_constant(values()) {
                scaling.std[d] = std;
            }
        }
        Some(scaling)
    }

    /// Scales all values, and replaces missing ones by 0.
    ///
    /// # Errors
    /// [`Problem::OutOfScale`] if a scaled value is not finite. Part of the sequences is scaled then.
    ///
    /// # Panics
    /// If the number of channels differs.
    pub fn apply(&self, labelled: &mut Labelled) -> Result<(), LabelledError> {
        let Kind::Values { channels } = &labelled.kind else { panic!("tokens cannot be scaled") };
        let width = channels.len();
        assert_eq!(
            (self.mean.len(), self.std.len()),
            (width, width),
            "the scaling has another number of channels"
        );
        let exact = labelled.exact.take();
        for (index, value) in labelled.values.iter_mut().enumerate() {
            let d = index % width;
            let unscaled = exact.as_ref().map_or(f64::from(*value), |exact| exact[index]);
            let scaled = ((unscaled - self.mean[d]) / self.std[d]) as f32;
            if scaled.is_infinite() {
                let problem = Problem::OutOfScale { channel: quoted(&channels[d]) };
                let sequence = labelled.offsets.partition_point(|&offset| offset <= index / width) - 1;
                return Err(labelled.problem(sequence, problem));
            }
            *value = if value.is_nan() { 0.0 } else { scaled };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ts;
    use super::*;

    fn of(data: &str) -> Labelled {
        ts::read(format!("@classLabel true a b\n@data\n{data}").as_bytes(), Path::new("x.ts")).unwrap()
    }

    #[test]
    fn only_the_training_part_determines_the_scale() {
        // Channel 1 of the first two sequences: 1, 3, 5, 7 with mean 4 and variance 5; channel 2 is constant there.
        let mut labelled = of("1,3:9,9:a\n5,7,?:9,9,9:b\n100,-100:8,?:a\n");
        let scaling = Scaling::of(&labelled, &[0, 1]).unwrap();
        assert_eq!((&scaling.mean[..], &scaling.std[..]), (&[4.0, 9.0][..], &[5f64.sqrt(), 1.0][..]));
        scaling.apply(&mut labelled).unwrap();
        let root = 5f32.sqrt();
        for (value, expected) in labelled.sequence(0).iter().zip([-3.0 / root, 0.0, -1.0 / root, 0.0]) {
            assert!((value - expected).abs() < 1e-6);
        }
        assert_eq!(labelled.sequence(1)[4..], [0.0, 0.0]);
        assert_eq!((labelled.sequence(2)[1], labelled.sequence(2)[3]), (-1.0, 0.0));
        assert!((labelled.sequence(2)[0] - 96.0 / root).abs() < 1e-4);
        let again: Scaling = serde_json::from_str(&serde_json::to_string(&scaling).unwrap()).unwrap();
        assert_eq!(again, scaling);
    }

    #[test]
    fn constants_and_extremes_stay_finite() {
        let mut labelled = of("0.1,0.1,0.1:3e38,-3e38,3e38:a\n0.1:-3e38:b\n");
        let scaling = Scaling::of(&labelled, &[0, 1]).unwrap();
        assert_eq!(scaling.std[0], 1.0);
        scaling.apply(&mut labelled).unwrap();
        assert!((0..2).all(|i| labelled.sequence(i).iter().all(|value| value.abs() < 2.0)));
        let mut labelled = of("1e-30,2e-30:a\n3e38:b\n");
        let error = Scaling::of(&labelled, &[0]).unwrap().apply(&mut labelled).unwrap_err().to_string();
        assert!(error.contains("x.ts: line 4: a value of channel \"1\" is too far"), "{error}");
        let mut labelled = of("?,5:a\n");
        Scaling::identity(1).apply(&mut labelled).unwrap();
        assert_eq!(labelled.sequence(0), [0.0, 5.0]);
    }
}
