//! A time in which the disk cannot be written.

/// What waits since the disk was found full, apart from the records.
#[derive(Debug)]
pub(super) struct Outage {
    pub(super) from_step: u64,
    pub(super) error: String,
    /// The checkpoint of the best weights.
    pub(super) best: Option<Vec<u8>>,
}
