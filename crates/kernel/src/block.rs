//! One block of a product: some rows times all panels of a packed operand, tile by tile.

use super::pack::{Packed, Panel};
use crate::instruction_set::InstructionSet;
use crate::isa::{Avx2, Avx512, Portable};
use crate::micro::table::{Destination, Fetch, Left, MAX_ROWS, MAX_VECTORS, Micro, Table};
use crate::micro::{LINE, Tile, tile_panels, tile_rows};
use crate::simd::{Isa, Real};

/// The microkernels of an instruction set, with the shapes of their tiles. The value proves that the
/// processor has the instruction set.
pub(super) struct Kernels<R: 'static> {
    isa: InstructionSet,
    table: &'static Table<R>,
    /// Largest number of rows of a tile, by number of vectors.
    heights: [usize; MAX_VECTORS],
    /// Number of panels of a tile, by numbers of vectors and rows.
    breadths: [[usize; MAX_ROWS]; MAX_VECTORS],
}

/// The rows of the left operand.
#[derive(Clone, Copy)]
pub(super) enum Rows<R> {
    /// Row after row.
    Apart {
        /// First element.
        data: *const R,
        /// Distance between rows.
        stride: usize,
    },
    /// Tile after tile; for each k, the rows of the tile are contiguous.
    Tiled {
        /// First element.
        data: *const R,
        /// The number of vectors that [`Kernels::tiles`] split the rows for; no panel has more.
        vectors: usize,
    },
}

/// The initial value that a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, R> {
    /// Zero: C = A B.
    Zero,
    /// A row that is added to every row: C = A B + 1 biasᵀ.
    Bias(&'a [R]),
    /// C itself: C += A B.
    Keep,
}

/// The part of the operands that a block multiplies.
#[derive(Clone, Copy)]
pub(super) struct Block<'a, R> {
    /// First k, in the right operand.
    pub(super) first: usize,
    /// Length of the sums.
    pub(super) depth: usize,
    /// Rows of the left operand.
    pub(super) rows: usize,
    /// The initial value that the product is added to.
    pub(super) start: Start<'a, R>,
}

impl<R: Real> Kernels<R> {
    /// # Panics
    /// If this processor does not have the instruction set.
    pub(super) fn new(isa: InstructionSet) -> Self {
        isa.require();
        let (heights, breadths) = match isa {
            InstructionSet::Avx512 => shapes::<Avx512>(),
            InstructionSet::Avx2 => shapes::<Avx2>(),
            InstructionSet::Portable => shapes::<Portable>(),
        };
        Self { isa, table: R::table(isa), heights, breadths }
    }

    /// Returns the instruction set.
    pub(super) fn isa(&self) -> InstructionSet {
        self.isa
    }

    /// Splits `rows` into tiles of almost equal height: (first row, count). It returns an iterator instead of
    /// calling a closure, because a closure is a separate function, which lacks the features of the
    /// instruction set until it is inlined.
    #[inline(always)]
    pub(super) fn tiles(&self, vectors: usize, rows: usize) -> impl Iterator<Item = (usize, usize)> {
        let tiles = rows.div_ceil(self.heights[vectors - 1]);
        let (least, higher) = (rows / tiles.max(1), rows % tiles.max(1));
        let mut next = 0;
        (0..tiles).map(move |tile| {
            let (first, count) = (next, least + usize::from(tile < higher));
            next += count;
            (first, count)
        })
    }

    /// Returns how many panels, starting with `panel`, one tile covers: 1, 2 or 4 of the same width. All
    /// panels but the last are full.
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

    /// Returns the microkernel of a tile.
    #[inline(always)]
    pub(super) fn micro(&self, vectors: usize, rows: usize, breadth: usize) -> Micro<R> {
        self.table.get(vectors, rows, breadth)
    }

