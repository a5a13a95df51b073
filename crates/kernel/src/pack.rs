//! Weights rearranged once per sequence, so that the microkernel reads them sequentially.
//!
//! The right operand B `[K, N]` is split into panels of a few vectors of columns; a panel stores its rows one
//! after the other. In a recurrent product the columns of a panel are the *gates of the same hidden units*
//! side by side, so that a finished tile contains all sums that the cell's equations need for these units.

use super::buffer::Buffer;
use super::{Context, Shared};
use crate::instruction_set::InstructionSet;
use crate::isa::{Avx2, Avx512, Portable};
use crate::matrix::Mat;
use crate::micro::table::MAX_VECTORS;
use crate::micro::tile_rows;
use crate::simd::{Isa, Real, Vector};
use crate::size::elements;

/// The matrix B to pack, given as the stored weights W `[rows, cols]`.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a, R> {
    /// B = W.
    Plain(Mat<'a, R>),
    /// B = Wᵀ.
    Transposed(Mat<'a, R>),
}

/// Columns `first..first + units` of every gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    pub(super) first: usize,
    pub(super) units: usize,
    /// Number of vectors per gate.
    pub(super) spread: usize,
    /// First element in the packed buffer.
    pub(super) offset: usize,
}

/// A packed right operand B of `gates` blocks of `units` columns: N = gates · units.
///
/// It is packed for one instruction set; products with another one panic.
pub struct Packed<R> {
    isa: InstructionSet,
    data: Buffer<R>,
    /// Total length of the panels; `data` may be longer, and is shorter before the first packing.
    len: usize,
    /// Whether `data` contains weights of the current shape.
    filled: bool,
    panels: Vec<Panel>,
    depth: usize,
    gates: usize,
    units: usize,
    lanes: usize,
    /// Number of vectors per gate of a full panel.
    spread: usize,
}

impl<R: Real> Packed<R> {
    /// Builds an operand of shape B `[depth, gates · units]` for this instruction set, without weights.
    /// `gates` is 1 for a plain product.
    ///
    /// # Panics
    /// If `gates` is 0 or more than 4, or the size of the operand overflows.
    pub fn new(isa: InstructionSet, depth: usize, gates: usize, units: usize) -> Self {
        let (lanes, spread) = match isa {
            InstructionSet::Avx512 => geometry::<Avx512, R>(gates),
            InstructionSet::Avx2 => geometry::<Avx2, R>(gates),
            InstructionSet::Portable => geometry::<Portable, R>(gates),
        };
        let (data, panels) = (Buffer::zeros(0), Vec::new());
        let (len, filled) = (0, false);
        let mut packed = Self { isa, data, len, filled, panels, depth: 0, gates, units: 0, lanes, spread };
        packed.reshape(depth, units);
        packed
    }

    /// Changes the shape but not the number of gates, and keeps the memory. A new shape must be packed before
    /// use.
    ///
    /// # Panics
    /// If the size of the operand overflows.
    pub fn reshape(&mut self, depth: usize, units: usize) {
        if (depth, units) == (self.depth, self.units) {
            return;
        }
        let vectors =
            elements("vectors of a packed operand (gates, units)", [self.gates, units.div_ceil(self.lanes)]);
        // This bounds the offsets below, and the number of columns.
        elements(
            "a packed operand (depth, vectors, lanes, bytes)",
            [depth.max(1), vectors, self.lanes, size_of::<R>()],
        );
        (self.filled, self.len, self.depth, self.units) = (false, 0, 0, 0);
        self.panels.clear();
        self.panels.reserve(units.div_ceil(self.spread * self.lanes));
        let (mut first, mut offset) = (0, 0);
        while first < units {
            let count = (units - first).min(self.spread * self.lanes);
            let spread = count.div_ceil(self.lanes);
            self.panels.push(Panel { first, units: count, spread, offset });
            first += count;
            offset += depth * self.gates * spread * self.lanes;
        }
        (self.len, self.depth, self.units) = (offset, depth, units);
    }

    /// Takes the memory of an operand that is no longer needed, if its own is too small: when a layer packs
    /// its weights for the backward pass, those for the forward pass are no longer needed. Both must then be
    /// packed before use.
    pub fn take_room(&mut self, other: &mut Self) {
        if self.data.len() < self.len.min(other.data.len()) {
            (self.filled, other.filled) = (false, false);
            std::mem::swap(&mut self.data, &mut other.data);
        }
    }

    /// Copies the weights into the panels. The first call allocates the memory. Padding columns contain
    /// arbitrary numbers, and their sums are dropped.
    ///
    /// # Panics
    /// If the weights do not have the shape of the operand.
    pub fn pack(&mut self, ctx: &Context<R>, weights: Weights<'_, R>) {
        self.open(weights);
        let data = Shared(self.data.as_mut_ptr());
        let this = &*self;
        ctx.split(this.panels.len(), |_, first, end| {
            for panel in &this.panels[first..end] {
                let len = this.depth * this.vectors(panel) * this.lanes;
                // SAFETY: `reshape` has placed the panels one after the other in `len` numbers, which `open`
                // has allocated; `split` gives each panel to one worker.
                let out = unsafe { std::slice::from_raw_parts_mut(data.get().add(panel.offset), len) };
                this.fill(panel, weights, out);
            }
        });
        self.filled = true;
    }

