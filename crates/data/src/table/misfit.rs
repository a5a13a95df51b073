//! Why a field is not a number of its column.

/// Why a field is not a number of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It is not a number.
    Text,
    /// A single group of three digits after a comma or point: a thousands separator or a decimal mark.
    Ambiguous,
    /// Infinity, or beyond single precision.
    NotFinite,
}
