//! Units of a score: the pieces of data that count as independent, and the standard errors that follow from them.
//!
//! With the summed loss L_u and the number of targets w_u of each of n units, the mean loss is a ratio:
//!
//! ```text
//! ℓ = Σ L_u / Σ w_u        SE = √( n/(n−1) Σ (L_u − w_u ℓ)² ) / Σ w_u
//! ```
//!
//! The paired difference of two scores of the same data is the same with L_u − L′_u in place of L_u. A single unit has
//! no standard error; it is infinite.
//!
//! # References
//! Cochran, "Sampling techniques", 3rd ed., 1977, chapter 6 (standard error of a ratio).

use longspan::batch::{Batch, Source};
use longspan::cell::Real;
use longspan::model::Model;
use longspan::model::head::{Score, TargetScores};
use longspan::params::Params;
use longspan::trainer::{Trainer, evaluate_each};
use longspan_kernel::Context;
use longspan_record::{ClassScore, Estimate};

use crate::metrics::classification::Confusion;
use longspan_data::series::{Part, Series};

/// Fewest units from which a score can be judged.
pub const ENOUGH_UNITS: u64 = 20;

/// Fewest tokens in a block of text. The losses of neighbouring tokens are correlated, those of far ones hardly.
const BLOCK_TOKENS: u64 = 100;

/// What the units of some data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// Each row of a batch: a sequence, a piece or a sample.
    Rows,
    /// The windows of a series: those whose targets overlap are one unit, so this many consecutive ones.
    Windows(usize),
    /// The tokens that a row reads in this many consecutive windows of a text.
    Blocks(u64),
}

impl Units {
    /// The units of a text that is read `unroll` tokens at a time.
    pub fn of_text(unroll: usize) -> Self {
        Self::Blocks(BLOCK_TOKENS.div_ceil(unroll.max(1) as u64))
    }

    /// Consecutive windows of a row in a block of text; 1 for other data.
    pub fn windows(self) -> u64 {
        if let Self::Blocks(windows) = self { windows } else { 1 }
    }
}

/// The sums of each unit, from which means and standard errors follow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitSums {
    /// L_u and w_u of each unit.
    sums: Vec<(f64, f64)>,
}

impl UnitSums {
    /// Number of units with a target.
    pub fn units(&self) -> u64 {
        self.sums.iter().filter(|(_, weight)| *weight > 0.0).count() as u64
    }

    /// Mean loss with its standard error; None without targets.
    pub fn mean(&self) -> Option<Estimate> {
        estimate(self.sums.iter().copied())
    }

    /// The mean loss minus that of `other`, paired by units; None if they are not scores of the same data.
    pub fn minus(&self, other: &Self) -> Option<Estimate> {
        let same = self.sums.len() == other.sums.len()
            && self.sums.iter().zip(&other.sums).all(|(own, other)| own.1 == other.1);
        let paired = self.sums.iter().zip(&other.sums).map(|(own, other)| (own.0 - other.0, own.1));
        same.then(|| estimate(paired)).flatten()
    }

    fn add(&mut self, unit: usize, loss: f64) {
        if self.sums.len() <= unit {
            self.sums.resize(unit + 1, (0.0, 0.0));
        }
        let sum = &mut self.sums[unit];
        *sum = (sum.0 + loss, sum.1 + 1.0);
    }
}

impl FromIterator<(f64, f64)> for UnitSums {
    /// Takes L_u and w_u of each unit.
    fn from_iter<I: IntoIterator<Item = (f64, f64)>>(sums: I) -> Self {
        Self { sums: sums.into_iter().collect() }
    }
}

fn estimate(sums: impl Iterator<Item = (f64, f64)> + Clone) -> Option<Estimate> {
    let sums = sums.filter(|(_, weight)| *weight > 0.0);
    let (loss, weight, n) =
        sums.clone().fold((0.0, 0.0, 0.0), |(loss, weight, n), (l, w)| (loss + l, weight + w, n + 1.0));
    let mean = loss / weight;
    let squares: f64 = sums.map(|(l, w)| (l - w * mean).powi(2)).sum();
    let standard_error = if n > 1.0 { (n / (n - 1.0) * squares).sqrt() / weight } else { f64::INFINITY };
    (n > 0.0).then_some(Estimate { mean, standard_error })
}

/// A score with the sums of its units, and the scores beyond the loss for classes.
#[derive(Clone, Debug)]
pub struct Detailed {
    /// The score as [`longspan::trainer::evaluate`] computes it.
    pub score: Score,
    /// The sums of each unit.
    pub units: UnitSums,
    /// The confusion matrix, for a classifier.
    pub confusion: Option<Confusion>,
    /// The mean loss of each group of a series, if there are several; NaN without targets.
    pub groups: Vec<f64>,
}

