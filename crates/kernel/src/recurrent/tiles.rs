//! The loop over the tiles of a product.
//!
//! A pass supplies its work by a trait and not by a closure: a closure is a separate function, which lacks
//! the features of the instruction set until it is inlined.

use std::marker::PhantomData;

use super::equations::MAX_GATES;
use super::slots::{Full, Tail, Units};
use crate::block::{Ahead, Kernels};
use crate::micro::Tile;
use crate::micro::table::{Left, MAX_ROWS};
use crate::pack::{Packed, Panel};
use crate::simd::{Isa, Real, Vector};

/// Work on the sums of a few units, one vector per gate. Implementations are `#[inline(always)]`.
pub(super) trait Finish<R: Real> {
    /// # Safety
    /// The row must be one of the product's; the units must be below H.
    unsafe fn finish<S: Units<R>>(&self, sums: [S::V; MAX_GATES], row: usize, unit: usize, units: S);
}

/// A product of rows with the recurrent weights of one phase.
pub(super) struct Product<'a, R: 'static> {
    pub(super) kernels: &'a Kernels<R>,
    /// Weights `[H, gates · H]`.
    pub(super) packed: &'a Packed<R>,
    /// Row 0 of the left operand `[.., H]`.
    pub(super) operand: *const R,
    /// Distance between its rows.
    pub(super) stride: usize,
    /// Its first row in the product.
    pub(super) first: usize,
    /// Number of its rows in the product.
    pub(super) rows: usize,
}

impl<R: Real> Product<'_, R> {
    /// Computes the product tile by tile, and finishes each tile while it is in the first-level cache.
    ///
    /// # Safety
    /// `packed` must hold weights for the kernels' instruction set, which is I ([`Packed::require`]); the
    /// operand must be readable for H numbers in each of the rows, of which there must be one; [`Finish`]
    /// must allow rows `first..first + rows` and all units below `packed.units()`.
    #[inline(always)]
    pub(super) unsafe fn run<I: Isa, F: Finish<R>>(&self, tile: &mut Tile<R>, finish: &F) {
        let (packed, hidden) = (self.packed, self.packed.depth());
        let mut at = 0;
        while at < packed.panels().len() {
            let breadth = self.kernels.breadth(packed, at, self.rows);
            let panels = &packed.panels()[at..at + breadth];
            let vectors = packed.vectors(&panels[0]);
            let width = vectors * packed.lanes();
            let right = packed.rows_from(&panels[0], 0).as_ptr();
            let tiles = self.rows.div_ceil(MAX_ROWS);
            let mut ahead = Ahead::new(packed, at + breadth, breadth, (0, hidden), tiles);
            for (top, count) in self.kernels.tiles(vectors, self.rows) {
                let fetch = ahead.share(right, hidden);
                let first = self.first + top;
                let data = self.operand.wrapping_add(first * self.stride);
                let a = Left { data, row: self.stride, column: 1 };
                let micro = self.kernels.micro(vectors, count, breadth);
                // SAFETY: the caller's contract: rows first..first + count of the operand and the panels hold
                // H numbers each, and `Kernels::new` has checked that the processor has the instruction set.
                unsafe {
                    micro(hidden, a, right, packed.panel_len(), tile.position(count, width), fetch);
                    self.finish::<I, F>(tile, panels, first, count, finish);
                }
            }
            at += breadth;
        }
    }

    /// Finishes a tile of rows `first..first + count`.
    ///
    /// # Safety
    /// As [`Product::run`].
    #[inline(always)]
    unsafe fn finish<I: Isa, F: Finish<R>>(
        &self,
        tile: &Tile<R>,
        panels: &[Panel],
        first: usize,
        count: usize,
        finish: &F,
    ) {
        let lanes = I::V::<R>::LANES;
        let width = self.packed.vectors(&panels[0]) * self.packed.lanes();
        for m in 0..count {
            for (p, panel) in panels.iter().enumerate() {
                let row = &tile.0[(p * count + m) * width..];
                for v in 0..panel.spread {
                    let sums = self.sums::<I>(row, panel, v);
                    let (unit, left) = (panel.first + v * lanes, panel.units - v * lanes);
                    // SAFETY: the caller's contract; the units of a panel end within `packed.units()`.
                    unsafe {
                        if left >= lanes {
                            finish.finish(sums, first + m, unit, Full::<I::V<R>>(PhantomData));
                        } else {
                            finish.finish(sums, first + m, unit, Tail::<I::V<R>>(left, PhantomData));
                        }
                    }
                }
            }
        }
    }

    /// Returns vector `v` of each gate in a row of a tile.
    #[inline(always)]
    fn sums<I: Isa>(&self, row: &[R], panel: &Panel, v: usize) -> [I::V<R>; MAX_GATES] {
        let lanes = I::V::<R>::LANES;
        let mut sums = [I::V::<R>::zero(); MAX_GATES];
        // The same number of iterations for every cell: unrolled, the sums stay in registers.
        for gate in 0..MAX_GATES {
            if gate < self.packed.gates() {
                sums[gate] = I::V::<R>::load(&row[(gate * panel.spread + v) * lanes..][..lanes]);
            }
        }
        sums
    }
}
