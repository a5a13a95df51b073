//! Plain records of a training run: training writes them, diagnosis and reports read them.
//!
//! This crate knows no model, file or clock.

#![warn(clippy::disallowed_macros)]

mod channel;
pub mod credit;
mod fault;
pub mod jacobian;
pub mod json_float;
mod lag_snapshot;
mod probe;
mod profile;
mod recovery;
mod score;
mod setting_change;
pub mod spectrum;
mod step;

pub use channel::{ChannelRecord, ValueRange};
pub use fault::{Cause, Direction, FaultEvidence, FaultRecord, Phase};
pub use lag_snapshot::LagSnapshot;
pub use probe::{Beside, ProbeRecord};
pub use profile::{BINS, Curve, LayerProfile, ProfileRecord, bin_edges};
pub use recovery::{RecoveryAction, RecoveryRecord};
pub use score::{ClassScore, Estimate, GroupScore, ScoreRecord};
pub use setting_change::SettingChange;
pub use step::{
    ActivationRecord, BatchRecord, GateRecord, InputRecord, LayerRecord, Snapshot, StepRecord, TensorRecord,
};
