//! How bad and how certain a finding is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::language::Language;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It ruins the run.
    Severe,
    /// It costs quality or time.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Returns its name.
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Self::Severe => language.of("severe", "严重"),
            Self::Warning => language.of("warning", "警告"),
            Self::Note => language.of("note", "提示"),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name(Language::English))
    }
}

/// How certain a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Measured directly.
    High,
    /// Several signs point to it.
    Medium,
    /// One sign points to it.
    Low,
}

impl Confidence {
    /// Returns its name.
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Self::High => language.of("high", "高"),
            Self::Medium => language.of("medium", "中"),
            Self::Low => language.of("low", "低"),
        }
    }
}
