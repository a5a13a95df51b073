//! The settings of a run that is resumed.

use std::collections::BTreeMap;
use std::path::{Path, absolute};

use super::TrainError;
use crate::config::{Config, KEYS, Key, Origin};
use crate::directory;
use crate::directory::RunError;

/// Settings that may change when a run is resumed, because they do not change what is computed. The policy on faults
/// changes nothing before the next fault, and a run that has diverged may continue with another one.
const FREE: [&str; 13] = [
    "epochs",
    "steps",
    "threads",
    "bptt_memory",
    "stop_after",
    "on_fault",
    "max_faults",
    "checkpoint_every",
    "keep",
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
    check_unedited(out, &config)?;
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

/// The settings that a resumed run may not change: all but those that are free, and the paths of files, whose content
/// is compared instead.
fn fixed() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| !FREE.contains(&key.name) && !matches!(key.takes, "FILE" | "DIR"))
}

/// The values of the settings that a resumed run may not change, for `run.json`.
pub(super) fn fixed_settings(config: &Config) -> BTreeMap<String, String> {
    let text = |key: &Key| Some((key.name.to_owned(), config.get(key.name).text()?));
    fixed().filter_map(text).collect()
}

/// Compares the settings in `config.toml` with those that the run was started with.
fn check_unedited(out: &Path, config: &Config) -> Result<(), TrainError> {
    let settings = directory::read_record(out)?.settings;
    if settings.is_empty() {
        return Ok(());
    }
    let mut started = directory::settings_of_an_older_run();
    for (name, value) in &settings {
        // A setting that no longer exists is not in use either.
        let _ = started.set(name, value, Origin::Flag);
    }
    match fixed().find(|key| started.get(key.name) != config.get(key.name)) {
        None => Ok(()),
        Some(key) => Err(TrainError::Edited {
            path: out.join("config.toml"),
            run: out.display().to_string(),
            name: key.name,
            old: started.get(key.name).to_string(),
            new: config.get(key.name).to_string(),
        }),
    }
}
