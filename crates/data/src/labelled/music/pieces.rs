//! The pieces of a part, as the keys of each step.

use crate::labelled::describe::Lengths;
use crate::labelled::error::Location;

/// Number of keys of a piano.
pub const KEYS: usize = 88;

/// The pieces of one part. Key 0 is the lowest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    pub(super) keys: Vec<u32>,
    /// Keys before each step, then the total.
    pub(super) steps: Vec<usize>,
    /// Steps before each piece, then the total.
    pub(super) pieces: Vec<usize>,
}

impl Pieces {
    /// Number of pieces.
    pub fn len(&self) -> usize {
        self.pieces.len().saturating_sub(1)
    }

    /// Whether there are no pieces. No reader returns an empty part.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of steps of a piece, at least 1.
    ///
    /// # Panics
    /// If the piece does not exist.
    pub fn length(&self, piece: usize) -> usize {
        self.pieces[piece + 1] - self.pieces[piece]
    }

    /// Keys that sound at a step, ascending, each from 0 to 87; empty for a rest.
    ///
    /// # Panics
    /// If the piece or step does not exist.
    pub fn keys(&self, piece: usize, step: usize) -> &[u32] {
        assert!(step < self.length(piece), "step {step} of a piece of {}", self.length(piece));
        let step = self.pieces[piece] + step;
        &self.keys[self.steps[step]..self.steps[step + 1]]
    }

    /// Writes a piece as `[T, 88]`: 1 for a key that sounds, 0 otherwise.
    ///
    /// # Panics
    /// If the piece does not exist, or `roll` has another length.
    pub fn roll(&self, piece: usize, roll: &mut [f32]) {
        assert_eq!(roll.len(), self.length(piece) * KEYS, "the piano roll has another length");
        roll.fill(0.0);
        for (step, row) in roll.chunks_exact_mut(KEYS).enumerate() {
            self.keys(piece, step).iter().for_each(|&key| row[key as usize] = 1.0);
        }
    }

    /// Lengths of the pieces, in steps; None if there are no pieces.
    pub fn lengths(&self) -> Option<Lengths> {
        Lengths::of((0..self.len()).map(|piece| self.length(piece)))
    }

    /// Number of sounding keys, summed over all steps.
    pub fn sounding(&self) -> usize {
        self.keys.len()
    }

    /// Lowest and highest key; None if no key sounds.
    pub fn range(&self) -> Option<(u32, u32)> {
        Some((*self.keys.iter().min()?, *self.keys.iter().max()?))
    }

    /// Returns the first wrong key and its location.
    pub(super) fn find(&self, part: &'static str, wrong: &dyn Fn(u32) -> bool) -> Option<(Location, u32)> {
        let at = self.keys.iter().position(|&key| wrong(key))?;
        let step = self.steps.partition_point(|&start| start <= at) - 1;
        let piece = self.pieces.partition_point(|&start| start <= step) - 1;
        let step = Some(step - self.pieces[piece]);
        Some((Location::Piece { part, piece, step }, self.keys[at]))
    }
}
