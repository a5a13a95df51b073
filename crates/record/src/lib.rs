//! Plain records of a training run: what training writes and whoever judges or draws it reads.
//!
//! They know no model, no file and no clock.

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
