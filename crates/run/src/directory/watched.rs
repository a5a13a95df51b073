//! A run that another program trains.

use serde::{Deserialize, Serialize};

/// What only the other program knows about a run: a part of `run.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The program or library that trains, with its version: "PyTorch 2.9".
    pub by: String,
    /// The module that is observed, by its name in the model.
    pub module: String,
    /// Whether the state is carried from one window to the next without its gradient.
    pub carried: bool,
    /// How many steps back the task needs information, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_lag_steps: Option<usize>,
}
