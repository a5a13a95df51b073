//! Remedies: settings with values, or advice. The caller formats them as flags, TOML or code.

use crate::evidence::Facts;
use crate::language::Text;

/// A setting and a value to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Key in a configuration.
    pub key: &'static str,
    /// Value in the syntax of a configuration.
    pub value: String,
}

/// Something to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Settings to change together.
    Change {
        /// The settings; at least one.
        settings: Vec<Setting>,
        /// Why it helps.
        why: Text,
    },
    /// Advice that is not a setting, such as a change of the data.
    Advice(Text),
}

impl Remedy {
    /// The keys of its settings.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        let settings = match self {
            Self::Change { settings, .. } => settings.as_slice(),
            Self::Advice(_) => &[],
        };
        settings.iter().map(|setting| setting.key)
    }
}

/// Collects remedies, without what the run does already.
pub(crate) struct Remedies<'a> {
    facts: &'a Facts,
    pub(crate) list: Vec<Remedy>,
}

impl<'a> Remedies<'a> {
    pub(crate) fn new(facts: &'a Facts) -> Self {
        Self { facts, list: Vec::new() }
    }

    /// Adds one setting.
    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<String>, why: Text) {
        self.set_all([(key, value.into())], why);
    }

    /// Adds settings that belong together.
    pub(crate) fn set_all<const N: usize>(&mut self, settings: [(&'static str, String); N], why: Text) {
        let new = settings.into_iter().filter(|(key, value)| !has(self.facts.setting(key), value));
        let settings: Vec<_> = new.map(|(key, value)| Setting { key, value }).collect();
        if !settings.is_empty() {
            self.list.push(Remedy::Change { settings, why });
        }
    }

    /// Adds advice.
    pub(crate) fn advise(&mut self, what: Text) {
        self.list.push(Remedy::Advice(what));
    }
}

/// Whether a setting of the run already has the proposed value: 3.0 equals 3, and cosine:0 is a cosine.
fn has(setting: &str, asked: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    setting.split(':').next() == Some(asked)
        || setting == asked
        || number(setting).zip(number(asked)).is_some_and(|(a, b)| a == b)
}
