//! What a microkernel is given, and the table of them that a number type has for each instruction set.

use crate::instruction_set::InstructionSet;

/// Largest number of rows of a tile.
pub(crate) const MAX_ROWS: usize = 8;
/// Largest number of vectors in a row of a panel.
pub(crate) const MAX_VECTORS: usize = 4;
/// Largest number of rows of a tile that covers more than one panel.
pub(crate) const MAX_BROAD_ROWS: usize = 3;

/// The left operand: element (m, k) is at `m * row + k * column`.
#[derive(Clone, Copy)]
pub(crate) struct Left<R> {
    pub(crate) data: *const R,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// The destination of a tile.
#[derive(Clone, Copy)]
pub(crate) struct Destination<R> {
    /// First element.
    pub(crate) c: *mut R,
    /// Distance between rows.
    pub(crate) stride: usize,
    /// Distance between the columns of adjacent panels, in `c` and in `start`.
    pub(crate) panel: usize,
    /// The initial value of the sums; null for zero.
    pub(crate) start: *const R,
    /// Distance between rows of `start`; 0 if all rows share one row.
    pub(crate) start_stride: usize,
    /// Whether to prefetch `c` while the sums are computed.
    pub(crate) cold: bool,
}

/// Memory that a tile prefetches into the second-level cache: `lines` cache lines for each k. Requested all
/// at once, the lines would delay the tile until most of them had arrived.
#[derive(Clone, Copy)]
pub(crate) struct Fetch<R> {
    /// First element.
    pub(crate) next: *const R,
    /// Cache lines for each k.
    pub(crate) lines: usize,
}

/// Computes one tile: `(depth, a, packed b, distance between panels in b, destination, fetch)`.
pub(crate) type Micro<R> = unsafe fn(usize, Left<R>, *const R, usize, Destination<R>, Fetch<R>);

/// The microkernels of an instruction set, `[vectors - 1][rows - 1]`, for one, two and four panels at once.
pub struct Table<R> {
    pub(crate) one: [[Micro<R>; MAX_ROWS]; MAX_VECTORS],
    pub(crate) two: [[Micro<R>; MAX_BROAD_ROWS]; MAX_VECTORS],
    pub(crate) four: [Micro<R>; MAX_VECTORS],
}

impl<R> Table<R> {
    /// Returns the microkernel of a shape within the limits of [`tile_rows`](crate::micro::tile_rows) and [`tile_panels`](crate::micro::tile_panels).
    #[inline(always)]
    pub(crate) fn get(&self, vectors: usize, rows: usize, panels: usize) -> Micro<R> {
        match panels {
            1 => self.one[vectors - 1][rows - 1],
            2 => self.two[vectors - 1][rows - 1],
            _ => self.four[vectors - 1],
        }
    }
}

/// A number type with its microkernels. They are compiled here, once: if the function were generic over the
/// number type, every crate that calls it would compile it again, with all of its tiles.
pub trait Microkernels: Sized {
    /// Returns the table of an instruction set. The processor must support it before a microkernel is called.
    fn table(isa: InstructionSet) -> &'static Table<Self>;
}
