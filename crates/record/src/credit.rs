//! How far the gradient reaches: what was asked for, and what was measured.

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
pub use lag::{Depth, Exponent, LagReport, LayerReach, Reach};
pub use measured::{Measured, Reason};
pub use profile::Profile;
pub use sensitivity::Sensitivity;
pub use truncation::TruncationBias;
pub use used::{AddedLoss, Spoil, UsedLag};

/// What is measured, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreditOptions {
    /// Seed of anchors, resamples, signs and orders.
    pub seed: u64,
    /// Independent sequences to measure at.
    pub sequences: usize,
    /// Fewer of them than this are not enough.
    pub least_sequences: usize,
    /// Anchors of a sequence, each a pass of its own.
    pub anchors: usize,
    /// W, in steps; None for as many as half of the sequences have before their last scored step, at most 1000. In windows of one
    /// length the anchors are the last steps then: a smaller W leaves a choice.
    pub window: Option<usize>,
    /// ε of the horizon.
    pub epsilon: f64,
    /// R of its interval.
    pub resamples: usize,
    /// Whether the lag profile is measured.
    pub lag: bool,
    /// K of the truncations.
    pub truncations: Vec<usize>,
    /// Batches that these are compared on, at most.
    pub truncation_batches: usize,
    /// Sequences that the sensitivity is the mean over, each run alone; 0 leaves it out.
    pub sensitivity_sequences: usize,
    /// Whether the used lag is measured.
    pub used: bool,
    /// What spoils older inputs.
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

/// All that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreditReport {
    /// "F64" or "F32".
    pub number_type: String,
    /// What was asked for.
    pub options: CreditOptions,
    /// Sequences that were read.
    pub sequences_read: usize,
    /// The lag profile.
    pub lag: Measured<LagReport>,
    /// The gates, layer by layer: of all that the readout goes back to, which behind an encoder is the decoder.
    pub gates: Vec<LayerGates>,
    /// Those of the encoder's layers, where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encoder_gates: Vec<LayerGates>,
    /// The bias of truncations, K ascending.
    pub truncation: Measured<Vec<TruncationBias>>,
    /// The sensitivity to the weights, steps ascending.
    pub sensitivity: Measured<Vec<Sensitivity>>,
    /// The used lag.
    pub used_lag: Measured<UsedLag>,
}
