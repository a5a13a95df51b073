//! The part of a model that a stack is.

/// The position of a stack in its model. Observers see layer and step numbers relative to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Whether the stack is the encoder of an encoder–decoder.
    pub encoder: bool,
    /// Index of its first layer in a [`State`](super::State).
    pub first_layer: usize,
    /// Whether the stack runs from each row's last step to its first.
    pub reverse: bool,
    /// Number of steps that an encoder has read before.
    pub steps_before: usize,
}
