//! One block of a product: a few rows times all panels of a packed operand, tile by tile.

use super::gemm::Start;
use super::isa::{Avx2, Avx512, Isa, Level, Portable};
use super::micro::{
    Left, MAX_ROWS, MAX_VECTORS, Micro, Place, Table, Tile, prefetch, table, tile_panels, tile_rows,
};
use super::pack::{Packed, Panel};
use crate::real::Real;

/// The microkernels of a level with the shapes of their tiles.
pub(super) struct Kernels<R> {
    table: Table<R>,
    /// Most rows, by vectors.
    heights: [usize; MAX_VECTORS],
    /// Panels at once, by vectors and rows.
    breadths: [[usize; MAX_ROWS]; MAX_VECTORS],
}

/// Which part of the operands a block multiplies.
#[derive(Clone, Copy)]
pub(super) struct Block<'a, R> {
    /// First k, in the right operand.
    pub(super) first: usize,
    /// Length of the sums.
    pub(super) depth: usize,
    /// Rows of the left operand.
    pub(super) rows: usize,
    /// What is added to.
    pub(super) start: Start<'a, R>,
}

impl<R: Real> Kernels<R> {
    pub(super) fn new(level: Level) -> Self {
        let (heights, breadths) = match level {
            Level::Avx512 => shapes::<Avx512>(),
            Level::Avx2 => shapes::<Avx2>(),
            Level::Portable => shapes::<Portable>(),
        };
        Self { table: table(level), heights, breadths }
    }

    /// Cuts `rows` into tiles of almost equal height: (first row, count). An iterator and not a callback, since a closure
    /// is a function of its own, which has no features until it is inlined.
    #[inline(always)]
    pub(super) fn tiles(&self, vectors: usize, rows: usize) -> impl Iterator<Item = (usize, usize)> {
        let tiles = rows.div_ceil(self.heights[vectors - 1]);
        (0..tiles).map(move |tile| {
            let (first, end) = (rows * tile / tiles, rows * (tile + 1) / tiles);
            (first, end - first)
        })
    }

    /// How many of the panels from `panel` on one tile takes, and its microkernel. All but the last panel are full.
    #[inline(always)]
    pub(super) fn breadth(&self, b: &Packed<R>, panel: usize, rows: usize) -> usize {
        let vectors = b.vectors(&b.panels()[panel]);
        let most = self.breadths[vectors - 1][rows.min(MAX_ROWS) - 1];
        let mut breadth = most;
        while breadth > 1
            && (panel + breadth > b.panels().len() || b.vectors(&b.panels()[panel + breadth - 1]) != vectors)
        {
            breadth /= 2;
        }
        breadth
    }

    /// The microkernel of a shape.
    #[inline(always)]
    pub(super) fn micro(&self, vectors: usize, rows: usize, breadth: usize) -> Micro<R> {
        self.table.get(vectors, rows, breadth)
    }

    /// C `[rows, N]` = start + left · rows k..k + depth of B.
    ///
    /// # Safety
    /// `left` must be readable for `[rows, depth]`; `c` must be writable by this thread alone for `rows` rows of
    /// `b.columns()` at `stride`; the depth must lie inside B; the processor must have the level.
    pub(super) unsafe fn block(
        &self,
        left: Left<R>,
        b: &Packed<R>,
        block: Block<'_, R>,
        c: *mut R,
        stride: usize,
    ) {
        let Block { first, depth, rows, start } = block;
        let mut edge = Tile::new();
        let mut at = 0;
        while at < b.panels().len() {
            let panel = &b.panels()[at];
            let vectors = b.vectors(panel);
            let breadth = self.breadth(b, at, rows);
            let width = vectors * b.lanes();
            let right = b.rows_from(panel, first).as_ptr();
            let full = b.gates() == 1 && b.panels()[at..at + breadth].iter().all(|p| p.units == width);
            let tiles = rows.div_ceil(self.heights[vectors - 1]);
            let mut ahead = Ahead::new(b, at + breadth, first, depth, tiles);
            for (top, count) in self.tiles(vectors, rows) {
                ahead.fetch();
                let micro = self.micro(vectors, count, breadth);
                let a = Left { data: left.data.wrapping_add(top * left.row), ..left };
                // SAFETY: the caller's contract; a full panel's columns are all inside C, the others go through a tile.
                unsafe {
                    let c = c.add(top * stride);
                    if full {
                        let c = c.add(panel.first);
                        let (start, start_stride) = match start {
                            Start::Zero => (std::ptr::null(), 0),
                            Start::Bias(bias) => (bias.as_ptr().add(panel.first), 0),
                            Start::Keep => (c.cast_const(), stride),
                        };
                        micro(
                            depth,
                            a,
                            right,
                            b.panel_len(),
                            Place { c, stride, panel: width, start, start_stride, cold: true },
                        );
                    } else {
                        micro(depth, a, right, b.panel_len(), edge.place(count, width));
                        for p in 0..breadth {
                            let sums = &edge.0[p * count * width..][..count * width];
                            write(sums, count, b, &b.panels()[at + p], start, c, stride);
                        }
                    }
                }
            }
            at += breadth;
        }
    }
}

