//! Settings that train on the data, and notes about the data.

use std::path::Path;

use serde::Serialize;

use crate::table::TableOptions;

/// One setting of a training run: the name of a key and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The name of the key, such as `window`.
    pub key: &'static str,
    /// The value as text.
    pub value: String,
}

/// Settings of a training run; all others have their defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// A single setting.
    pub(super) fn of(key: &'static str, value: impl Into<String>) -> Self {
        Self::default().with(key, value)
    }

    /// The data to train on.
    pub(super) fn data(key: &'static str, path: &Path) -> Self {
        Self::of(key, path.to_string_lossy())
    }

    /// Adds how a table is written, as far as the options say it.
    pub(super) fn with_table(mut self, options: &TableOptions) -> Self {
        let given = [
            ("encoding", options.encoding.map(|encoding| encoding.name().to_owned())),
            ("separator", options.separator.map(|separator| separator.to_string())),
            ("decimal", options.decimal.map(|decimal| decimal.to_string())),
            ("no_header", options.no_header.then(|| "true".to_owned())),
            ("header", options.header.then(|| "true".to_owned())),
            ("na", Some(options.na.join(",")).filter(|na| !na.is_empty())),
        ];
        for (key, value) in given {
            if let Some(value) = value {
                self = self.with(key, value);
            }
        }
        self
    }

    /// Adds a setting.
    pub(super) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.0.push(Setting { key, value: value.into() });
        self
    }

    /// Iterates over the settings in reading order: the data first.
    pub fn iter(&self) -> std::slice::Iter<'_, Setting> {
        self.0.iter()
    }

    /// Whether all settings have their defaults.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A note about the data, and the settings that address it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The note.
    pub text: String,
    /// Settings that address it; empty if there is nothing to set or training uses them already.
    pub settings: Settings,
}

impl Note {
    pub(super) fn new(text: impl Into<String>, settings: Settings) -> Self {
        Self { text: text.into(), settings }
    }
}

impl<T: Into<String>> From<T> for Note {
    fn from(text: T) -> Self {
        Self::new(text, Settings::default())
    }
}

/// Another way to read the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// What it is read as, such as "as a series".
    pub text: String,
    /// Settings that train on the data when it is read this way.
    pub settings: Settings,
}
