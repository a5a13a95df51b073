//! What the labels of sequences are: classes or numbers.

/// What the label of a sequence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelType {
    /// One of several classes.
    Class,
    /// A number.
    Number,
}

longspan::option_names!(LabelType, "label type": Class = "class", Number = "number");
