//! Why a time cannot be read.

/// Why a time cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// A value has another form than its column, or names a date that does not exist.
    #[error("{value:?} is not a time of the form {form} (the first is {example:?})")]
    Value {
        /// The value.
        value: String,
        /// The form of the column, such as "YYYY-MM-DD hh:mm".
        form: String,
        /// A value of this form.
        example: String,
    },
    /// There is no time zone of this name.
    #[error("there is no time zone {name:?}: give a name such as Europe/Berlin, Asia/Shanghai or UTC")]
    Zone {
        /// The name.
        name: String,
    },
    /// A pattern has an unknown part.
    #[error("{pattern:?} is no pattern of times: write it like %Y-%m-%d %H:%M:%S or %d/%m/%Y")]
    Pattern {
        /// The pattern.
        pattern: String,
    },
}
