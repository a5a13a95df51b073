//! Settings that train on what was found, and notes about it.

use std::path::Path;

use serde::Serialize;

/// One setting of a training run: the name of a key and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The name of the key, such as `window`.
    pub key: &'static str,
    /// The value as text.
    pub value: String,
}

/// Settings of a training run; all others are at their defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// One setting.
    pub(super) fn of(key: &'static str, value: impl Into<String>) -> Self {
        Self::default().with(key, value)
    }

    /// The data to train on.
    pub(super) fn data(key: &'static str, path: &Path) -> Self {
        Self::of(key, path.to_string_lossy())
    }

    /// These settings and another one.
    pub(super) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.0.push(Setting { key, value: value.into() });
        self
    }

    /// The settings in the order in which a reader wants them: the data first.
    pub fn iter(&self) -> std::slice::Iter<'_, Setting> {
        self.0.iter()
    }

    /// Whether everything is at its default.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A remark about data, and the settings that answer it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The remark.
    pub text: String,
    /// Settings that answer it; none where there is nothing to set, or where training uses them already.
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
    /// The way: "as a series".
    pub text: String,
    /// The settings that train on the data so.
    pub settings: Settings,
}
