//! A measured quantity, or the reason why it is missing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A measured quantity, or the reason why it is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured<T> {
    /// The measured value.
    Known(T),
    /// The quantity does not apply or could not be measured.
    Unknown(Reason),
}

impl<T> Measured<Vec<T>> {
    /// Wraps a list; an empty one is unknown with this reason.
    pub fn unless_empty(list: Vec<T>, reason: Reason) -> Self {
        if list.is_empty() { Self::Unknown(reason) } else { Self::Known(list) }
    }
}

impl<T> Measured<T> {
    /// Returns the quantity, if it was measured.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Returns the reason, if it was not measured.
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
    /// The options did not ask for it.
    NotAsked,
    /// Measuring it would have taken longer than the time limit.
    TimeLimit,
    /// Too few sequences have a scored step with a whole window before it.
    TooShort {
        /// Number of steps of the window.
        window_steps: usize,
        /// Number of sequences that are long enough.
        found_sequences: usize,
        /// Number of sequences that are needed.
        needed_sequences: usize,
        /// The latest scored step of any sequence.
        latest_scored_step: usize,
    },
    /// The data have no scored steps.
    NothingScored,
    /// The model is bidirectional, and a lag needs a single chain of states.
    BothWays,
    /// The model has an encoder, and a lag needs a single chain of states.
    Encoder,
    /// The trajectories are too short.
    ShortTrajectories {
        /// Number of steps of the longest trajectory.
        found_steps: usize,
        /// Number of steps that are needed.
        needed_steps: usize,
    },
    /// The Jacobian matrix would be too large.
    TooWide {
        /// Dimension of the joint state.
        state_dimensions: usize,
        /// Largest dimension that is supported.
        most_dimensions: usize,
    },
    /// The readout averages over all steps, so no single step has its own loss.
    MeanReadout,
    /// The gradient is zero at the anchors.
    ZeroGradient,
    /// The gradient is NaN, because the weights or data contain NaN or infinities.
    NotANumber,
    /// Too few lags have a gradient to fit a line.
    TooFewLags {
        /// Number of lags with a gradient.
        found_lags: usize,
        /// Number of lags that are needed.
        needed_lags: usize,
    },
    /// The cell has no gates.
    NoGates,
    /// The cell has no cell state c.
    NoCell,
    /// The cell has no direct path from state to state: a state reaches the next one only through the recurrent weights.
    NoKeepPath,
    /// The cell has no activation that can saturate.
    NothingSaturates,
    /// No requested truncation is shorter than the sequences.
    NoTruncation,
    /// Older inputs matter at every lag that was tried.
    BeyondWindow,
}

/// A count with its noun in the singular or plural.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotAsked => f.write_str("it was not requested"),
            Self::TimeLimit => f.write_str("it would take longer than the time limit"),
            Self::TooShort { window_steps: 0, .. } => {
                f.write_str("a sequence has a single step, and a lag needs steps before the loss")
            }
            Self::TooShort { window_steps, found_sequences, needed_sequences, latest_scored_step } => write!(
                f,
                "only {} of the {needed_sequences} needed have a scored step with {} before it, and the latest scored step \
                 is {latest_scored_step}: choose a smaller window, or longer sequences",
                counted(found_sequences, "sequence"),
                counted(window_steps, "step")
            ),
            Self::NothingScored => f.write_str("the data have no scored steps"),
            Self::BothWays => {
                f.write_str("the model is bidirectional, and a lag needs a single chain of states")
            }
            Self::Encoder => {
                f.write_str("the model has an encoder, and a lag needs a single chain of states")
            }
            Self::ShortTrajectories { found_steps, needed_steps } => {
                write!(
                    f,
                    "the longest trajectory has {}, and {needed_steps} are needed",
                    counted(found_steps, "step")
                )
            }
            Self::TooWide { state_dimensions, most_dimensions } => write!(
                f,
                "the joint state has {state_dimensions} dimensions, and Jacobian matrices are limited to {most_dimensions}"
            ),
            Self::MeanReadout => {
                f.write_str("the readout averages over all steps, so no single step has its own loss")
            }
            Self::ZeroGradient => f.write_str("the gradient is zero at the anchors"),
            Self::NotANumber => {
                f.write_str("the gradient is NaN: check the weights and the data for NaN and infinities")
            }
            Self::TooFewLags { found_lags, needed_lags } => {
                let have = if found_lags == 1 { "has" } else { "have" };
                write!(f, "{} {have} a gradient, and {needed_lags} are needed", counted(found_lags, "lag"))
            }
            Self::NoGates => f.write_str("the cell has no gates"),
            Self::NoCell => f.write_str("the cell has no cell state"),
            Self::NoKeepPath => f.write_str("the cell has no direct path from state to state"),
            Self::NothingSaturates => f.write_str("the cell has no activation that can saturate"),
            Self::NoTruncation => f.write_str("no requested truncation is shorter than the sequences"),
            Self::BeyondWindow => f.write_str("older inputs matter at every lag that was tried"),
        }
    }
}
