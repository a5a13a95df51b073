//! Maps a test part to the classes and channels of the training part.

use super::error::{LabelledError, Location, Problem, quoted};
use super::label_type::LabelType;
use super::sequences::{Kind, Labelled, Labels};
use longspan::batch::IGNORE;

impl Labelled {
    /// Number of sequences of each class.
    pub fn balance(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        let known = self.labels.iter().filter(|label| **label != IGNORE);
        known.for_each(|&label| counts[label as usize] += 1);
        counts
    }

    /// Checks that there are at least two classes or targets, as training needs.
    pub(crate) fn check_training(&self) -> Result<(), LabelledError> {
        if let Some(targets) = &self.targets {
            return self.check_targets(targets);
        }
        let mut present = self.balance().into_iter().zip(&self.classes).filter(|&(count, _)| count > 0);
        match (present.next(), present.next()) {
            (Some((_, only)), None) => {
                Err(Problem::OneClass { label: quoted(only) }.at(&self.path, Location::File))
            }
            _ => Ok(()),
        }
    }

    /// Maps the labels to the classes of the training part, or makes targets of them if it has targets. Classes without
    /// an example here are allowed.
    ///
    /// # Errors
    /// [`Problem::UnseenLabel`] for a label without an example in the training part; [`Problem::OtherKind`],
    /// [`Problem::Channels`] or [`Problem::ChannelName`] if the steps differ from those of the training part;
    /// [`Problem::NoTarget`] for a label that is not a number if the training part has targets.
    pub fn fit(self, training: &Labelled) -> Result<Self, LabelledError> {
        if training.targets.is_some() {
            return self.fit_targets(&training.kind);
        }
        let counts = training.balance();
        self.fit_to(&training.kind, &training.classes, &|class| counts[class] > 0)
    }

    /// As [`Labelled::fit`], for targets.
    pub(super) fn fit_targets(self, kind: &Kind) -> Result<Self, LabelledError> {
        self.check_steps(kind)?;
        match self.targets {
            Some(_) => Ok(self),
            None => self.typed(Some(LabelType::Number), Labels::Required),
        }
    }

    /// Checks that the steps have the kind and channels that the model was trained on.
    pub(super) fn check_steps(&self, kind: &Kind) -> Result<(), LabelledError> {
        same_steps(&self.kind, kind).map_err(|problem| problem.at(&self.path, Location::File))
    }

    /// As [`Labelled::fit`], with the given classes; `known` says which of them have examples.
    pub(super) fn fit_to(
        mut self,
        kind: &Kind,
        training: &[String],
        known: &dyn Fn(usize) -> bool,
    ) -> Result<Self, LabelledError> {
        self.check_steps(kind)?;
        let of = |label: &String| training.iter().position(|l| l == label).filter(|&class| known(class));
        let classes: Vec<Option<usize>> = self.classes.iter().map(of).collect();
        for sequence in 0..self.len() {
            let own = self.labels[sequence] as usize;
            let Some(class) = classes[own] else {
                let label = quoted(&self.classes[own]);
                return Err(self.problem(sequence, Problem::UnseenLabel { label }));
            };
            self.labels[sequence] = class as u32;
        }
        self.classes = training.to_vec();
        Ok(self)
    }
}

fn same_steps(own: &Kind, training: &Kind) -> Result<(), Problem> {
    let name = |kind: &Kind| match kind {
        Kind::Values { .. } => "values",
        Kind::Tokens { .. } => "text",
    };
    match (own, training) {
        (Kind::Values { channels }, Kind::Values { channels: expected }) => {
            if channels.len() != expected.len() {
                return Err(Problem::Channels { found: channels.len(), expected: expected.len() });
            }
            match (0..channels.len()).find(|&c| channels[c] != expected[c]) {
                None => Ok(()),
                Some(c) => Err(Problem::ChannelName {
                    number: c + 1,
                    found: quoted(&channels[c]),
                    expected: quoted(&expected[c]),
                }),
            }
        }
        (Kind::Tokens { vocabulary }, Kind::Tokens { vocabulary: expected }) if vocabulary == expected => {
            Ok(())
        }
        _ => Err(Problem::OtherKind { found: name(own), expected: name(training) }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::table::{self, Columns};
    use super::*;

    fn of(name: &str, text: &str, id: Option<&str>) -> Labelled {
        let columns = Columns { id: id.map(str::to_owned), ..Columns::default() };
        table::read(text.as_bytes(), Path::new(name), &columns).unwrap()
    }

    #[test]
    fn a_test_part_has_the_classes_of_training() {
        let training = of("train.csv", "v,label\n1,b\n2,a\n3,c\n", None);
        let test = of("test.csv", "v,label\n1,c\n2,b\n", None).fit(&training).unwrap();
        assert_eq!((test.labels(), test.classes()), (&[2, 1][..], training.classes()));
        let fails = |test: Labelled, training: &Labelled, parts: &[&str]| {
            let error = test.fit(training).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{error:?} without {part:?}");
            }
        };
        let test = of("test.csv", "v,label\n1,c\n2,d\n", None);
        fails(test, &training, &["test.csv: line 3: the label \"d\" does not occur in training"]);
        let training = of("train.csv", "id,u,v,label\n1,1,1,a\n", Some("id"));
        let test = of("test.csv", "id,u,label\n1,1,a\n", Some("id"));
        fails(test, &training, &["test.csv: 1 channel, and training has 2"]);
        let test = of("test.csv", "id,v,u,label\n1,1,1,a\n", Some("id"));
        fails(test, &training, &["test.csv: channel 1 is \"v\", and in training \"u\""]);
        let error = training.check_training().unwrap_err().to_string();
        assert!(error.contains("train.csv: every sequence has the label \"a\""), "{error}");
    }
}