/// Fetches the block of the next panel while the tiles of this one are computed.
pub(super) struct Ahead<R> {
    next: *const R,
    left: usize,
    share: usize,
}

/// Bytes of a packed operand that are in the second-level cache anyway from one use to the next.
const NEAR: usize = 512 << 10;

/// Bytes in a cache line.
const LINE: usize = 64;

impl<R: Real> Ahead<R> {
    /// For panel `panel`, if there is one, over `tiles` calls.
    #[inline(always)]
    pub(super) fn new(b: &Packed<R>, panel: usize, k: usize, depth: usize, tiles: usize) -> Self {
        match b.panels().get(panel) {
            Some(next) if b.bytes() > NEAR => {
                let len = depth * b.vectors(next) * b.lanes();
                let line = LINE / size_of::<R>();
                Self {
                    next: b.rows_from(next, k).as_ptr(),
                    left: len,
                    share: len.div_ceil(tiles.max(1)).next_multiple_of(line),
                }
            }
            _ => Self { next: std::ptr::null(), left: 0, share: 0 },
        }
    }

    /// Fetches one tile's share.
    #[inline(always)]
    pub(super) fn fetch(&mut self) {
        let line = LINE / size_of::<R>();
        let share = self.share.min(self.left);
        let mut at = 0;
        while at < share {
            prefetch(self.next.wrapping_add(at));
            at += line;
        }
        self.next = self.next.wrapping_add(share);
        self.left -= share;
    }
}

/// Adds a tile to its place in C.
///
/// # Safety
/// `c` must be writable for `rows` rows of all columns at `stride`.
unsafe fn write<R: Real>(
    tile: &[R],
    rows: usize,
    b: &Packed<R>,
    panel: &Panel,
    start: Start<'_, R>,
    c: *mut R,
    stride: usize,
) {
    let width = b.vectors(panel) * b.lanes();
    for m in 0..rows {
        for gate in 0..b.gates() {
            let sums = &tile[m * width + gate * panel.spread * b.lanes()..][..panel.units];
            let column = gate * b.units() + panel.first;
            // SAFETY: column + units ≤ N, row m < rows: inside C by the caller's contract.
            let to = unsafe { std::slice::from_raw_parts_mut(c.add(m * stride + column), panel.units) };
            match start {
                Start::Zero => to.copy_from_slice(sums),
                Start::Bias(bias) => {
                    for ((to, &sum), &bias) in to.iter_mut().zip(sums).zip(&bias[column..]) {
                        *to = bias + sum;
                    }
                }
                Start::Keep => {
                    for (to, &sum) in to.iter_mut().zip(sums) {
                        *to += sum;
                    }
                }
            }
        }
    }
}

fn shapes<I: Isa>() -> ([usize; MAX_VECTORS], [[usize; MAX_ROWS]; MAX_VECTORS]) {
    let mut heights = [0; MAX_VECTORS];
    let mut breadths = [[1; MAX_ROWS]; MAX_VECTORS];
    for vectors in 1..=MAX_VECTORS {
        heights[vectors - 1] = tile_rows::<I>(vectors);
        for rows in 1..=MAX_ROWS {
            breadths[vectors - 1][rows - 1] = tile_panels::<I>(vectors, rows);
        }
    }
    (heights, breadths)
}
