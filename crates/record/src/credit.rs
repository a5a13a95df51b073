//! How far the gradient reaches: options and results of the measurement.

use serde::{Deserialize, Serialize};

mod decay;
mod gates;
mod horizon;
mod lag;
mod measured;
mod profile;
mod sensitivity;
mod truncation;
mod used;

pub use decay::Decay;
pub use gates::{ActivationSummary, Forgetting, GateSummary, LayerGates};
pub use horizon::Horizon;
pub(crate) use lag::interpolated;
pub use lag::{Depth, Exponent, LagReport, LayerReach, Reach, kept_lags};
pub use measured::{Measured, Reason};
pub use profile::Profile;
pub use sensitivity::Sensitivity;
pub use truncation::TruncationBias;
pub use used::{AddedLoss, Spoil, UsedLag};

/// Options of the measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreditOptions {
    /// Seed of anchors, bootstrap resamples, random signs and orders.
    pub seed: u64,
    /// Number of independent sequences to measure.
    pub sequences: usize,
    /// Smallest number of sequences that is enough.
    pub least_sequences: usize,
    /// Anchors per sequence. Each takes a pass of its own.
    pub anchors: usize,
    /// W, in steps. None chooses the number of steps that half of the sequences have before their last scored step, at
    /// most 1000. If all sequences have the same length, the only anchors are then the last steps; a smaller W allows
    /// others.
    pub window: Option<usize>,
    /// ε of the gradient horizon.
    pub epsilon: f64,
    /// R, the number of bootstrap resamples for its interval.
    pub resamples: usize,
    /// Whether to measure the lag profile.
    pub lag: bool,
    /// K of the truncations, in steps.
    pub truncations: Vec<usize>,
    /// Most batches on which truncations are compared.
    pub truncation_batches: usize,
    /// Number of sequences over which the parameter sensitivity is averaged, each run on its own; 0 skips it.
    pub sensitivity_sequences: usize,
    /// Whether to measure the used lag.
    pub used: bool,
    /// What is done to older inputs to measure the used lag.
    pub spoil: Spoil,
    /// η of the used lag.
    pub eta: f64,
}

impl Default for CreditOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            sequences: 64,
            least_sequences: 16,
            anchors: 1,
            window: None,
            epsilon: 0.01,
            resamples: 1000,
            lag: true,
            truncations: vec![8, 16, 32, 64, 128, 256, 512],
            truncation_batches: 8,
            sensitivity_sequences: 16,
            used: true,
            spoil: Spoil::Shuffle,
            eta: 0.01,
        }
    }
}

/// Results of the measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreditReport {
    /// Number type of the computation: "F64" or "F32".
    pub number_type: String,
    /// Options of the measurement.
    pub options: CreditOptions,
    /// Number of sequences that were read.
    pub sequences_read: usize,
    /// The lag profile.
    pub lag: Measured<LagReport>,
    /// Gates of each layer of the stack that the readout depends on; with an encoder, the decoder.
    pub gates: Vec<LayerGates>,
    /// Gates of each layer of the encoder, if there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encoder_gates: Vec<LayerGates>,
    /// Truncation bias, by ascending K.
    pub truncation: Measured<Vec<TruncationBias>>,
    /// Parameter sensitivity, by ascending steps.
    pub sensitivity: Measured<Vec<Sensitivity>>,
    /// The used lag.
    pub used_lag: Measured<UsedLag>,
}
