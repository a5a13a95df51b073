//! The record of a probe.

use serde::{Deserialize, Serialize};

use crate::credit::{CreditReport, Measured, Reason};
use crate::jacobian::JacobianProduct;
use crate::spectrum::LyapunovSpectrum;

/// Measurements of fixed weights: `probe/STEP.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// Version of the format.
    pub format: u32,
    /// Number type of the computation: "F64", or "F32", in which values below 1.2e-38 are 0.
    #[serde(default = "wide")]
    pub number_type: String,
    /// Training steps of the weights; 0 if unknown.
    pub step: u64,
    /// Whether it was kept small, as at the end of a run.
    pub light: bool,
    /// The data of the measurement.
    pub data: String,
    /// Numbers to compare the horizon with.
    pub beside: Beside,
    /// How far the gradient reaches. Profiles of long windows are stored at fewer lags.
    pub reach: Measured<CreditReport>,
    /// Lyapunov exponents along trajectories of the data.
    pub spectrum: Measured<LyapunovSpectrum>,
    /// Jacobian products, by ascending lag.
    pub products: Measured<Vec<JacobianProduct>>,
}

/// Numbers to compare the horizon with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// Truncation of the training, if it truncates.
    pub truncation_steps: Option<usize>,
    /// Needed lag, if known.
    pub needed_lag_steps: Option<usize>,
}

/// Older records do not have the number type and were computed in f64.
fn wide() -> String {
    "F64".into()
}

impl ProbeRecord {
    /// The version of the format.
    pub const FORMAT: u32 = 1;

    /// Whether a time limit left something out.
    pub fn is_cut_short(&self) -> bool {
        let reach = self.reach.known();
        let of_reach = reach.map_or([None; 3], |reach| {
            [reach.truncation.reason(), reach.sensitivity.reason(), reach.used_lag.reason()]
        });
        let others = [self.spectrum.reason(), self.products.reason()];
        of_reach.into_iter().chain(others).any(|reason| reason == Some(Reason::TimeLimit))
    }
}
