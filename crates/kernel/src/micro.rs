//! The microkernel: a tile of sums that stays in registers.
//!
//! ```text
//! C[m, n] = start[m, n] + Σ_k A[m, k] · B[k, n]        k ascending from zero
//! ```
//!
//! A tile has up to 8 rows and 4 vectors of columns in each of up to 4 adjacent panels. Compiled with the
//! features of its instruction set, a row of the inner loop is one broadcast and one FMA per vector. A tile
//! of few rows covers several panels: an FMA has a latency of four cycles, so fewer than eight independent
//! sums would leave the multipliers idle.

pub(crate) mod table;

use crate::instruction_set::InstructionSet;
use crate::isa::Portable;
#[cfg(target_arch = "x86_64")]
use crate::isa::{Avx2, Avx512};
use crate::simd::{Isa, Real, Vector};
use table::{Destination, Fetch, Left, MAX_BROAD_ROWS, MAX_ROWS, Microkernels, Table};

/// Bytes in a cache line.
pub(super) const LINE: usize = 64;
/// Size of the largest tile: 24 registers of 16 numbers.
pub(super) const TILE: usize = 24 * 16;

/// Memory for a tile, aligned to a cache line.
#[repr(C, align(64))]
pub(super) struct Tile<R>(pub(super) [R; TILE]);

impl<R: Real> Tile<R> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self([R::ZERO; TILE])
    }

    /// Returns the tile as the destination of a result of `rows` rows of `width` numbers from each of several
    /// panels: panel after panel, each dense.
    #[inline(always)]
    pub(super) fn position(&mut self, rows: usize, width: usize) -> Destination<R> {
        let c = self.0.as_mut_ptr();
        Destination {
            c,
            stride: width,
            panel: rows * width,
            start: std::ptr::null(),
            start_stride: 0,
            cold: false,
        }
    }
}

/// Returns the largest number of rows of a tile that is `vectors` wide.
pub(super) const fn tile_rows<I: Isa>(vectors: usize) -> usize {
    let rows = I::TILE_REGISTERS / vectors;
    if rows > MAX_ROWS { MAX_ROWS } else { rows }
}

/// Returns the number of panels that a tile with this number of rows covers: 1, 2 or 4.
pub(super) const fn tile_panels<I: Isa>(vectors: usize, rows: usize) -> usize {
    let sums = vectors * rows;
    if rows > MAX_BROAD_ROWS || 2 * sums > I::TILE_REGISTERS {
        1
    } else if rows > 1 || 4 * sums > I::TILE_REGISTERS {
        2
    } else {
        4
    }
}

/// Computes a tile.
///
/// # Safety
/// `a` must be readable for MR rows and `depth` columns, `b` for depth · NV vectors in each of P panels; the
/// destination must be writable for MR rows of P · NV vectors, and its start, if any, readable.
#[inline(always)]
unsafe fn tile<I: Isa, R: Real, const MR: usize, const NV: usize, const P: usize>(
    depth: usize,
    a: Left<R>,
    b: *const R,
    panel: usize,
    to: Destination<R>,
    fetch: Fetch<R>,
) {
    let lanes = <I::V<R> as Vector<R>>::LANES;
    let mut sums = [[[I::V::<R>::zero(); NV]; P]; MR];
    let mut next = fetch.next;
    // Prefetches the destination row by row, each row with its share of the sum.
    let (mut first, mut row) = (0, 0);
    while row < MR {
        let end = depth * (row + 1) / MR;
        if to.cold {
            for p in 0..P {
                for v in 0..NV {
                    prefetch(to.c.wrapping_add(row * to.stride + p * to.panel + v * lanes));
                }
            }
        }
        for k in first..end {
            for _ in 0..fetch.lines {
                prefetch_l2(next);
                next = next.wrapping_add(LINE / size_of::<R>());
            }
            // SAFETY: the caller's contract; the vector type is `lanes` numbers in a row.
            unsafe {
                let mut columns = [[I::V::<R>::zero(); NV]; P];
                for p in 0..P {
                    columns[p] = b.add(p * panel + k * NV * lanes).cast::<[I::V<R>; NV]>().read_unaligned();
                }
                let ak = a.data.add(k * a.column);
                for m in 0..MR {
                    let x = I::V::<R>::splat(*ak.add(m * a.row));
                    for p in 0..P {
                        for v in 0..NV {
                            sums[m][p][v] = x.fma(columns[p][v], sums[m][p][v]);
                        }
                    }
                }
            }
        }
        (first, row) = (end, row + 1);
    }
    for m in 0..MR {
        for p in 0..P {
            // SAFETY: the caller's contract.
            unsafe {
                let c = to.c.add(m * to.stride + p * to.panel).cast::<[I::V<R>; NV]>();
                if to.start.is_null() {
                    c.write_unaligned(sums[m][p]);
                } else {
                    let start = to.start.add(m * to.start_stride + p * to.panel);
                    let mut row = start.cast::<[I::V<R>; NV]>().read_unaligned();
                    for v in 0..NV {
                        row[v] = row[v] + sums[m][p][v];
                    }
                    c.write_unaligned(row);
                }
            }
        }
    }
}

