//! Weights rearranged once per sequence, so that the microkernel reads them in one straight run.
//!
//! The right operand B `[K, N]` is cut into panels of a few vectors of columns; a panel holds its rows one after the
//! other. For a recurrent product the columns of a panel are the *gates of the same hidden units* side by side, so that a
//! finished tile has everything that the cell's equations need.

use super::buffer::Buffer;
use super::isa::{Avx2, Avx512, InstructionSet, Isa, Portable};
use super::lanes::Vector;
use super::micro::{MAX_VECTORS, tile_rows};
use super::{Context, Shared};
use crate::matrix::Mat;
use crate::real::Real;

/// Which matrix is packed, seen from the stored weights W `[rows, cols]`.
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
    /// Vectors per gate.
    pub(super) spread: usize,
    /// Where the panel starts in the packed buffer.
    pub(super) offset: usize,
}

/// A packed right operand of `gates` blocks of `units` columns: N = gates · units.
pub struct Packed<R> {
    data: Buffer<R>,
    len: usize,
    panels: Vec<Panel>,
    depth: usize,
    gates: usize,
    units: usize,
    lanes: usize,
    /// Vectors per gate of a full panel.
    spread: usize,
}

impl<R: Real> Packed<R> {
    /// Room for B `[depth, gates · units]` at this level. `gates` is 1 for a plain product.
    pub fn new(isa: InstructionSet, depth: usize, gates: usize, units: usize) -> Self {
        let (lanes, spread) = match isa {
            InstructionSet::Avx512 => geometry::<Avx512, R>(gates),
            InstructionSet::Avx2 => geometry::<Avx2, R>(gates),
            InstructionSet::Portable => geometry::<Portable, R>(gates),
        };
        let (data, panels) = (Buffer::zeros(0), Vec::new());
        let mut packed = Self { data, len: 0, panels, depth: 0, gates, units: 0, lanes, spread };
        packed.reshape(depth, units);
        packed
    }

    /// Makes room for another shape, with as many gates; the memory stays. What was packed is gone.
    pub fn reshape(&mut self, depth: usize, units: usize) {
        if (depth, units) == (self.depth, self.units) {
            return;
        }
        self.panels.clear();
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

    /// Takes the memory of an operand that is not needed any more, where there is not enough yet: what a layer has packed for
    /// forward is done with when backward packs.
    pub fn take_room(&mut self, other: &mut Self) {
        if self.data.len() < self.len.min(other.data.len()) {
            std::mem::swap(&mut self.data, &mut other.data);
        }
    }

    /// Copies the weights into the panels; what padding columns hold goes into sums that are dropped. The memory is allocated
    /// by the first call.
    ///
    /// # Panics
    /// If the shape differs from that given to [`Packed::new`].
    pub fn pack(&mut self, ctx: &Context<R>, weights: Weights<'_, R>) {
        self.check(weights);
        self.data.grow(self.len);
        let data = Shared(self.data.as_mut_ptr());
        let this = &*self;
        ctx.split(this.panels.len(), |_, first, end| {
            for panel in &this.panels[first..end] {
                let len = this.depth * this.vectors(panel) * this.lanes;
                // SAFETY: panels do not overlap, and these belong to this worker alone.
                let out = unsafe { std::slice::from_raw_parts_mut(data.get().add(panel.offset), len) };
                this.fill(panel, weights, out);
            }
        });
    }

    /// As [`Packed::pack`] on the calling thread: what a worker packs for itself.
    ///
    /// # Panics
    /// If the shape differs from that given to [`Packed::new`].
    pub fn pack_here(&mut self, weights: Weights<'_, R>) {
        self.check(weights);
        self.data.grow(self.len);
        let mut data = std::mem::replace(&mut self.data, Buffer::zeros(0));
        for panel in &self.panels {
            let len = self.depth * self.vectors(panel) * self.lanes;
            self.fill(panel, weights, &mut data[panel.offset..][..len]);
        }
        self.data = data;
    }

    fn check(&self, weights: Weights<'_, R>) {
        let shape = match weights {
            Weights::Plain(w) => (w.rows(), w.cols()),
            Weights::Transposed(w) => (w.cols(), w.rows()),
        };
        assert_eq!(shape, (self.depth, self.gates * self.units), "weights to pack: [K, N]");
    }

    /// Copies what belongs to a panel.
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

    /// K: length of the sums.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// N: columns of all gates.
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

    /// Vectors in a row of this panel.
    pub(super) fn vectors(&self, panel: &Panel) -> usize {
        self.gates * panel.spread
    }

    /// Vectors in a row of the first panel: no other one has more.
    pub(super) fn widest(&self) -> usize {
        self.panels.first().map_or(1, |panel| self.vectors(panel))
    }

    /// Size of the packed operand.
    pub(super) fn bytes(&self) -> usize {
        self.len * size_of::<R>()
    }

    /// Distance between full panels.
    pub(super) fn panel_len(&self) -> usize {
        self.panels.get(1).map_or(0, |second| second.offset)
    }

    /// The panel's rows from `k` on, of weights that were packed.
    pub(super) fn rows_from(&self, panel: &Panel, k: usize) -> &[R] {
        let width = self.vectors(panel) * self.lanes;
        &self.data[panel.offset + k * width..panel.offset + self.depth * width]
    }
}

/// Columns that are turned at once: a cache line of each is read while it is there.
const TURN: usize = 16;

/// `out[k, to + j] = w[from + j, k]` for j < units.
fn turn<R: Real>(w: Mat<'_, R>, from: usize, units: usize, out: &mut [R], width: usize, to: usize) {
    for j in (0..units).step_by(TURN) {
        let count = TURN.min(units - j);
        // The same row again where there are fewer: every turn has one shape.
        let rows: [&[R]; TURN] = std::array::from_fn(|i| w.row(from + j + i.min(count - 1)));
        for (k, out) in out.chunks_exact_mut(width).enumerate() {
            let column: [R; TURN] = std::array::from_fn(|i| rows[i][k]);
            out[to + j..][..count].copy_from_slice(&column[..count]);
        }
    }
}

/// (lanes, vectors per gate) of a full panel.
fn geometry<I: Isa, R: Real>(gates: usize) -> (usize, usize) {
    assert!((1..=MAX_VECTORS).contains(&gates), "{gates} gates in one product");
    // With few registers, a tile of two vectors and six rows loads less than one of four and three.
    let widest = if tile_rows::<I>(MAX_VECTORS) >= 6 { MAX_VECTORS } else { 2 };
    (<I::V<R> as Vector<R>>::LANES, (widest / gates).max(1))
}
