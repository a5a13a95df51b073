//! Pointers that threads share, each on its own rows.

/// A raw pointer that may cross threads: the kernel that makes it hands each thread a disjoint part.
#[derive(Clone, Copy)]
pub(super) struct Shared<R>(pub(super) *mut R);

// SAFETY: a Shared is only dereferenced at places that belong to one thread by the split of rows; the data
// themselves are plain numbers.
unsafe impl<R: Send> Send for Shared<R> {}
// SAFETY: as above.
unsafe impl<R: Send> Sync for Shared<R> {}

impl<R> Shared<R> {
    /// The pointer. A method, so that closures capture the wrapper and not its field.
    #[inline(always)]
    pub(super) fn get(self) -> *mut R {
        self.0
    }
}