impl Detailed {
    /// Scores beyond the loss, for a classifier with at least one target.
    pub fn classes(&self) -> Option<ClassScore> {
        let confusion = self.confusion.as_ref()?;
        let all = || 0..confusion.classes() as u32;
        let occurring: Vec<u32> = all().filter(|&class| confusion.actual(class) > 0).collect();
        let f1: f64 = occurring.iter().filter_map(|&class| confusion.f1(class)).sum();
        let largest = occurring.iter().map(|&class| confusion.actual(class)).max()?;
        Some(ClassScore {
            macro_f1: f1 / occurring.len() as f64,
            classes: occurring.len(),
            predicted_classes: all().filter(|&class| confusion.predicted(class) > 0).count(),
            largest_share: largest as f64 / confusion.total() as f64,
        })
    }
}

/// Data to score, and what its units are.
#[derive(Clone, Copy)]
pub struct Scored<'a> {
    /// The data.
    pub source: &'a dyn Source,
    /// The first windows that are scored.
    pub windows: u64,
    /// The units.
    pub units: Units,
    /// Number of classes, for a classifier.
    pub classes: Option<usize>,
    /// The series and its part, if its groups are scored.
    pub groups: Option<(&'a Series, Part)>,
}

impl Scored<'_> {
    /// Scores with the weights `params`, or else with those of the trainer; None if `cancelled` says so.
    pub fn by_trainer<R: Real>(
        &self,
        trainer: &mut Trainer<R>,
        params: Option<&Params<R>>,
        cancelled: &dyn Fn() -> bool,
    ) -> Option<Detailed> {
        let source = (self.source, self.windows);
        self.collect(|each| trainer.evaluate_each(params, source, self.classes.is_some(), cancelled, each))
    }

    /// Scores with the weights `params`, which must be packed; None if `cancelled` says so.
    pub fn by_model<R: Real>(
        &self,
        ctx: &Context<R>,
        model: &mut Model<R>,
        params: &Params<R>,
        cancelled: &dyn Fn() -> bool,
    ) -> Option<Detailed> {
        let source = (self.source, self.windows);
        let names = self.classes.is_some();
        self.collect(|each| evaluate_each(ctx, model, params, source, names, cancelled, each))
    }

    fn collect(
        &self,
        evaluate: impl FnOnce(&mut dyn FnMut(&Batch, &TargetScores)) -> Option<Score>,
    ) -> Option<Detailed> {
        let mut units = UnitSums::default();
        let mut confusion = self.classes.map(Confusion::new);
        let mut groups = UnitSums::default();
        let (mut window, mut rows) = (0, 0);
        let score = evaluate(&mut |batch, scores| {
            for (&row, &loss) in scores.rows.iter().zip(&scores.losses) {
                let row = row as usize;
                let unit = match self.units {
                    Units::Rows => rows + row,
                    Units::Windows(overlapping) => batch.items[row] / overlapping.max(1),
                    Units::Blocks(windows) => (window / windows) as usize * batch.rows() + row,
                };
                units.add(unit, loss);
                if let Some((series, part)) = self.groups {
                    groups.add(series.group_of(part, batch.items[row]), loss);
                }
            }
            if let Some(confusion) = &mut confusion {
                let targets = batch.targets.iter().filter(|target| **target != longspan::batch::IGNORE);
                targets.zip(&scores.predicted).for_each(|(&actual, &class)| confusion.add(actual, class));
            }
            window += 1;
            rows += batch.rows();
        })?;
        let groups = groups.sums.iter().map(|(loss, weight)| loss / weight).collect();
        Some(Detailed { score, units, confusion, groups })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_the_standard_error_of_a_ratio() {
        let of = |losses: &[f64]| losses.iter().map(|&loss| (loss, 1.0)).collect::<UnitSums>();
        let mean = of(&[1.0, 2.0, 3.0, 6.0]).mean().unwrap();
        // Sample variance 14/3, over 4 units.
        assert!(
            (mean.mean - 3.0).abs() < 1e-12 && (mean.standard_error - (14.0f64 / 12.0).sqrt()).abs() < 1e-12
        );
        let paired = of(&[1.0, 2.0, 3.0, 6.0]).minus(&of(&[2.0, 3.0, 4.0, 7.0])).unwrap();
        assert_eq!((paired.mean, paired.standard_error), (-1.0, 0.0));
        assert!(of(&[1.0]).minus(&of(&[1.0, 2.0])).is_none() && of(&[]).mean().is_none());
        assert!(of(&[1.0]).mean().unwrap().standard_error.is_infinite());
    }

    #[test]
    fn units_without_targets_do_not_count() {
        let sums: UnitSums = [(3.0, 2.0), (0.0, 0.0), (1.0, 1.0)].into_iter().collect();
        assert_eq!((sums.units(), sums.mean().unwrap().mean), (2, 4.0 / 3.0));
    }
}
