//! The scale of targets: mean and standard deviation.

use serde::{Deserialize, Serialize};

/// Mean and standard deviation of the targets of the training part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetScaling {
    /// Mean, in the units of the file.
    pub mean: f64,
    /// Standard deviation in the units of the file, above 0.
    pub std: f64,
}

impl Default for TargetScaling {
    /// Scaling that keeps targets as they are.
    fn default() -> Self {
        Self { mean: 0.0, std: 1.0 }
    }
}

impl TargetScaling {
    /// A target in the units of the file.
    pub fn original(&self, scaled: f64) -> f64 {
        self.mean + self.std * scaled
    }
}
