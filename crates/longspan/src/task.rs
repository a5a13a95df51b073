//! Synthetic tasks: data whose dependency has a known length and whose chance level is known.
//!
//! Each task is a [`Source`](crate::data::Source) of independent samples. Sample i is a pure function of the
//! seed and i, so that resuming, other batch sizes and paired runs see the same ones.

pub mod agreement;

use std::fmt;
use std::str::FromStr;

use crate::setting::nearest;

/// The first sample for evaluation: training does not get so far, so that the two sets are disjoint.
pub const EVALUATION_OFFSET: u64 = 1 << 40;

/// The tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// See [`agreement`].
    Agreement,
}

impl TaskKind {
    /// Every task.
    pub const ALL: [Self; 1] = [Self::Agreement];
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agreement => "agreement",
        })
    }
}

impl FromStr for TaskKind {
    type Err = TaskError;

    fn from_str(name: &str) -> Result<Self, TaskError> {
        Self::ALL.into_iter().find(|task| task.to_string() == name).ok_or_else(|| TaskError::Unknown {
            name: name.into(),
            nearest: nearest(name, ["agreement"]).map(str::to_owned),
        })
    }
}

/// Why a task cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// No task of that name.
    #[error(
        "there is no task \"{name}\"{}",
        nearest.as_ref().map_or(": choose agreement".into(), |n| format!(": did you mean {n}?"))
    )]
    Unknown {
        /// The name asked for.
        name: String,
        /// The most similar one.
        nearest: Option<String>,
    },
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
