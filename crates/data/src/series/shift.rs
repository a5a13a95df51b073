//! Whether a series is in the units of the series that a model was trained on.

use super::part::Part;
use super::standardised::Series;
use crate::shift::shift;

impl Series {
    /// Says which columns have another mean or spread than the training part of the model whose scaling the series has,
    /// or categories that it does not know: one sentence each.
    pub fn shifts(&self) -> Vec<String> {
        let numbers = (0..self.measured).filter(|&column| !self.columns[column].one_hot);
        numbers.filter_map(|column| self.shift(column)).chain(self.unknown().iter().cloned()).collect()
    }

    fn shift(&self, column: usize) -> Option<String> {
        let width = self.columns.len();
        let values = || {
            let of = |segment| self.values(segment)[column..].iter().step_by(width).map(|&z| f64::from(z));
            Part::ALL.iter().flat_map(|&part| self.segments(part)).flat_map(of)
        };
        let group = self.segments(Part::Train).first().map_or(0, |segment| segment.group);
        let what = format!("column {}", self.columns[column].name);
        shift(&what, self.scale(group, column), values)
    }
}
