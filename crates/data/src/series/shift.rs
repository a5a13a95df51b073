//! Whether other data are in the units of the data that a model was trained on.

use super::{Part, Series};

/// Distance of the means, in standard deviations of the training part, from which data are in other units.
const FAR: f64 = 10.0;
/// Ratio of the standard deviations, either way, from which they are.
const RATIO: f64 = 10.0;
/// Fewer rows than this may vary little because they are few.
const ROWS: f64 = 100.0;

impl Series {
    /// Says which columns have another mean or spread than the training part of the model whose scaling the series has,
    /// or categories that it does not know: one sentence each.
    pub fn shifts(&self) -> Vec<String> {
        let numbers = (0..self.columns.len()).filter(|&column| !self.columns[column].one_hot);
        numbers.filter_map(|column| self.shift(column)).chain(self.unknown().iter().cloned()).collect()
    }

    fn shift(&self, column: usize) -> Option<String> {
        let width = self.columns.len();
        let values = || {
            let of = |segment| self.values(segment)[column..].iter().step_by(width).map(|&z| f64::from(z));
            Part::ALL.iter().flat_map(|&part| self.segments(part)).flat_map(of)
        };
        let count = values().count() as f64;
        if count == 0.0 {
            return None;
        }
        let mean = values().sum::<f64>() / count;
        let spread = (values().map(|z| (z - mean).powi(2)).sum::<f64>() / count).sqrt();
        let group = self.segments(Part::Train).first().map_or(0, |segment| segment.group);
        let (name, (own, std)) = (&self.columns[column].name, self.scale(group, column));
        if mean.abs() > FAR {
            let (new, old) = (figure(own + std * mean), figure(own));
            return Some(format!("column {name}: mean {new}, training mean {old}: are the units the same?"));
        }
        let narrow = count >= ROWS && spread > 0.0 && spread * RATIO < 1.0;
        (spread > RATIO || narrow).then(|| {
            let (new, old) = (figure(std * spread), figure(std));
            format!("column {name}: standard deviation {new}, in training {old}: are the units the same?")
        })
    }
}

/// A number of six digits.
fn figure(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    match rounded.abs() {
        a if a != 0.0 && !(1e-4..1e12).contains(&a) => format!("{rounded:e}"),
        _ => rounded.to_string(),
    }
}
