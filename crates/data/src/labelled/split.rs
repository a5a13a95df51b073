//! Splits the sequences of one file into training, validation and test part, class by class.
//!
//! Sequences with targets are split as if they had one class.

use super::Labelled;
use super::error::LabelledError;
use longspan::batch::IGNORE;
use longspan_kernel::rng::{Key, Purpose};

/// Sequences of each part, in ascending order. Every sequence is in exactly one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Sequences for training.
    pub train: Vec<usize>,
    /// Sequences for validation; empty for the fraction 0.
    pub valid: Vec<usize>,
    /// Sequences for the test at the end; empty for the fraction 0.
    pub test: Vec<usize>,
}

impl Labelled {
    /// Holds out fractions of each class, chosen by the seed. Of a class with n_c sequences, round(fraction · n_c) are
    /// held out for a part, at least 1, as long as 1 is left for training. So a class of 2 or more is in the training
    /// and the validation part (or the test part if nothing is validated), and a class of 1 is in the training part.
    ///
    /// # Errors
    /// [`LabelledError::Fraction`] if a fraction or the sum of both is outside [0, 1).
    pub fn split(&self, valid: f64, test: f64, seed: u64) -> Result<Split, LabelledError> {
        for (flag, fraction) in [("--valid-fraction", valid), ("--test-fraction", test)] {
            if !(0.0..1.0).contains(&fraction) || valid + test >= 1.0 {
                return Err(LabelledError::Fraction { flag, fraction });
            }
        }
        let mut members = vec![Vec::new(); self.classes.len().max(1)];
        let class = |label: u32| if label == IGNORE { 0 } else { label as usize };
        self.labels.iter().enumerate().for_each(|(i, &label)| members[class(label)].push(i));
        let key = Key::new(seed, Purpose::Data, 0, 0);
        let mut split = Split { train: Vec::new(), valid: Vec::new(), test: Vec::new() };
        for (class, mut members) in members.into_iter().enumerate() {
            let n = members.len();
            let share = |fraction: f64, spare: usize| match fraction {
                0.0 => 0,
                _ => ((fraction * n as f64).round() as usize).max(1).min(spare),
            };
            let validated = share(valid, n.saturating_sub(1));
            let tested = share(test, n.saturating_sub(1 + validated));
            // Each class has its own stream, so the selection in one class does not depend on the others.
            let mut stream = key.stream(0, class as u64);
            for index in 0..validated + tested {
                members.swap(index, index + stream.below((n - index) as u32) as usize);
            }
            let (held_out, rest) = members.split_at(validated + tested);
            split.valid.extend(&held_out[..validated]);
            split.test.extend(&held_out[validated..]);
            split.train.extend(rest);
        }
        for part in [&mut split.train, &mut split.valid, &mut split.test] {
            part.sort_unstable();
        }
        Ok(split)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ts;

    #[test]
    fn every_class_is_in_both_parts_and_every_sequence_in_one() {
        let mut text = "@classLabel true a b c d e\n@data\n".to_owned();
        for (class, count) in [("a", 100), ("b", 2), ("c", 1), ("d", 9)] {
            (0..count).for_each(|_| text += &format!("1:{class}\n"));
        }
        let labelled = ts::read(text.as_bytes(), Path::new("x.ts")).unwrap();
        let of = |part: &[usize], class| part.iter().filter(|&&i| labelled.labels()[i] == class).count();
        for fraction in [0.01, 0.1, 0.25, 0.5, 0.99] {
            let split = labelled.split(fraction, 0.0, 3).unwrap();
            let mut all = [&split.train[..], &split.valid[..]].concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..112), "{fraction}");
            assert!(
                [0, 1, 3].iter().all(|&c| of(&split.train, c) > 0 && of(&split.valid, c) > 0),
                "{fraction}"
            );
            assert_eq!((of(&split.train, 2), of(&split.valid, 0)), (1, (100.0 * fraction) as usize));
        }
        let split = |seed| labelled.split(0.3, 0.0, seed).unwrap();
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
        assert!(labelled.split(0.0, 0.0, 1).unwrap().valid.is_empty());
        for fraction in [1.0, -0.1, f64::NAN] {
            let error = labelled.split(fraction, 0.0, 1).unwrap_err().to_string();
            assert!(error.contains("--valid-fraction") && error.contains("from 0 to below 1"), "{error}");
        }
    }

    #[test]
    fn three_parts_do_not_overlap() {
        let mut text = "@classLabel true a b c d\n@data\n".to_owned();
        for (class, count) in [("a", 100), ("b", 3), ("c", 2), ("d", 1)] {
            (0..count).for_each(|_| text += &format!("1:{class}\n"));
        }
        let labelled = ts::read(text.as_bytes(), Path::new("x.ts")).unwrap();
        let of = |part: &[usize]| {
            let count = |class| part.iter().filter(|&&i| labelled.labels()[i] == class).count();
            [0, 1, 2, 3].map(count)
        };
        let split = labelled.split(0.1, 0.2, 3).unwrap();
        assert_eq!(
            [&split.train, &split.valid, &split.test].map(|part| of(part)),
            [[70, 1, 1, 1], [10, 1, 1, 0], [20, 1, 0, 0]]
        );
        let mut all = [split.train, split.valid, split.test].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..106));
        assert_eq!(of(&labelled.split(0.0, 0.2, 3).unwrap().test), [20, 1, 1, 0]);
        let error = labelled.split(0.5, 0.5, 1).unwrap_err().to_string();
        assert!(error.contains("sum"), "{error}");
    }

    #[test]
    fn every_sequence_is_held_out_about_equally_often() {
        let text = format!("@classLabel true a\n@data\n{}", "1:a\n".repeat(10));
        let labelled = ts::read(text.as_bytes(), Path::new("x.ts")).unwrap();
        let mut counts = [0; 10];
        for seed in 0..1000 {
            labelled.split(0.3, 0.0, seed).unwrap().valid.iter().for_each(|&i| counts[i] += 1);
        }
        // 300 ± 5 standard deviations of 14.5.
        assert!(counts.iter().all(|count| (227..=373).contains(count)), "{counts:?}");
    }
}
