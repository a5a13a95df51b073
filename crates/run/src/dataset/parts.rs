//! The data of a run in their parts.

use std::sync::Arc;

use longspan::batch::Source;
use longspan_data::schema::{Predicts, Schema};
use longspan_data::series::{Part, Series};
use longspan_record::GroupScore;

use super::baseline::Baseline;
use super::frequencies::Frequencies;
use super::held_out::HeldOut;
use super::record::DataRecord;
use super::sample::Sample;
use crate::units::{Scored, Units};

/// The data of a run.
pub struct Dataset {
    /// The training part.
    pub train: Box<dyn Source>,
    /// The validation part, scored during training.
    pub valid: Option<Box<dyn Source>>,
    /// The test part, scored at the end.
    pub test: Option<Box<dyn Source>>,
    /// A fixed sample of the training part, for the training score.
    pub sample: Sample,
    /// What the units of the validation and test parts are.
    pub units: Units,
    /// What the model's inputs and outputs mean.
    pub schema: Schema,
    /// What the run directory records about the data.
    pub record: DataRecord,
    /// The baselines of the test part, if there is one.
    pub test_baselines: Vec<Baseline>,
    /// The frequencies that the baseline predicts; None for series and tasks.
    pub frequencies: Option<Frequencies>,
    /// The series, if the data are one.
    pub series: Option<Arc<Series>>,
    /// The best baseline of each group of the series in the validation part, then in the test part; empty if there are not
    /// several groups.
    pub group_baselines: [Vec<Baseline>; 2],
}

impl Dataset {
    /// All of the validation or test part, to be scored; None if there is no such part.
    pub fn scored(&self, part: Part) -> Option<Scored<'_>> {
        let source = if part == Part::Test { &self.test } else { &self.valid };
        let source = source.as_deref()?;
        let classes = match &self.schema.predicts {
            Predicts::Classes(names) => Some(names.len()),
            Predicts::Next | Predicts::Value | Predicts::Regression(_) | Predicts::Forecast(_) => None,
        };
        let groups = self.series.as_deref().filter(|series| series.groups.len() > 1);
        let groups = groups.map(|series| (series, part));
        Some(Scored { source, windows: source.windows(), units: self.units, classes, groups })
    }

    /// The scores of the groups, each with its own baseline.
    pub fn group_scores(&self, part: Part, losses: &[f64]) -> Vec<GroupScore> {
        let Some(series) = &self.series else { return Vec::new() };
        let baselines = &self.group_baselines[usize::from(part == Part::Test)];
        let all = series.groups.iter().zip(losses).zip(baselines).filter(|((_, loss), _)| !loss.is_nan());
        let score = |((group, &loss), baseline): ((&String, &f64), &Baseline)| GroupScore {
            group: group.clone(),
            loss,
            baseline_loss: baseline.loss,
            baseline: baseline.name.clone(),
        };
        all.map(score).collect()
    }

    /// The test part, or else the validation part, to evaluate a model on; None if there is no such part.
    pub fn part(self, test: bool) -> Option<HeldOut> {
        let (source, part, baselines) = match test {
            true => (self.test, Part::Test, self.test_baselines),
            false => (self.valid, Part::Valid, self.record.baselines),
        };
        let series = self.series.map(|series| (series, part));
        let most_frequent_class = self.frequencies.as_ref().and_then(Frequencies::most_frequent_class);
        let (source, units, shifts) = (source?, self.units, Vec::new());
        Some(HeldOut { source, units, series, baselines, most_frequent_class, shifts })
    }

    /// The source on which weights are measured, and its name: the validation part, else the test part, else
    /// the training part.
    pub fn held_out(self) -> (Box<dyn Source>, &'static str) {
        match (self.valid, self.test) {
            (Some(valid), _) => (valid, "the validation part"),
            (None, Some(test)) => (test, "the test part"),
            (None, None) => (self.train, "the training part"),
        }
    }
}
