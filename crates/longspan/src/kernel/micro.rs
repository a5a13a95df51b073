//! The microkernel: a tile of sums that stays in registers.
//!
//! `tile[m, n] = Σ_k a[m, k] · b[k, n]` for up to 8 rows and 4 vectors of columns, k ascending. The sums are plain arrays;
//! compiled with the features of its instruction set, each row of the inner loop is one broadcast and `NV` FMAs.

use super::isa::{Avx2, Avx512, Isa, Level, Portable};
use super::lanes::Vector;
use crate::real::Real;

/// Most rows of a tile.
pub(super) const MAX_ROWS: usize = 8;
/// Most vectors in a row of a tile.
pub(super) const MAX_VECTORS: usize = 4;
/// Room for the largest tile: 24 registers of 16 numbers.
pub(super) const TILE: usize = 24 * 16;

/// A tile's worth of memory on a cache line.
#[repr(C, align(64))]
pub(super) struct Tile<R>(pub(super) [R; TILE]);

impl<R: Real> Tile<R> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self([R::ZERO; TILE])
    }
}

/// Computes one tile: `(depth, a, row stride of a, column stride of a, packed b, out)`; out is `[rows, vectors · lanes]`.
pub(super) type Micro<R> = unsafe fn(usize, *const R, usize, usize, *const R, *mut R);

/// Rows of a tile that is `vectors` wide.
pub(super) const fn tile_rows<I: Isa>(vectors: usize) -> usize {
    let rows = I::TILE_REGISTERS / vectors;
    if rows > MAX_ROWS { MAX_ROWS } else { rows }
}

/// # Safety
/// `a` must be readable at m · row_stride + k · column_stride for m < MR, k < depth; `b` for depth · NV vectors; `out`
/// writable for MR · NV vectors.
#[inline(always)]
unsafe fn tile<I: Isa, R: Real, const MR: usize, const NV: usize>(
    depth: usize,
    a: *const R,
    row_stride: usize,
    column_stride: usize,
    b: *const R,
    out: *mut R,
) {
    let lanes = <I::V<R> as Vector<R>>::LANES;
    let mut sums = [[I::V::<R>::zero(); NV]; MR];
    for k in 0..depth {
        // SAFETY: the caller's contract; the vector type is a transparent array of `lanes` numbers.
        unsafe {
            let column = b.add(k * NV * lanes).cast::<[I::V<R>; NV]>().read_unaligned();
            let ak = a.add(k * column_stride);
            for m in 0..MR {
                let x = I::V::<R>::splat(*ak.add(m * row_stride));
                for v in 0..NV {
                    sums[m][v] = x.fma(column[v], sums[m][v]);
                }
            }
        }
    }
    // SAFETY: the caller's contract.
    unsafe { out.cast::<[[I::V<R>; NV]; MR]>().write_unaligned(sums) }
}

macro_rules! compile_for {
    ($name:ident, $isa:ty, $($feature:literal)?) => {
        /// # Safety
        /// As for `tile`; the processor must have the instruction set.
        $(#[target_feature(enable = $feature)])?
        unsafe fn $name<R: Real, const MR: usize, const NV: usize>(
            depth: usize,
            a: *const R,
            row_stride: usize,
            column_stride: usize,
            b: *const R,
            out: *mut R,
        ) {
            // SAFETY: the same contract.
            unsafe { tile::<$isa, R, MR, NV>(depth, a, row_stride, column_stride, b, out) }
        }
    };
}
#[cfg(target_arch = "x86_64")]
compile_for!(tile_avx512, Avx512, "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma");
#[cfg(target_arch = "x86_64")]
compile_for!(tile_avx2, Avx2, "avx2,fma");
compile_for!(tile_portable, Portable,);

macro_rules! table {
    ($name:ident) => {
        [
            [
                $name::<R, 1, 1>,
                $name::<R, 2, 1>,
                $name::<R, 3, 1>,
                $name::<R, 4, 1>,
                $name::<R, 5, 1>,
                $name::<R, 6, 1>,
                $name::<R, 7, 1>,
                $name::<R, 8, 1>,
            ],
            [
                $name::<R, 1, 2>,
                $name::<R, 2, 2>,
                $name::<R, 3, 2>,
                $name::<R, 4, 2>,
                $name::<R, 5, 2>,
                $name::<R, 6, 2>,
                $name::<R, 7, 2>,
                $name::<R, 8, 2>,
            ],
            [
                $name::<R, 1, 3>,
                $name::<R, 2, 3>,
                $name::<R, 3, 3>,
                $name::<R, 4, 3>,
                $name::<R, 5, 3>,
                $name::<R, 6, 3>,
                $name::<R, 7, 3>,
                $name::<R, 8, 3>,
            ],
            [
                $name::<R, 1, 4>,
                $name::<R, 2, 4>,
                $name::<R, 3, 4>,
                $name::<R, 4, 4>,
                $name::<R, 5, 4>,
                $name::<R, 6, 4>,
                $name::<R, 6, 4>,
                $name::<R, 6, 4>,
            ],
        ]
    };
}

/// The microkernels of one level: `[vectors - 1][rows - 1]`. Four vectors go with at most six rows.
pub(super) type Table<R> = [[Micro<R>; MAX_ROWS]; MAX_VECTORS];

/// The table of a level.
#[rustfmt::skip]
pub(super) fn table<R: Real>(level: Level) -> Table<R> {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => table!(tile_avx512),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => table!(tile_avx2),
        _ => table!(tile_portable),
    }
}

/// Floating-point operations in one run of [`fma_peak_flops`].
const PEAK_DEPTH: usize = 4096;

/// Runs the largest microkernel on operands in the first-level cache and returns the operations done: timed by the
/// caller, it gives the processor's multiply-add peak as this build reaches it.
pub fn fma_peak_flops(level: Level, rounds: usize) -> f64 {
    let lanes = match level {
        Level::Avx512 => 16,
        Level::Avx2 => 8,
        Level::Portable => 4,
    };
    let (rows, vectors) = if level == Level::Avx512 { (6, 4) } else { (4, 3) };
    let micro = table::<f32>(level)[vectors - 1][rows - 1];
    // A depth of 16 keeps both operands in the first-level cache.
    let a = vec![1e-3f32; rows * 16];
    let b = vec![1e-3f32; 16 * vectors * lanes];
    let mut out = Tile::new();
    for _ in 0..rounds * PEAK_DEPTH / 16 {
        // SAFETY: a, b and out have the sizes that a tile of these rows, vectors and depth 16 needs, and the level
        // was checked when it was made.
        unsafe { micro(16, a.as_ptr(), 16, 1, b.as_ptr(), out.0.as_mut_ptr()) };
        std::hint::black_box(&out.0);
    }
    (2 * rounds * PEAK_DEPTH * rows * vectors * lanes) as f64
}
