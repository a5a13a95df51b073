//! What is seen and recorded of a run: plain records, filled by observers of the backward pass and written by the run.
//!
//! Training fills them and never knows who reads; whoever judges or draws reads them and never a model. Observing changes no bit
//! of the weights.

mod batch;
mod fault;
mod flow;
mod gates;
mod observer;
mod profile;
mod records;
mod tier;
mod updates;

pub use fault::{Cause, Direction, Evidence, FaultRecord, Phase};
pub use flow::{BINS, Curve, FlowRecord, LayerFlow, bin_edges};
pub use observer::Observer;
pub use profile::{FlowProfile, Scratch};
pub use records::{
    ActivationRecord, BatchRecord, GateRecord, InputRecord, LayerRecord, Look, ScoreRecord, StepRecord,
    TensorRecord,
};
pub use tier::Observe;
