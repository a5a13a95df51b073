//! The parts of a series: training, validation and test.

/// A part of the series, by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// For training.
    Train,
    /// For validation.
    Valid,
    /// For the test at the end.
    Test,
}

impl Part {
    /// All parts, in the order of time.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// Says how to give a part more rows.
    pub(super) fn more_rows(self) -> &'static str {
        match self {
            Self::Train => "a longer file",
            Self::Valid => "a larger --valid-fraction, or 0 for none",
            Self::Test => "a larger --test-fraction, or 0 for none",
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Valid => "validation",
            Self::Test => "test",
        })
    }
}
