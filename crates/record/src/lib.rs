//! Plain records of a training run: training writes them, diagnosis and reports read them.
//!
//! This crate knows no model, file or clock.

pub mod credit;
mod fault;
pub mod jacobian;
pub mod json_float;
mod probe;
mod profile;
pub mod spectrum;
mod step;

pub use fault::{Cause, Direction, FaultEvidence, FaultRecord, Phase};
pub use probe::{Beside, ProbeRecord};
pub use profile::{BINS, Curve, LayerProfile, ProfileRecord, bin_edges};
pub use step::{
    ActivationRecord, BatchRecord, GateRecord, InputRecord, LayerRecord, ScoreRecord, Snapshot, StepRecord,
    TensorRecord,
};
