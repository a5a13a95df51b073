//! Panics, which end what they happened in and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a page says instead of what could not be made. The text of a panic is for the terminal of the server only.
pub(super) const INTERNAL: &str = "this run cannot be shown because of an internal error of Longspan (the terminal of longspan serve has its text)";

/// The result of `make`; None if it panics. What `make` uses must be valid then, or be given up.
pub(super) fn caught<T>(make: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(make)).ok()
}
