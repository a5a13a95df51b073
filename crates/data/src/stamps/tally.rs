//! Which differences are regular, irregular or gaps.

use super::delta::Delta;
use super::{Gap, Pace, Usual};

/// What the differences are, given the step.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) regular: u64,
    pub(super) irregular: u64,
    pub(super) first_irregular: Option<u64>,
    pub(super) gaps: Vec<Gap>,
}

impl Tally {
    /// Adds the difference before a row.
    pub(super) fn judge(&mut self, row: u64, delta: &Delta, Usual { step, pace }: &Usual) {
        let (steps, whole) = delta.steps(step);
        // Of irregular times, half of the distances are above the median: only far more than that is a gap.
        let (least, most, gap) = match *pace {
            Pace::Regular => (1.0, 1.0, 1.5),
            Pace::Uneven => (0.5, 1.5, 1.5),
            Pace::Irregular => (1.0, 1.0, 10.0),
        };
        if steps > gap {
            self.gaps.push(Gap { row, steps });
        } else if steps >= least && steps <= most && (whole || *pace == Pace::Uneven) {
            self.regular += 1;
        } else {
            self.irregular += 1;
            self.first_irregular.get_or_insert(row);
        }
    }
}
