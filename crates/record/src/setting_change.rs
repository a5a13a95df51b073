//! A setting that was changed when a run was resumed.

use serde::{Deserialize, Serialize};

/// A setting that was changed when a run was resumed. Values are text, as a flag takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// The first training step with the new value.
    pub step: u64,
    /// The name of the setting.
    pub setting: String,
    /// Its value before.
    pub old: String,
    /// Its value from `step` on.
    pub new: String,
}
