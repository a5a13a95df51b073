//! Numbers as labels: each sequence has a target value instead of a class.
//!
//! Readers collect labels as text. If they are targets, each text is a number, and there are no classes. With the n
//! targets y of the training part,
//!
//! ```text
//! mean = Σ y / n,   std = sqrt(Σ (y - mean)² / n),   y' = (y - mean) / std
//! ```
//!
//! The model predicts y'. If all targets are equal, std = 1.

use super::error::{LabelledError, Location, Problem, quoted};
use super::label_type::LabelType;
use super::sequences::{Labelled, Labels};
use super::target_scaling::TargetScaling;
use crate::spread::is_constant;
use crate::table::is_missing;
use longspan::batch::IGNORE;

impl TargetScaling {
    /// Computes the scaling of the targets of the given sequences, usually the training part; None for classes.
    ///
    /// # Panics
    /// If a sequence does not exist.
    pub fn of(labelled: &Labelled, training: &[usize]) -> Option<Self> {
        let targets = labelled.targets.as_ref()?;
        let values = || training.iter().map(|&sequence| targets[sequence]);
        let n = training.len().max(1) as f64;
        let mean = values().sum::<f64>() / n;
        let std = (values().map(|y| (y - mean) * (y - mean)).sum::<f64>() / n).sqrt();
        Some(Self { mean, std: if std > 0.0 && !is_constant(values()) { std } else { 1.0 } })
    }
}

impl Labelled {
    /// Target of each sequence in the units of the file, NaN where it is not known; None if the labels are classes.
    pub fn targets(&self) -> Option<&[f64]> {
        self.targets.as_deref()
    }

    /// Sets the scale in which batches have the targets.
    pub fn scale_targets(&mut self, scaling: TargetScaling) {
        self.target_scaling = scaling;
    }

    /// Target of a sequence as batches have it; NaN where it is not known. None if the labels are classes.
    ///
    /// # Panics
    /// If the sequence does not exist.
    pub fn scaled_target(&self, sequence: usize) -> Option<f32> {
        let TargetScaling { mean, std } = self.target_scaling;
        self.targets.as_ref().map(|targets| ((targets[sequence] - mean) / std) as f32)
    }

    /// What the labels are.
    pub(super) fn own_type(&self) -> LabelType {
        if self.targets.is_some() { LabelType::Number } else { LabelType::Class }
    }

    /// Makes targets of the labels if they are numbers by `chosen`, or else by the format of the file.
    pub(super) fn typed(self, chosen: Option<LabelType>, labels: Labels) -> Result<Self, LabelledError> {
        match chosen.unwrap_or(self.label_type) {
            LabelType::Class => Ok(self),
            LabelType::Number => self.with_targets(labels),
        }
    }

    fn with_targets(mut self, labels: Labels) -> Result<Self, LabelledError> {
        let number = |label: &String| match label.trim().parse::<f64>() {
            Ok(value) if value.is_finite() => Some(value),
            _ if is_missing(label.trim()) && labels != Labels::Required => Some(f64::NAN),
            _ => None,
        };
        let numbers: Vec<Option<f64>> = self.classes.iter().map(number).collect();
        let mut targets = Vec::with_capacity(self.labels.len());
        for (sequence, &label) in self.labels.iter().enumerate() {
            targets.push(match label {
                IGNORE => f64::NAN,
                label => numbers[label as usize].ok_or_else(|| {
                    let label = quoted(&self.classes[label as usize]);
                    self.problem(sequence, Problem::NoTarget { label })
                })?,
            });
        }
        self.targets = Some(targets);
        self.label_type = LabelType::Number;
        self.classes.clear();
        self.labels.fill(IGNORE);
        Ok(self)
    }

    /// Checks that targets differ, as training needs.
    pub(super) fn check_targets(&self, targets: &[f64]) -> Result<(), LabelledError> {
        match targets.first() {
            Some(first) if targets.iter().all(|target| target == first) => {
                Err(Problem::OneTarget { target: first.to_string() }.at(&self.path, Location::File))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ts;
    use super::*;

    fn of(data: &str, labels: Labels) -> Result<Labelled, LabelledError> {
        let text = format!("@targetlabel true\n@data\n{data}");
        ts::read_with(text.as_bytes(), Path::new("x.ts"), labels)?.typed(None, labels)
    }

    #[test]
    fn targets_are_numbers_and_have_the_scale_of_the_training_part() {
        let mut labelled = of("1,2:1.5\n3:-2e1\n4:1.5\n5:9\n", Labels::Required).unwrap();
        assert_eq!(labelled.targets(), Some(&[1.5, -20.0, 1.5, 9.0][..]));
        assert_eq!((labelled.classes().len(), labelled.len(), labelled.label(0)), (0, 4, None));
        // The targets 1.5 and 9 have the mean 5.25 and the standard deviation 3.75.
        let scaling = TargetScaling::of(&labelled, &[0, 3]).unwrap();
        assert_eq!(scaling, TargetScaling { mean: 5.25, std: 3.75 });
        labelled.scale_targets(scaling);
        assert_eq!((labelled.scaled_target(3), scaling.original(1.0)), (Some(1.0), 9.0));
        assert_eq!(TargetScaling::of(&labelled, &[0, 2]).unwrap().std, 1.0);
        let classes = labelled.clone();
        let classes = Labelled { targets: None, ..classes };
        assert_eq!((TargetScaling::of(&classes, &[0]), classes.scaled_target(0)), (None, None));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for target in ["a", "inf", "NaN", "?"] {
            let error = of(&format!("1:2\n3:{target}\n"), Labels::Required).unwrap_err().to_string();
            assert!(error.contains("x.ts: line 4: the label") && error.contains(target), "{error}");
        }
        let targets = of("1:2\n3:?\n4:NaN\n5\n", Labels::Optional(Some(1))).unwrap();
        let known: Vec<bool> = targets.targets().unwrap().iter().map(|y| y.is_finite()).collect();
        assert_eq!(known, [true, false, false, false]);
        assert!(of("1:a\n", Labels::Optional(Some(1))).is_err());
        let error = of("1:2\n3:2.0\n", Labels::Required).unwrap().check_training().unwrap_err().to_string();
        assert!(error.contains("every sequence has the target 2"), "{error}");
    }

    #[test]
    fn classes_can_be_chosen_instead() {
        let text = "@targetlabel true\n@data\n1:2\n3:2.5\n";
        let labelled = ts::read(text.as_bytes(), Path::new("x.ts")).unwrap();
        let classes = labelled.typed(Some(LabelType::Class), Labels::Required).unwrap();
        assert_eq!((classes.classes().join(" "), classes.targets()), ("2 2.5".into(), None));
    }
}
