//! Synthetic tasks: data with a known dependency length and a known baseline loss.
//!
//! Each task is a [`Source`](longspan::batch::Source) of independent samples. Sample i is a pure function of the seed,
//! the length and i, so resumed runs, other batch sizes and paired runs get the same samples.
//!
//! [`agreement`] generates English sentences. Each other task is a [`Task`], and [`Samples`] draws from it.

pub mod adding;
pub mod agreement;
pub mod copy;
mod definition;
mod lengths;
pub mod matching;
pub mod memorise;
pub mod multiplication;
pub mod order;
mod pairs;
pub mod parity;
pub mod permutation;
pub mod reversal;
mod samples;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use definition::Task;
pub use lengths::Lengths;
pub use pairs::Pairs;
pub use samples::Samples;

use longspan::option_syntax::nearest;

/// First sample for evaluation. Training never reaches it, so the two sets are disjoint.
pub const EVALUATION_OFFSET: u64 = 1 << 40;

/// Largest length of a task.
pub const LONGEST: usize = 1_000_000;

/// Names of the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// See [`agreement`].
    Agreement,
    /// See [`copy`].
    Copy,
    /// See [`memorise`].
    Memorise,
    /// Two markers, see [`order`].
    Order2,
    /// Three markers, see [`order`].
    Order3,
    /// See [`permutation`].
    Permutation,
    /// See [`matching`].
    Match,
    /// See [`reversal`].
    Reversal,
    /// See [`parity`].
    Parity,
    /// See [`adding`].
    Adding,
    /// See [`multiplication`].
    Multiplication,
}

impl TaskKind {
    /// Every task.
    pub const ALL: [Self; 11] = [
        Self::Agreement,
        Self::Copy,
        Self::Memorise,
        Self::Order2,
        Self::Order3,
        Self::Permutation,
        Self::Match,
        Self::Reversal,
        Self::Parity,
        Self::Adding,
        Self::Multiplication,
    ];

    /// Definition of the task; None for agreement, which has its own source.
    pub fn task(self) -> Option<&'static Task> {
        match self {
            Self::Agreement => None,
            Self::Copy => Some(&copy::COPY),
            Self::Memorise => Some(&memorise::MEMORISE),
            Self::Order2 => Some(&order::ORDER2),
            Self::Order3 => Some(&order::ORDER3),
            Self::Permutation => Some(&permutation::PERMUTATION),
            Self::Match => Some(&matching::MATCH),
            Self::Reversal => Some(&reversal::REVERSAL),
            Self::Parity => Some(&parity::PARITY),
            Self::Adding => Some(&adding::ADDING),
            Self::Multiplication => Some(&multiplication::MULTIPLICATION),
        }
    }

    /// Dependency length in steps of a sample of this length, see [`Task::dependency_length`].
    pub fn dependency_length(self, length: usize) -> usize {
        self.task().map_or(length, |task| task.dependency_length(length))
    }

    /// Name of the task.
    pub fn name(self) -> &'static str {
        self.task().map_or("agreement", Task::name)
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TaskKind {
    type Err = TaskError;

    fn from_str(name: &str) -> Result<Self, TaskError> {
        Self::ALL.into_iter().find(|task| task.name() == name).ok_or_else(|| TaskError::Unknown {
            name: name.into(),
            nearest: nearest(name, Self::ALL.map(Self::name)).map(str::to_owned),
        })
    }
}

/// Lists the names: "agreement, copy, … or parity".
fn choices() -> String {
    let [most @ .., last] = &TaskKind::ALL.map(TaskKind::name);
    format!("{} or {last}", most.join(", "))
}

/// Why a task cannot be created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// No task has this name.
    #[error(
        "there is no task \"{name}\"{}",
        nearest.as_ref().map_or_else(|| format!(": choose {}", choices()), |n| format!(": did you mean {n}?"))
    )]
    Unknown {
        /// The name.
        name: String,
        /// The most similar one.
        nearest: Option<String>,
    },
    /// The task does not have this length.
    #[error(
        "the task {task} does not have the length {length}: choose --length from {shortest} to {longest}"
    )]
    Length {
        /// Name of the task.
        task: &'static str,
        /// The length.
        length: usize,
        /// The shortest length.
        shortest: usize,
        /// The longest length.
        longest: usize,
    },
    /// A range of lengths for a task that needs a single one.
    #[error("the task {task} needs a single length: use --length {longest} instead of {lengths}")]
    OneLength {
        /// Name of the task.
        task: &'static str,
        /// The lengths.
        lengths: Lengths,
        /// The longest of the lengths.
        longest: usize,
    },
}
