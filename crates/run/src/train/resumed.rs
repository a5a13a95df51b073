//! The settings of a run that is resumed.

use std::collections::BTreeMap;
use std::path::{Path, absolute};

use super::TrainError;
use crate::config::{Config, KEYS, Key, Origin, Value, flag};
use crate::directory::{self, CHANGEABLE, RunError, RunRecord, settings_at};

/// Settings that may change when a run is resumed, because they do not change what a step computes. The policy on faults
/// changes nothing before the next fault, and a run that has diverged may continue with another one.
const FREE: [&str; 14] = [
    "epochs",
    "steps",
    "threads",
    "bptt_memory",
    "stop_after",
    "on_fault",
    "max_faults",
    "on_full_disk",
    "checkpoint_every",
    "keep",
    "tensorboard",
    "observe",
    "observe_every",
    "no_probe",
];

/// The settings that may be given when a run is resumed: those that change no result, the learning rate with its schedule and
/// the clipping, and the paths of files, whose content is compared instead.
pub fn resumable() -> impl Iterator<Item = &'static Key> {
    // The vocabulary is that of the checkpoint.
    KEYS.iter().filter(|key| may_change(key) || key.takes == "FILE" && key.name != "vocab")
}

fn may_change(key: &Key) -> bool {
    FREE.contains(&key.name) || CHANGEABLE.contains(&key.name)
}

/// The settings of the run in `out`, overridden by those that are given now.
///
/// # Errors
/// [`TrainError::Changed`] if a given setting may not be changed, [`TrainError::Edited`] if its file was edited.
pub fn resumed_config(out: &Path, given: &Config) -> Result<Config, TrainError> {
    if !directory::is_run(out) {
        return Err(RunError::Missing { path: out.into() }.into());
    }
    let (config, record) = (directory::read_config(out)?, directory::read_record(out)?);
    check_unedited(out, &config, &record)?;
    let mut config = settings_at(&config, &record.changes, u64::MAX);
    for key in config.clone().differences(given) {
        if !given.is_given(key.name) {
            continue;
        }
        // A file may have moved; its content is compared when it has been read.
        let moved = key.takes == "FILE" && key.name != "vocab" && config.get(key.name) != Value::Absent;
        let path = |c: &Config| c.get(key.name).text().map(|text| absolute(text).ok());
        if key.takes == "FILE" && path(&config) == path(given) {
            continue;
        }
        if !(may_change(key) || moved) {
            let (old, new) = (config.get(key.name).to_string(), given.get(key.name).to_string());
            let may = KEYS.iter().filter(|key| may_change(key)).map(|key| flag(key.name)).collect::<Vec<_>>();
            let run = out.display().to_string();
            return Err(TrainError::Changed { run, name: key.name, old, new, may: may.join(", ") });
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

/// The settings that decide what a step computes: all but those that are free, and the paths of files, whose content is
/// compared instead.
fn recorded() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| !FREE.contains(&key.name) && !matches!(key.takes, "FILE" | "DIR"))
}

/// The values of the settings that decide what a step computes, for `run.json`.
pub(super) fn recorded_settings(config: &Config) -> BTreeMap<String, String> {
    let text = |key: &Key| Some((key.name.to_owned(), config.get(key.name).text()?));
    recorded().filter_map(text).collect()
}

/// Compares the settings in `config.toml` with those that the run was started with, and with their changes.
fn check_unedited(out: &Path, config: &Config, record: &RunRecord) -> Result<(), TrainError> {
    if record.settings.is_empty() {
        return Ok(());
    }
    let mut started = directory::settings_of_an_older_run();
    for (name, value) in &record.settings {
        // A setting that no longer exists is not in use either.
        let _ = started.set(name, value, Origin::Flag);
    }
    let now = settings_at(&started, &record.changes, u64::MAX);
    // A kill may have come between the record of the last change and the file of the settings.
    let last = record.changes.last().map_or(u64::MAX, |change| change.step.saturating_sub(1));
    let unwritten = settings_at(&started, &record.changes, last);
    let differs =
        |key: &&Key| [&now, &unwritten].iter().all(|known| known.get(key.name) != config.get(key.name));
    match recorded().find(differs) {
        None => Ok(()),
        Some(key) => Err(TrainError::Edited {
            path: out.join("config.toml"),
            name: key.name,
            old: now.get(key.name).to_string(),
            new: config.get(key.name).to_string(),
            way: match CHANGEABLE.contains(&key.name) {
                true => format!("and resume with {} to change it", flag(key.name)),
                false => format!(
                    "or start a new run with --config {} --from {}",
                    out.join("config.toml").display(),
                    out.display()
                ),
            },
        }),
    }
}
