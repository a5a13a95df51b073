//! A run that another program trains, or a loop of your own.

use longspan_diagnose::TrainedBy;
use serde::{Deserialize, Serialize};

/// What only the other program knows about a run: a part of `run.json`.
///
/// # Examples
/// A loop whose task needs what was read 50 steps before:
///
/// ```
/// use longspan_run::Watched;
///
/// let watched =
///     Watched { by: "copy-task 0.3".into(), needed_lag_steps: Some(50), ..Watched::default() };
/// assert_eq!(watched.largest_deviation, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// The program or library that trains, with its version: "PyTorch 2.9".
    pub by: String,
    /// The module that is observed, by its name in the model; empty if it is the model.
    pub module: String,
    /// Its class: "LSTM", "LSTMCell".
    #[serde(default)]
    pub class: String,
    /// Whether the state is carried from one window to the next without its gradient.
    pub carried: bool,
    /// How many steps back the task needs information, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_lag_steps: Option<usize>,
    /// The largest difference between what the other program computed and what was observed: outputs and gradients of the
    /// weights, max |a − b| / max |a| of each tensor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_deviation: Option<f64>,
    /// Steps that were not taken because the gradient, multiplied by the scale of mixed precision, was not finite.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped_steps: u64,
}

impl Watched {
    /// Who trains: PyTorch, if it says so, otherwise a loop in Rust.
    pub fn trained_by(&self) -> TrainedBy {
        if self.by.starts_with("PyTorch") { TrainedBy::PyTorch } else { TrainedBy::Loop }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
