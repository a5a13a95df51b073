//! A quantity, or why there is none.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A quantity, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured<T> {
    /// It was measured.
    Known(T),
    /// It does not apply, or could not be measured.
    Unknown(Reason),
}

impl<T> Measured<Vec<T>> {
    /// The list, unless it is empty.
    pub fn unless_empty(list: Vec<T>, reason: Reason) -> Self {
        if list.is_empty() { Self::Unknown(reason) } else { Self::Known(list) }
    }
}

impl<T> Measured<T> {
    /// The quantity, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Why there is none.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(reason) => Some(*reason),
        }
    }
}

/// Why a quantity is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// It was not asked for.
    NotAsked,
    /// Fewer sequences than are needed have a scored step with a whole window before it.
    TooShort {
        /// Steps of the window.
        window_steps: usize,
        /// Sequences that are long enough.
        found_sequences: usize,
        /// Sequences that are needed.
        needed_sequences: usize,
        /// The latest scored step of any sequence.
        latest_scored_step: usize,
    },
    /// Nothing in the data is scored.
    NothingScored,
    /// The model reads rows both ways: a lag is counted along one chain of states.
    BothWays,
    /// The model goes on from what an encoder has read: a lag is counted along one chain of states.
    Encoder,
    /// Trajectories are too short.
    ShortTrajectories {
        /// Steps of the longest.
        found_steps: usize,
        /// Steps that are needed.
        needed_steps: usize,
    },
    /// A Jacobian as a matrix would be too large.
    TooWide {
        /// Numbers in the joint state.
        state_dimensions: usize,
        /// The most that are taken.
        most_dimensions: usize,
    },
    /// The readout sees the mean of all steps: no single step has a loss of its own.
    MeanReadout,
    /// The gradient is zero where it begins.
    ZeroGradient,
    /// A gradient is not a number: the weights or the data hold what is none.
    NotANumber,
    /// Too few lags have a gradient to fit a line to.
    TooFewLags {
        /// Lags that have one.
        found_lags: usize,
        /// Lags that are needed.
        needed_lags: usize,
    },
    /// The cell has no gates.
    NoGates,
    /// The cell has no c.
    NoCell,
    /// The cell hands nothing on but through its weights: it has no path of its own from state to state.
    NoKeepPath,
    /// The cell has no activation that saturates.
    NothingSaturates,
    /// No asked-for truncation is shorter than the sequences.
    NoTruncation,
    /// At no lag that was tried is what lies before it without use.
    BeyondWindow,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("it was not asked for"),
            Self::TooShort { window_steps, found_sequences, needed_sequences, latest_scored_step } => write!(
                f,
                "{found_sequences} sequences have a scored step with {window_steps} steps before it, and {needed_sequences} \
                 are needed; the latest scored step is {latest_scored_step}: choose a smaller window, or longer sequences"
            ),
            Self::NothingScored => f.write_str("nothing in the data is scored"),
            Self::BothWays => f.write_str(
                "the model reads rows both ways, and a lag is counted along one chain of states",
            ),
            Self::Encoder => f.write_str(
                "the model goes on from what an encoder has read, and a lag is counted along one chain of states",
            ),
            Self::ShortTrajectories { found_steps, needed_steps } => {
                write!(f, "the longest trajectory has {found_steps} steps, and {needed_steps} are needed")
            }
            Self::TooWide { state_dimensions, most_dimensions } => write!(
                f,
                "the joint state has {state_dimensions} numbers, and Jacobians are made of up to {most_dimensions}"
            ),
            Self::MeanReadout => f.write_str(
                "the readout sees the mean of all steps, so that no single step has a loss of its own",
            ),
            Self::ZeroGradient => f.write_str("the gradient is zero where it begins"),
            Self::NotANumber => f.write_str("a gradient is not a number"),
            Self::TooFewLags { found_lags, needed_lags } => {
                write!(f, "{found_lags} lags have a gradient, and {needed_lags} are needed")
            }
            Self::NoGates => f.write_str("the cell has no gates"),
            Self::NoCell => f.write_str("the cell has no c"),
            Self::NoKeepPath => f.write_str("the cell hands nothing on but through its weights"),
            Self::NothingSaturates => f.write_str("the cell has no activation that saturates"),
            Self::NoTruncation => {
                f.write_str("no truncation that was asked for is shorter than the sequences")
            }
            Self::BeyondWindow => f.write_str("at no lag that was tried is what lies before it without use"),
        }
    }
}