macro_rules! compile_for {
    ($name:ident, $isa:ty, $($feature:literal)?) => {
        /// [`tile`] compiled for an instruction set.
        ///
        /// # Safety
        /// As [`tile`]; the processor must have the instruction set.
        $(#[target_feature(enable = $feature)])?
        unsafe fn $name<R: Real, const MR: usize, const NV: usize, const P: usize>(
            depth: usize,
            a: Left<R>,
            b: *const R,
            panel: usize,
            to: Destination<R>,
            fetch: Fetch<R>,
        ) {
            // SAFETY: the caller's contract.
            unsafe { tile::<$isa, R, MR, NV, P>(depth, a, b, panel, to, fetch) }
        }
    };
}
#[cfg(target_arch = "x86_64")]
compile_for!(tile_avx512, Avx512, "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma");
#[cfg(target_arch = "x86_64")]
compile_for!(tile_avx2, Avx2, "avx2,fma");
compile_for!(tile_portable, Portable,);

/// The microkernels by number of rows, for one number of vectors and panels.
macro_rules! heights {
    ($name:ident, $real:ty, $vectors:literal, $panels:literal, $($rows:literal)*) => {
        [$($name::<$real, $rows, $vectors, $panels>),*]
    };
}

macro_rules! table {
    ($name:ident, $real:ty) => {
        Table {
            one: [
                heights!($name, $real, 1, 1, 1 2 3 4 5 6 7 8),
                heights!($name, $real, 2, 1, 1 2 3 4 5 6 7 8),
                heights!($name, $real, 3, 1, 1 2 3 4 5 6 7 8),
                // A tile of four vectors has at most six rows.
                heights!($name, $real, 4, 1, 1 2 3 4 5 6 6 6),
            ],
            two: [
                heights!($name, $real, 1, 2, 1 2 3),
                heights!($name, $real, 2, 2, 1 2 3),
                heights!($name, $real, 3, 2, 1 2 3),
                heights!($name, $real, 4, 2, 1 2 3),
            ],
            // Tiles of more rows take at most two panels.
            four: [
                $name::<$real, 1, 1, 4>,
                $name::<$real, 1, 2, 4>,
                $name::<$real, 1, 3, 4>,
                $name::<$real, 1, 4, 4>,
            ],
        }
    };
}

macro_rules! microkernels {
    ($real:ty) => {
        impl Microkernels for $real {
            fn table(isa: InstructionSet) -> &'static Table<Self> {
                #[cfg(target_arch = "x86_64")]
                static AVX512: Table<$real> = table!(tile_avx512, $real);
                #[cfg(target_arch = "x86_64")]
                static AVX2: Table<$real> = table!(tile_avx2, $real);
                static PORTABLE: Table<$real> = table!(tile_portable, $real);
                match isa {
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx512 => &AVX512,
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx2 => &AVX2,
                    _ => &PORTABLE,
                }
            }
        }
    };
}
microkernels!(f32);
microkernels!(f64);

/// Prefetches a cache line. Any address is allowed.
#[inline(always)]
pub(super) fn prefetch<R>(at: *const R) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing that the program sees and never faults; SSE is always there.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Does the same as [`prefetch`], into the second-level cache: for more data than the first level can hold.
#[inline(always)]
pub(super) fn prefetch_l2<R>(at: *const R) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: as for `prefetch`.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Depth of one run in [`fma_peak_flops`].
const PEAK_DEPTH: usize = 4096;

/// Runs the largest microkernel on operands in the first-level cache and returns the number of operations.
/// Timed by the caller, it gives the processor's multiply-add peak that this build reaches.
///
/// # Panics
/// If this processor does not have the instruction set.
pub fn fma_peak_flops(isa: InstructionSet, rounds: usize) -> f64 {
    isa.require();
    let lanes = match isa {
        InstructionSet::Avx512 => 16,
        InstructionSet::Avx2 => 8,
        InstructionSet::Portable => 4,
    };
    let (rows, vectors) = if isa == InstructionSet::Avx512 { (6, 4) } else { (4, 3) };
    let micro = f32::table(isa).get(vectors, rows, 1);
    // At this depth both operands stay in the first-level cache.
    let depth = 64;
    let a = vec![1e-3f32; rows * depth];
    let b = vec![1e-3f32; depth * vectors * lanes];
    let left = Left { data: a.as_ptr(), row: depth, column: 1 };
    let mut out = Tile::new();
    for _ in 0..rounds.saturating_mul(PEAK_DEPTH / depth) {
        // SAFETY: a, b and out have the sizes that a tile of these rows, vectors and depth needs; `require`
        // has checked that the processor has the instruction set.
        unsafe {
            let fetch = Fetch { next: b.as_ptr(), lines: 0 };
            micro(depth, left, b.as_ptr(), 0, out.position(rows, vectors * lanes), fetch);
        };
        std::hint::black_box(&out.0);
    }
    (2 * PEAK_DEPTH * rows * vectors * lanes) as f64 * rounds as f64
}
