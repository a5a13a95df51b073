//! The settings of a run that is resumed.

use std::path::{Path, absolute};

use super::TrainError;
use crate::config::{Config, Origin};
use crate::directory;
use crate::directory::RunError;

/// Settings that may change when a run is resumed, because they do not change what is computed.
const FREE: [&str; 10] = [
    "epochs",
    "steps",
    "threads",
    "bptt_memory",
    "stop_after",
    "checkpoint_every",
    "tensorboard",
    "observe",
    "observe_every",
    "no_probe",
];

/// The settings of the run in `out`, overridden by those that are given now.
///
/// # Errors
/// [`TrainError::Changed`] if a given setting would change what is computed.
pub fn resumed_config(out: &Path, given: &Config) -> Result<Config, TrainError> {
    if !directory::is_run(out) {
        return Err(RunError::Missing { path: out.into() }.into());
    }
    let mut config = directory::read_config(out)?;
    for key in config.clone().differences(given) {
        if !given.is_given(key.name) {
            continue;
        }
        if !FREE.contains(&key.name) {
            let path = |c: &Config| c.get(key.name).text().map(|text| absolute(text).ok());
            if key.takes == "FILE" && path(&config) == path(given) {
                continue;
            }
            let (old, new) = (config.get(key.name).to_string(), given.get(key.name).to_string());
            return Err(TrainError::Changed { run: out.display().to_string(), name: key.name, old, new });
        }
        let value = given.get(key.name).text().unwrap_or_default();
        config.set(key.name, &value, Origin::Flag)?;
    }
    if given.is_given("epochs") && !given.is_given("steps") {
        config.run.steps = 0;
    }
    if !given.is_given("stop_after") {
        // The time limit applied to the earlier attempt only.
        config.run.stop_after = 0.0;
    }
    Ok(config)
}
