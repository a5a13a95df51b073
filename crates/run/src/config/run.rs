//! The settings of the run: its length, its resources, and what it records.

use std::path::PathBuf;

use longspan::option_names;
use longspan::option_syntax::Size;
pub use longspan::telemetry::Observe;

/// What follows a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFault {
    /// The run ends.
    Stop,
    /// The batch is left out.
    Skip,
    /// Training goes back to earlier weights, with half the learning rate.
    Rewind,
}

option_names!(OnFault, "policy": Stop = "stop", Skip = "skip", Rewind = "rewind");

/// The section `[run]`: length, resources and records of a run. [`KEYS`](super::KEYS) documents each setting.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "`KEYS` documents every setting once, for flags, files and readers")]
pub struct RunConfig {
    pub epochs: u64,
    pub steps: u64,
    pub eval_every: u64,
    pub early_stop: u64,
    pub stop_after: f64,
    pub seed: u64,
    pub threads: usize,
    pub bptt_memory: Size,
    pub chunk: usize,
    pub on_fault: OnFault,
    pub max_faults: u64,
    pub checkpoint_every: f64,
    pub keep: u64,
    pub tensorboard: Option<PathBuf>,
    pub observe: Observe,
    pub observe_every: u64,
    pub no_probe: bool,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            epochs: 10,
            steps: 0,
            eval_every: 0,
            early_stop: 0,
            stop_after: 0.0,
            seed: 0,
            threads: 0,
            bptt_memory: Size(0),
            chunk: 0,
            on_fault: OnFault::Stop,
            max_faults: 10,
            checkpoint_every: 60.0,
            keep: 2,
            tensorboard: None,
            observe: Observe::Norms,
            observe_every: 10,
            no_probe: false,
        }
    }
}

impl RunConfig {
    /// The number of bytes that the backward pass may keep of a window; None means no limit.
    pub fn memory_limit(&self) -> Option<usize> {
        (self.bptt_memory.0 > 0).then_some(self.bptt_memory.0)
    }

    /// The number of training steps of a whole run on data with so many windows.
    pub fn planned_steps(&self, windows: u64) -> u64 {
        if self.steps > 0 { self.steps } else { self.epochs.saturating_mul(windows) }
    }
}
