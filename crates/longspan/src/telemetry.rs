//! What is seen and recorded of a run: plain records, filled by observers of the backward pass and written by the run.
//!
//! Training fills them and never knows who reads; whoever judges or draws reads them and never a model. Observing changes no bit
//! of the weights.

mod fault;
mod profile;
mod records;

pub use fault::{Cause, Direction, Evidence, FaultRecord, Phase};
pub use profile::FlowProfile;
pub use records::{
    ActivationRecord, BatchRecord, GateRecord, InputRecord, LayerRecord, Look, ScoreRecord, StepRecord,
    TensorRecord,
};
