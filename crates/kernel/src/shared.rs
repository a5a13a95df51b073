//! Pointers that threads share, each for its own part of the data.

/// A raw pointer that may cross threads. The kernel that creates it gives each thread a disjoint part of the
/// data.
#[derive(Clone, Copy)]
pub(super) struct Shared<R>(pub(super) *mut R);

// SAFETY: it is dereferenced only in unsafe blocks, each of which names the split that gives its part to one
// thread; `R: Send` allows another thread to use that part.
unsafe impl<R: Send> Send for Shared<R> {}
// SAFETY: as above.
unsafe impl<R: Send> Sync for Shared<R> {}

impl<R> Shared<R> {
    /// Returns the pointer. A method, so that closures capture the wrapper and not the field.
    #[inline(always)]
    pub(super) fn get(self) -> *mut R {
        self.0
    }
}
