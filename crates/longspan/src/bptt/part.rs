//! Which part of a model a stack is.

/// Where a stack stands in its model. Observers see layers and steps counted from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Whether it is the encoder of an encoder–decoder.
    pub encoder: bool,
    /// Its first layer, as a [`State`](super::State) counts them.
    pub first_layer: usize,
    /// Whether it runs from each row's last step to its first.
    pub reverse: bool,
    /// Steps that an encoder has read before.
    pub steps_before: usize,
}
