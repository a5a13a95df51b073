//! Synthetic tasks: data whose dependency has a known length and whose chance level is known.
//!
//! Each task is a [`Source`](crate::data::Source) of independent samples. Sample i is a pure function of the
//! seed and i, so that resuming, other batch sizes and paired runs see the same ones.

pub mod agreement;

/// The first sample for evaluation: training does not get so far, so that the two sets are disjoint.
pub const EVALUATION_OFFSET: u64 = 1 << 40;

/// Why a task cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// A dependency length that the task does not have.
    #[error(
        "the task {task} has no dependency length {length}: choose --length from {shortest} to {longest}"
    )]
    Length {
        /// Name of the task.
        task: &'static str,
        /// The length asked for.
        length: usize,
        /// The shortest one there is.
        shortest: usize,
        /// The longest one there is.
        longest: usize,
    },
}