    /// Does the same as [`Packed::pack`] on the calling thread, for operands that a worker packs for itself.
    ///
    /// # Panics
    /// As [`Packed::pack`].
    pub fn pack_here(&mut self, weights: Weights<'_, R>) {
        self.open(weights);
        let mut data = std::mem::replace(&mut self.data, Buffer::zeros(0));
        for panel in &self.panels {
            let len = self.depth * self.vectors(panel) * self.lanes;
            self.fill(panel, weights, &mut data[panel.offset..][..len]);
        }
        self.data = data;
        self.filled = true;
    }

    /// Checks the shape of the weights and allocates memory for them.
    fn open(&mut self, weights: Weights<'_, R>) {
        let shape = match weights {
            Weights::Plain(w) => (w.rows(), w.cols()),
            Weights::Transposed(w) => (w.cols(), w.rows()),
        };
        assert_eq!(shape, (self.depth, self.gates * self.units), "shape of the weights to pack [K, N]");
        // False while they are incomplete.
        self.filled = false;
        self.data.grow(self.len);
    }

    /// Panics unless the operand contains weights packed for `isa`. Unsafe code relies on this before it
    /// reads panels.
    #[track_caller]
    pub(super) fn require(&self, isa: InstructionSet) {
        assert!(
            self.isa == isa,
            "an operand packed for {} in a product on {isa}: pack it for {isa}",
            self.isa
        );
        assert!(
            self.filled,
            "an operand of shape [{}, {}] has no weights: pack it after `new`, `reshape` and `take_room`",
            self.depth,
            self.columns()
        );
    }

    /// Copies the columns of a panel.
    fn fill(&self, panel: &Panel, weights: Weights<'_, R>, out: &mut [R]) {
        let width = self.vectors(panel) * self.lanes;
        for gate in 0..self.gates {
            let (from, to) = (gate * self.units + panel.first, gate * panel.spread * self.lanes);
            match weights {
                Weights::Plain(w) => {
                    for (k, row) in out.chunks_exact_mut(width).enumerate() {
                        row[to..to + panel.units].copy_from_slice(&w.row(k)[from..from + panel.units]);
                    }
                }
                Weights::Transposed(w) => turn(w, from, panel.units, out, width, to),
            }
        }
    }

    /// Returns the instruction set that it is packed for.
    pub(super) fn isa(&self) -> InstructionSet {
        self.isa
    }

    /// Length of the sums, K.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Number of columns of all gates, N.
    pub fn columns(&self) -> usize {
        self.gates * self.units
    }

    pub(super) fn gates(&self) -> usize {
        self.gates
    }

    pub(super) fn units(&self) -> usize {
        self.units
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes
    }

    pub(super) fn panels(&self) -> &[Panel] {
        &self.panels
    }

    /// Number of vectors in a row of this panel.
    pub(super) fn vectors(&self, panel: &Panel) -> usize {
        self.gates * panel.spread
    }

    /// Number of vectors in a row of the first panel, the largest of all panels.
    pub(super) fn widest(&self) -> usize {
        self.panels.first().map_or(1, |panel| self.vectors(panel))
    }

    /// Size of the packed operand in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.len * size_of::<R>()
    }

    /// Distance between adjacent full panels.
    pub(super) fn panel_len(&self) -> usize {
        self.panels.get(1).map_or(0, |second| second.offset)
    }

    /// Returns the panel's rows from `k` on.
    ///
    /// # Panics
    /// If the operand has fewer rows, or was never packed.
    pub(super) fn rows_from(&self, panel: &Panel, k: usize) -> &[R] {
        let width = self.vectors(panel) * self.lanes;
        &self.data[panel.offset + k * width..panel.offset + self.depth * width]
    }
}

/// Number of columns that are transposed at a time: a cache line of each is read while it is in the cache.
const TURN: usize = 16;

/// Computes `out[k, to + j] = w[from + j, k]` for j < units.
fn turn<R: Real>(w: Mat<'_, R>, from: usize, units: usize, out: &mut [R], width: usize, to: usize) {
    for j in (0..units).step_by(TURN) {
        let count = TURN.min(units - j);
        // Repeats the last row if there are fewer, so that every iteration has the same shape.
        let rows: [&[R]; TURN] = std::array::from_fn(|i| w.row(from + j + i.min(count - 1)));
        for (k, out) in out.chunks_exact_mut(width).enumerate() {
            let column: [R; TURN] = std::array::from_fn(|i| rows[i][k]);
            out[to + j..][..count].copy_from_slice(&column[..count]);
        }
    }
}

/// Returns (lanes, vectors per gate) of a full panel.
fn geometry<I: Isa, R: Real>(gates: usize) -> (usize, usize) {
    assert!(
        (1..=MAX_VECTORS).contains(&gates),
        "{gates} gates in one product: 1 to {MAX_VECTORS} are possible"
    );
    // With few registers, a tile of six rows of two vectors needs fewer loads than one of three rows of four.
    let widest = if tile_rows::<I>(MAX_VECTORS) >= 6 { MAX_VECTORS } else { 2 };
    (<I::V<R> as Vector<R>>::LANES, (widest / gates).max(1))
}
