//! Builds a set of sequences while they are read one after another.

use std::collections::HashMap;
use std::path::Path;

use crate::encoding::Encoding;
use crate::memory::Growth;
use crate::natural_order::natural;

use super::error::{LabelledError, Location, Problem};
use super::label_type::LabelType;
use super::sequences::{Kind, Labelled, Origin};
use super::target_scaling::TargetScaling;
use longspan::batch::IGNORE;

/// Collects the values or tokens of a sequence until its end, then those of the next sequence.
pub(super) struct Builder {
    pub(super) values: Vec<f32>,
    /// The values in double precision, if single precision loses digits that matter.
    pub(super) exact: Option<Vec<f64>>,
    pub(super) tokens: Vec<u32>,
    labelled: Labelled,
    ids: HashMap<String, u32>,
    growth: Growth,
}

impl Builder {
    pub(super) fn new(path: &Path, kind: Kind, origin: Origin) -> Self {
        let labelled = Labelled {
            path: path.to_owned(),
            kind,
            values: Vec::new(),
            exact: None,
            tokens: Vec::new(),
            offsets: vec![0],
            labels: Vec::new(),
            classes: Vec::new(),
            label_type: LabelType::Class,
            targets: None,
            target_scaling: TargetScaling::default(),
            missing: 0,
            origin,
            numbers: Vec::new(),
            ids: Vec::new(),
            encoding: Encoding::UTF_8,
            written: Vec::new(),
            codes: Vec::new(),
            one_hot: Vec::new(),
            unknown: Vec::new(),
            in_runs: None,
        };
        Self {
            values: Vec::new(),
            exact: None,
            tokens: Vec::new(),
            labelled,
            ids: HashMap::new(),
            growth: Growth::default(),
        }
    }

    /// Adds a value; NaN is a missing one.
    pub(super) fn push(&mut self, value: f64) {
        self.values.push(value as f32);
        if let Some(exact) = &mut self.exact {
            exact.push(value);
        }
    }

    /// Returns the class of a label, and adds a new class for a new label.
    pub(super) fn class(&mut self, label: &str) -> u32 {
        if let Some(&class) = self.ids.get(label) {
            return class;
        }
        let class = self.ids.len() as u32;
        self.ids.insert(label.to_owned(), class);
        self.labelled.classes.push(label.to_owned());
        class
    }

    /// Returns the class of a label that occurred before.
    pub(super) fn known(&self, label: &str) -> Option<u32> {
        self.ids.get(label).copied()
    }

    /// Labels so far.
    pub(super) fn classes(&self) -> &[String] {
        &self.labelled.classes
    }

    /// D, the numbers per step.
    pub(super) fn width(&self) -> usize {
        self.labelled.width()
    }

    /// Sets the id of the sequence that ends next.
    pub(super) fn id(&mut self, id: String) {
        self.labelled.ids.push(id);
    }

    /// Puts the steps of the sequence that ends next into another order.
    pub(super) fn reorder(&mut self, order: &[usize]) {
        fn sort<T: Copy>(values: &mut Vec<T>, begin: usize, width: usize, order: &[usize]) {
            let steps = order.iter().flat_map(|&step| &values[begin + step * width..][..width]);
            let sorted: Vec<T> = steps.copied().collect();
            values.truncate(begin);
            values.extend(sorted);
        }
        let width = self.labelled.width();
        let begin = self.labelled.offsets.last().map_or(0, |steps| steps * width);
        sort(&mut self.values, begin, width, order);
        if let Some(exact) = &mut self.exact {
            sort(exact, begin, width, order);
        }
    }

    /// Ends the sequence made of everything pushed since the previous end.
    pub(super) fn end(&mut self, class: u32, number: u64) -> Result<(), Problem> {
        let steps = self.values.len() / self.labelled.width().max(1) + self.tokens.len();
        if self.labelled.offsets.last() == Some(&steps) {
            return Err(Problem::EmptySequence);
        }
        let exact = self.exact.as_ref().map_or(0, Vec::len);
        let bytes = 4 * (self.values.len() + self.tokens.len()) + 8 * exact;
        self.growth.check(bytes as u64).map_err(Problem::Memory)?;
        self.labelled.offsets.push(steps);
        self.labelled.labels.push(class);
        self.labelled.numbers.push(number);
        Ok(())
    }

    /// Returns the sequences. `sorted` orders the classes by name instead of first occurrence.
    pub(super) fn finish(self, sorted: bool) -> Result<Labelled, LabelledError> {
        let Self { values, exact, tokens, mut labelled, .. } = self;
        if labelled.is_empty() {
            return Err(Problem::NoSequences.at(&labelled.path, Location::File));
        }
        labelled.missing = values.iter().filter(|value| value.is_nan()).count();
        (labelled.values, labelled.exact, labelled.tokens) = (values, exact, tokens);
        if sorted {
            let mut order: Vec<usize> = (0..labelled.classes.len()).collect();
            order.sort_by(|&a, &b| natural(&labelled.classes[a], &labelled.classes[b]));
            let mut rank = vec![0; order.len()];
            order.iter().enumerate().for_each(|(new, &old)| rank[old] = new as u32);
            let labels = labelled.labels.iter_mut().filter(|label| **label != IGNORE);
            labels.for_each(|label| *label = rank[*label as usize]);
            labelled.classes = order.iter().map(|&old| labelled.classes[old].clone()).collect();
        }
        Ok(labelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_sorted_by_number() {
        let mut builder =
            Builder::new(Path::new("x"), Kind::Values { channels: vec!["v".into()] }, Origin::Lines);
        for (line, label) in ["10", "b", "-1", "9", "a", "10"].iter().enumerate() {
            let class = builder.class(label);
            builder.values.push(0.0);
            builder.end(class, line as u64).unwrap();
        }
        assert_eq!(builder.end(0, 9), Err(Problem::EmptySequence));
        let labelled = builder.finish(true).unwrap();
        assert_eq!(labelled.classes(), ["-1", "9", "10", "a", "b"]);
        assert_eq!(labelled.labels(), [2, 4, 0, 1, 3, 2]);
    }
}
