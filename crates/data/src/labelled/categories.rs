//! Categorical columns of labelled sequences: from codes to one-hot channels.

use super::error::{LabelledError, Location, Problem};
use super::sequences::{Kind, Labelled};
use crate::categorical::Categorical;

impl Labelled {
    /// Finds the categories of the categorical columns in the given sequences, usually the training part.
    ///
    /// # Errors
    /// [`Problem::Category`] if a column has none there.
    ///
    /// # Panics
    /// If a sequence does not exist.
    pub fn categories(&self, training: &[usize]) -> Result<Vec<Categorical>, LabelledError> {
        let width = self.width();
        let mut more = 0;
        let mut found = Vec::with_capacity(self.codes.len());
        for (channel, codes) in &self.codes {
            let of =
                |&i: &usize| self.channel(self.offsets[i] * width..self.offsets[i + 1] * width, *channel);
            let column = codes
                .find(training.iter().flat_map(of))
                .map_err(|problem| Problem::Category(problem).at(&self.path, Location::File))?;
            let column = Categorical { channel: channel + more, ..column };
            more += column.categories.len() - 1;
            found.push(column);
        }
        Ok(found)
    }

    /// Replaces each categorical column by its channels.
    ///
    /// # Panics
    /// If `categorical` lacks a categorical column.
    pub fn encode(&mut self, categorical: &[Categorical]) {
        let Kind::Values { channels } = &self.kind else { return };
        if self.codes.is_empty() {
            return;
        }
        let (mut names, mut encoders) = (Vec::new(), Vec::new());
        for (channel, name) in channels.iter().enumerate() {
            match self.codes.iter().find(|(coded, _)| *coded == channel) {
                None => {
                    names.push(name.clone());
                    self.one_hot.push(false);
                    encoders.push(None);
                }
                Some((_, codes)) => {
                    let column = categorical.iter().find(|own| own.column == *name);
                    let column = column.expect("the categories of each categorical column");
                    names.extend(column.channels());
                    self.one_hot.resize(names.len(), true);
                    encoders.push(Some(codes.encoder(column)));
                }
            }
        }
        let width = channels.len();
        let mut values = Vec::with_capacity(self.values.len() / width * names.len());
        let mut exact = self.exact.as_ref().map(|_| Vec::new());
        for step in 0..self.values.len() / width {
            for (channel, encoder) in encoders.iter_mut().enumerate() {
                let value = self.values[step * width + channel];
                match encoder {
                    None => {
                        values.push(value);
                        if let (Some(to), Some(from)) = (&mut exact, &self.exact) {
                            to.push(from[step * width + channel]);
                        }
                    }
                    Some(encoder) => encoder.write(f64::from(value), |x| {
                        values.push(x as f32);
                        if let Some(exact) = &mut exact {
                            exact.push(x);
                        }
                    }),
                }
            }
        }
        self.unknown = encoders.iter().flatten().filter_map(|encoder| encoder.notice()).collect();
        (self.values, self.exact, self.kind) = (values, exact, Kind::Values { channels: names });
        self.codes.clear();
    }

    /// Notices about categories that the training part does not have.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Whether a channel has the codes of categories, until they are encoded.
    pub(crate) fn is_coded(&self, channel: usize) -> bool {
        self.codes.iter().any(|(coded, _)| *coded == channel)
    }

    /// Whether a channel is 1 for one category and 0 for all others.
    pub(crate) fn is_one_hot(&self, channel: usize) -> bool {
        self.one_hot.get(channel).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::table::{self, Columns};
    use super::super::{Missing, Scaling};
    use super::*;

    fn of(text: &str, categorical: Vec<Categorical>) -> Result<Labelled, LabelledError> {
        let columns = Columns { id: Some("id".into()), categorical, ..Columns::default() };
        table::read(text.as_bytes(), Path::new("x.csv"), &columns)
    }

    fn names(labelled: &Labelled) -> &[String] {
        let Kind::Values { channels } = labelled.kind() else { panic!("values") };
        channels
    }

    #[test]
    fn words_become_channels() {
        let text = "id,a,sky,b,label\n1,10,sun,5,x\n1,20,rain,6,x\n2,30,fog,7,y\n3,50,?,8,x\n3,70,sun,9,x\n";
        let mut labelled = of(text, vec![Categorical::named("sky")]).unwrap();
        labelled.treat(Missing::Refuse).unwrap();
        let categorical = labelled.categories(&[0, 2]).unwrap();
        assert_eq!((categorical[0].channel, categorical[0].categories.join(" ")), (1, "rain sun".into()));
        labelled.encode(&categorical);
        assert_eq!(names(&labelled), ["a", "sky=rain", "sky=sun", "b"]);
        assert_eq!(labelled.sequence(0), [10., 0., 1., 5., 20., 1., 0., 6.]);
        // The fog is not in the training part, and a category is missing.
        assert_eq!(
            (labelled.sequence(1), &labelled.sequence(2)[..4]),
            (&[30., 0., 0., 7.][..], &[50., 0., 0., 8.][..])
        );
        assert!(labelled.unknown()[0].contains("1 row has a category that training did not have (fog)"));
        // One-hot channels keep 0 and 1.
        let scaling = Scaling::of(&labelled, &[0, 2]).unwrap();
        assert_eq!((&scaling.mean[1..3], &scaling.std[1..3]), (&[0.0, 0.0][..], &[1.0, 1.0][..]));
        // New data are read by the categories of the model.
        let mut new = of("id,a,sky,b,label\n1,1,hail,2,x\n1,1,rain,2,x\n", categorical.clone()).unwrap();
        new.encode(&categorical);
        assert_eq!((names(&new), new.sequence(0)), (names(&labelled), &[1., 0., 0., 2., 1., 1., 0., 2.][..]));
        assert!(new.unknown()[0].contains("(hail)"), "{:?}", new.unknown());
    }

    #[test]
    fn what_cannot_be_categories_is_refused() {
        let text = "id,a,sky,label\n1,10,sun,x\n";
        for (column, part) in [
            ("label", "line 1: column label has the labels"),
            ("id", "column id tells the sequences apart"),
            ("skies", "has no column \"skies\""),
        ] {
            let error = of(text, vec![Categorical::named(column)]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let columns = Columns { categorical: vec![Categorical::named("sky")], ..Columns::default() };
        let error = table::read(text.as_bytes(), Path::new("x.csv"), &columns).unwrap_err().to_string();
        assert!(error.contains("--categorical needs one row per step"), "{error}");
        let many: String = (0..70).map(|i| format!("1,{i},c{i},x\n")).collect();
        let error =
            of(&format!("id,a,sky,label\n{many}"), vec![Categorical::named("sky")]).unwrap_err().to_string();
        assert!(error.contains("x.csv: line 66: column sky has more than 64 categories"), "{error}");
        let labelled = of("id,a,sky,label\n1,1,?,x\n2,1,a,x\n", vec![Categorical::named("sky")]).unwrap();
        let error = labelled.categories(&[0]).unwrap_err().to_string();
        assert!(error.contains("no category in the training part"), "{error}");
    }
}
