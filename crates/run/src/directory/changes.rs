//! Settings that were changed when a run was resumed.
//!
//! The setting of a step is a function of the step: a step that is repeated, after a kill or a rewind, has the value that
//! it had.

use longspan_record::SettingChange;

use crate::config::{Config, Origin};

/// Settings that may change from one step to the next.
pub const CHANGEABLE: [&str; 3] = ["lr", "schedule", "clip"];

/// The settings with which a run takes training step `step`; `config` has those of any step, and `changes` all changes in
/// ascending order of steps.
pub fn settings_at(config: &Config, changes: &[SettingChange], step: u64) -> Config {
    let mut config = config.clone();
    for name in CHANGEABLE {
        let mut of = changes.iter().filter(|change| change.setting == name);
        let last = of.clone().rfind(|change| change.step <= step).map(|change| &change.new);
        if let Some(value) = last.or_else(|| of.next().map(|change| &change.old)) {
            // A damaged value is left out; the file of the settings has one that is valid.
            let _ = config.set(name, value, Origin::Flag);
        }
    }
    config
}

/// The changes of a run that is resumed after `step` steps with the settings `given`. Later changes belong to steps that are
/// taken again, so those of a setting that differs are replaced.
pub(crate) fn resumed_changes(
    mut changes: Vec<SettingChange>,
    config: &Config,
    given: &Config,
    step: u64,
) -> Vec<SettingChange> {
    let current = settings_at(config, &changes, u64::MAX);
    for name in CHANGEABLE.into_iter().filter(|name| current.get(name) != given.get(name)) {
        // The changes tell the value of each step only as long as they have one of this setting.
        let before = settings_at(&current, &changes, step);
        changes.retain(|change| change.setting != name || change.step <= step);
        if before.get(name) != given.get(name) {
            let [old, new] = [&before, given].map(|config| config.get(name).to_string());
            changes.push(SettingChange { step: step + 1, setting: name.into(), old, new });
        }
    }
    changes.sort_by_key(|change| change.step);
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(lr: &str) -> Config {
        let mut config = Config::default();
        config.set("lr", lr, Origin::Flag).expect("a number");
        config
    }

    #[test]
    fn a_step_has_the_value_of_the_last_change_before_it() {
        let changes = resumed_changes(Vec::new(), &config("0.1"), &config("0.2"), 10);
        let changes = resumed_changes(changes, &config("0.2"), &config("0.3"), 20);
        let lr = |changes: &[SettingChange], step| settings_at(&config("0.7"), changes, step).optimizer.lr;
        assert_eq!(
            [1, 10, 11, 20, 21, u64::MAX].map(|step| lr(&changes, step)),
            [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]
        );
        // The run continues at an earlier step: what was changed later is undone by another value only.
        assert_eq!(resumed_changes(changes.clone(), &config("0.3"), &config("0.3"), 15), changes);
        let again = resumed_changes(changes.clone(), &config("0.3"), &config("0.4"), 15);
        assert_eq!([10, 15, 16, 30].map(|step| lr(&again, step)), [0.1, 0.2, 0.4, 0.4]);
        // Back to the value that holds there: the later change is dropped, and no other is needed.
        assert_eq!(resumed_changes(changes.clone(), &config("0.3"), &config("0.2"), 15), changes[..1]);
    }
}
