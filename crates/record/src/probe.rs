//! What a probe leaves in a run.

use serde::{Deserialize, Serialize};

use crate::credit::{CreditReport, Measured};
use crate::jacobian::JacobianProduct;
use crate::spectrum::LyapunovSpectrum;

/// Everything that was measured of some weights: `probe/STEP.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// Version of the format.
    pub format: u32,
    /// The numbers that it was measured in: "F64", or "F32", in which what is below 1.2e-38 is 0.
    #[serde(default = "wide")]
    pub number_type: String,
    /// Steps that the weights were trained; 0 where that is not known.
    pub step: u64,
    /// Whether it was made small, to cost a run next to nothing.
    pub light: bool,
    /// What it was measured on.
    pub data: String,
    /// What it stands beside.
    pub beside: Beside,
    /// How far the gradient reaches. Profiles of long windows have fewer lags than steps.
    pub reach: Measured<CreditReport>,
    /// Exponents along trajectories of the data.
    pub spectrum: Measured<LyapunovSpectrum>,
    /// Products of Jacobians, lags ascending.
    pub products: Measured<Vec<JacobianProduct>>,
}

/// What a horizon stands beside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// Steps after which training cuts the gradient off, where it does.
    pub truncation_steps: Option<usize>,
    /// Steps back that the task needs, where that is known.
    pub needed_lag_steps: Option<usize>,
}

/// Records that do not say were made in f64.
fn wide() -> String {
    "F64".into()
}

impl ProbeRecord {
    /// The version of the format.
    pub const FORMAT: u32 = 1;
}