    /// Computes C `[rows, N]` = start + left · rows k..k + depth of B.
    ///
    /// # Safety
    /// `b` must hold weights packed for these kernels' instruction set ([`Packed::require`]), and rows
    /// `first..first + depth` must be rows of it; `rows` must not be 0; `left` must hold `[rows, depth]`; `c`
    /// must be writable by this thread alone for `rows` rows of `b.columns()` numbers at `stride`; a bias
    /// must have `b.columns()` numbers.
    pub(super) unsafe fn block(
        &self,
        left: Rows<R>,
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
            let slice = match left {
                Rows::Apart { .. } => vectors,
                Rows::Tiled { vectors, .. } => vectors,
            };
            let tiles = rows.div_ceil(self.heights[slice - 1]);
            let mut ahead = Ahead::new(b, at + breadth, breadth, (first, depth), tiles);
            for (top, count) in self.tiles(slice, rows) {
                let fetch = ahead.share(right, depth);
                let micro = self.micro(vectors, count, breadth);
                let a = match left {
                    Rows::Apart { data, stride } => {
                        Left { data: data.wrapping_add(top * stride), row: stride, column: 1 }
                    }
                    Rows::Tiled { data, .. } => {
                        Left { data: data.wrapping_add(top * depth), row: 1, column: count }
                    }
                };
                // SAFETY: the caller's contract; the panels are packed for these kernels, so that a tile of
                // them fits `Tile`. All columns of full panels are inside C; the others go through a tile,
                // whose padding `write` drops. `Kernels::new` has checked that the processor has the
                // instruction set.
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
                            Destination { c, stride, panel: width, start, start_stride, cold: true },
                            fetch,
                        );
                    } else {
                        micro(depth, a, right, b.panel_len(), edge.position(count, width), fetch);
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

/// The block of the next panels, which is prefetched while the tiles of the current ones are computed.
pub(super) struct Ahead<R> {
    next: *const R,
    left: usize,
    lines: usize,
}

/// Size in bytes up to which a packed operand stays in the second-level cache from one use to the next.
const NEAR: usize = 512 << 10;

impl<R: Real> Ahead<R> {
    /// Prefetches as many panels, starting with `panel`, as one tile covers, in `tiles` shares.
    #[inline(always)]
    pub(super) fn new(
        b: &Packed<R>,
        panel: usize,
        breadth: usize,
        (k, depth): (usize, usize),
        tiles: usize,
    ) -> Self {
        match b.panels().get(panel) {
            Some(next) if b.bytes() > NEAR => {
                let width = b.vectors(next) * b.lanes();
                // Adjacent panels are contiguous in memory; their blocks are contiguous only if a block is a
                // whole panel.
                let panels = if depth == b.depth() { breadth.min(b.panels().len() - panel) } else { 1 };
                let lines = panels * (width * size_of::<R>()).div_ceil(LINE);
                Self {
                    next: b.rows_from(next, k).as_ptr(),
                    left: panels * depth * width,
                    lines: lines.div_ceil(tiles.max(1)),
                }
            }
            _ => Self { next: std::ptr::null(), left: 0, lines: 0 },
        }
    }

    /// Returns what a tile of this depth fetches; nothing after everything was requested.
    #[inline(always)]
    pub(super) fn share(&mut self, right: *const R, depth: usize) -> Fetch<R> {
        if self.left == 0 {
            return Fetch { next: right, lines: 0 };
        }
        let fetch = Fetch { next: self.next, lines: self.lines };
        let share = (depth * self.lines * (LINE / size_of::<R>())).min(self.left);
        self.next = self.next.wrapping_add(share);
        self.left -= share;
        fetch
    }
}

/// Adds the sums of one panel to C, without its padding columns.
///
/// # Safety
/// `c` must be writable for `rows` rows of `b.columns()` numbers at `stride`, by this thread alone.
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
            // SAFETY: column + units ≤ N since the panel is one of B's, and m < rows: inside C by the
            // caller's contract.
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
