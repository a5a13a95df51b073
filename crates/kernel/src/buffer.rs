//! Zero-initialised memory on 64-byte boundaries.
//!
//! Large buffers request huge pages: with pages of 4 KiB, a step that touches a hundred megabytes causes tens
//! of thousands of page faults the first time, and TLB misses in every later step.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};

use memmap2::MmapMut;

use crate::simd::Real;

/// One cache line, the unit of allocation.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Size in bytes from which a buffer is a memory mapping of its own. Its pages are zero and are populated at
/// once: populated on first touch, each page would interrupt the first training step.
const MAPPED: usize = 128 << 10;

/// Size of a huge page in bytes; the smallest, if the processor has several.
const HUGE_PAGE: usize = 2 << 20;

/// The memory behind a buffer.
enum Memory {
    /// Cache lines on the heap.
    Lines(Vec<Line>),
    /// A mapping, and its used part: a large mapping is used from its first huge-page boundary on.
    Pages(MmapMut, Range<usize>),
}

impl Memory {
    /// Allocates at least `bytes` zero bytes; `bytes` is at most `isize::MAX`, so no sum here wraps.
    fn zeros(bytes: usize) -> Self {
        if bytes < MAPPED {
            return Self::Lines(vec![Line([0; 64]); bytes.div_ceil(64)]);
        }
        let huge = bytes >= 2 * HUGE_PAGE;
        let Ok(pages) = MmapMut::map_anon(if huge { bytes + HUGE_PAGE } else { bytes }) else {
            return Self::Lines(vec![Line([0; 64]); bytes.div_ceil(64)]);
        };
        let skip = if huge { pages.as_ptr().align_offset(HUGE_PAGE) } else { 0 };
        #[cfg(target_os = "linux")]
        {
            use memmap2::Advice;
            // Both are hints: the memory is usable if they are refused.
            let _ = if huge { pages.advise(Advice::HugePage) } else { Ok(()) };
            let _ = pages.advise_range(Advice::PopulateWrite, skip, bytes);
        }
        Self::Pages(pages, skip..skip + bytes)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            // SAFETY: the vector's lines are 64 initialised bytes each, without padding.
            Self::Lines(lines) => unsafe {
                std::slice::from_raw_parts(lines.as_ptr().cast(), size_of_val::<[Line]>(lines))
            },
            Self::Pages(pages, used) => &pages[used.clone()],
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            // SAFETY: as in `bytes`; `&mut self` makes the borrow exclusive.
            Self::Lines(lines) => unsafe {
                std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), size_of_val::<[Line]>(lines))
            },
            Self::Pages(pages, used) => &mut pages[used.clone()],
        }
    }
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.bytes().len());
        copy.bytes_mut().copy_from_slice(self.bytes());
        copy
    }
}

/// A slice of numbers that starts on a cache line, so that no aligned vector load crosses two lines.
#[derive(Clone)]
pub struct Buffer<R> {
    memory: Memory,
    len: usize,
    element: PhantomData<R>,
}

impl<R: Real> Buffer<R> {
    /// Allocates `len` zeros.
    ///
    /// # Panics
    /// If `len` numbers take more than `isize::MAX` bytes.
    pub fn zeros(len: usize) -> Self {
        let bytes = len.checked_mul(size_of::<R>()).filter(|&bytes| isize::try_from(bytes).is_ok());
        let bytes = bytes.unwrap_or_else(|| {
            panic!("a buffer of {len} numbers of {} bytes exceeds the address space", size_of::<R>())
        });
        Self { memory: Memory::zeros(bytes), len, element: PhantomData }
    }

    /// Makes the buffer at least `len` long. It keeps its contents; new elements are zero. Does nothing if it
    /// is long enough.
    ///
    /// # Panics
    /// As [`Buffer::zeros`].
    pub fn grow(&mut self, len: usize) {
        if len > self.len {
            let mut longer = Self::zeros(len);
            longer[..self.len].copy_from_slice(self);
            *self = longer;
        }
    }
}

impl<R: Real> Deref for Buffer<R> {
    type Target = [R];

    #[inline]
    fn deref(&self) -> &[R] {
        // SAFETY: `zeros`, the only constructor, allocated len · size_of::<R>() bytes without wrapping; they
        // are initialised and aligned to 64 or a page, and every bit pattern is a valid f32 or f64 (Real is
        // sealed to these two).
        unsafe { std::slice::from_raw_parts(self.memory.bytes().as_ptr().cast(), self.len) }
    }
}

impl<R: Real> DerefMut for Buffer<R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [R] {
        // SAFETY: as in `deref`; `&mut self` makes the borrow exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.memory.bytes_mut().as_mut_ptr().cast(), self.len) }
    }
}

impl<R: Real> std::fmt::Debug for Buffer<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Returns the numbers as little-endian bytes, the order of the file formats; borrowed on little-endian
/// machines.
pub fn little_endian(values: &[f32]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        // SAFETY: the bytes of a borrowed slice: initialised, as an f32 has no padding; a byte needs no
        // alignment.
        let bytes = unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) };
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(values.iter().flat_map(|x| x.to_le_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_zero_aligned_and_keep_their_contents() {
        let mut buffer = Buffer::<f32>::zeros(3);
        buffer[2] = 7.0;
        // Within lines, from lines to a mapping, and to larger mappings.
        for len in [100, MAPPED, HUGE_PAGE, 3 * HUGE_PAGE] {
            let before = buffer.len();
            buffer.grow(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr().align_offset(64), 0);
            assert_eq!(
                (buffer[2], buffer.iter().filter(|&&x| x != 0.0).count()),
                (7.0, before.min(100) / 100 + 1)
            );
            buffer[len - 1] = 8.0;
            assert_eq!(buffer.clone()[len - 1], 8.0);
            buffer[len - 1] = if len == 100 { 9.0 } else { 0.0 };
        }
    }
}
