//! Zero-initialised memory on 64-byte boundaries.
//!
//! Large buffers ask for huge pages: at four kilobytes a page, a step that touches a hundred megabytes takes tens of thousands
//! of page faults the first time and walks the page tables ever after.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};

use memmap2::MmapMut;

use crate::real::Real;

/// One cache line, the unit of allocation.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// From so many bytes on a buffer is a mapping of its own, whose pages are zero already and are made all at once: one by one, as
/// they are touched, each would interrupt the first training step.
const MAPPED: usize = 128 << 10;

/// Bytes of a huge page where the processor has several sizes.
const HUGE_PAGE: usize = 2 << 20;

/// Where the numbers are.
enum Memory {
    Lines(Vec<Line>),
    /// A mapping of its own, and the part of it that is used: of a large one from the first boundary of a huge page on.
    Pages(MmapMut, Range<usize>),
}

impl Memory {
    /// At least `bytes` bytes, all zero.
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
            // Without huge pages, or a page at a time when it is touched, it is memory all the same.
            let _ = if huge { pages.advise(Advice::HugePage) } else { Ok(()) };
            let _ = pages.advise_range(Advice::PopulateWrite, skip, bytes);
        }
        Self::Pages(pages, skip..skip + bytes)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            // SAFETY: a line is 64 initialised bytes without padding.
            Self::Lines(lines) => unsafe {
                std::slice::from_raw_parts(lines.as_ptr().cast(), size_of_val::<[Line]>(lines))
            },
            Self::Pages(pages, used) => &pages[used.clone()],
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            // SAFETY: as for bytes; the borrow of self is exclusive.
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

/// A slice of numbers that starts on a cache line, so that a vector load never straddles two.
#[derive(Clone)]
pub struct Buffer<R> {
    memory: Memory,
    len: usize,
    element: PhantomData<R>,
}

impl<R: Real> Buffer<R> {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        Self { memory: Memory::zeros(len * size_of::<R>()), len, element: PhantomData }
    }

    /// Makes the buffer at least `len` long. Contents are kept; new elements are zero. Does nothing when it is long
    /// enough already.
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
        // SAFETY: the memory holds at least len · size_of::<R>() initialised bytes at an alignment of 64 or a huge page,
        // and every bit pattern is a valid f32 or f64 (Real is sealed to these two).
        unsafe { std::slice::from_raw_parts(self.memory.bytes().as_ptr().cast(), self.len) }
    }
}

impl<R: Real> DerefMut for Buffer<R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [R] {
        // SAFETY: as for deref; the borrow of self is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.memory.bytes_mut().as_mut_ptr().cast(), self.len) }
    }
}

impl<R: Real> std::fmt::Debug for Buffer<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The numbers as a file of little-endian bytes has them; they are such bytes already on most machines.
pub fn little_endian(values: &[f32]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        // SAFETY: the same memory, initialised; an f32 has no padding and a byte no alignment.
        let bytes = unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) };
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(values.iter().flat_map(|x| x.to_le_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_zero_aligned_and_keep_what_they_hold() {
        let mut buffer = Buffer::<f32>::zeros(3);
        buffer[2] = 7.0;
        // Within lines, from lines to pages, and from pages to more of them.
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
