//! The system's allocator with a say in how a process ends that gets no memory.
//!
//! Rust aborts a process whose allocation fails, with a core dump and no message of its own. A program cannot replace that
//! handler, but it can choose its allocator.

use std::alloc::{GlobalAlloc, Layout, System};

/// The allocator of the system. If it has no memory, `refused` is called with the bytes that were asked for, before the
/// failure is returned; it may end the process. A panic in it aborts the process, as in every `extern "C"` function.
///
/// # Examples
/// ```
/// use longspan_kernel::allocator::Allocator;
///
/// extern "C" fn refused(bytes: usize) {
///     // Nothing may be allocated here.
///     std::process::exit(if bytes > 0 { 2 } else { 1 })
/// }
///
/// #[global_allocator]
/// static ALLOCATOR: Allocator = Allocator::new(refused);
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Allocator {
    refused: extern "C" fn(usize),
}

impl Allocator {
    /// Makes an allocator that calls `refused`, which must not allocate.
    pub const fn new(refused: extern "C" fn(usize)) -> Self {
        Self { refused }
    }

    #[inline]
    fn checked(&self, memory: *mut u8, bytes: usize) -> *mut u8 {
        if memory.is_null() {
            (self.refused)(bytes);
        }
        memory
    }
}

// SAFETY: every call is passed on to `System` with the same arguments, and its result is returned unchanged, so the
// contract of `System` is kept. An allocator must not unwind: the only other call is that of `refused`, an `extern "C"`
// function, in which a panic aborts.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        self.checked(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        self.checked(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`; `memory` came from `System`.
        self.checked(unsafe { System.realloc(memory, layout, bytes) }, bytes)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`; `memory` came from `System`.
        unsafe { System.dealloc(memory, layout) }
    }
}
