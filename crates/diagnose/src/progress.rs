//! How much a run learned, and whether its loss still moves. Losses of training and of validation are never compared
//! with each other here: dropout, weights and data differ.

use longspan_record::{Snapshot, StepRecord};

use crate::evidence::{Evidence, Facts};
use crate::language::Text;

/// The source of thresholds that were chosen on real runs.
pub(crate) const DEVELOPMENT: Text =
    Text { en: "development set of real runs", zh: "真实训练的开发集" };
/// The source of thresholds that no run decided.
pub(crate) const JUDGEMENT: Text =
    Text { en: "a judgement, not calibrated", zh: "凭判断选取，未经校准" };
/// Why a change of the loss is more than noise.
pub(crate) const SIGNIFICANT: Text = Text {
    en: "three standard errors, from means of blocks of steps, because neighbouring steps are correlated",
    zh: "三个标准误；由分段均值估计，因为相邻训练步相关",
};

/// A change between two parts of a run that is more than noise, in standard errors.
pub(crate) const CLEAR: f64 = 3.0;
/// Parts of a quarter of a run whose means are compared.
const BLOCKS: usize = 8;
/// Steps of the smallest block.
const LEAST_BLOCK: usize = 2;
/// Share of a run, and number of steps, in which weights near zero grow to their size.
const START_SHARE: f64 = 0.1;
const START_STEPS: u64 = 10;

/// The mean training loss of the last quarter of the steps, and of the quarter before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trend {
    pub(crate) before: f64,
    pub(crate) last: f64,
    /// Standard error of the difference.
    pub(crate) error: f64,
}

impl Trend {
    /// By how much the loss fell; negative if it rose.
    pub(crate) fn fall(self) -> f64 {
        self.before - self.last
    }

    /// Whether it fell by more than noise.
    pub(crate) fn falls(self) -> bool {
        self.fall() > CLEAR * self.error
    }
}

impl Evidence {
    /// The best validation loss, or, without a validation, the mean loss of the late training steps: each over the
    /// baseline, 1 if nothing was learned.
    pub(crate) fn reached(&self) -> Option<f64> {
        let best = self.valid.iter().map(|score| score.loss).filter(|loss| loss.is_finite()).reduce(f64::min);
        self.over_baseline(if self.valid.is_empty() { self.late_mean()? } else { best? })
    }

    /// The last validation loss, or, without a validation, the mean loss of the late training steps: each over the
    /// baseline.
    pub(crate) fn ended(&self) -> Option<f64> {
        let last = self.valid.last().map(|score| score.loss);
        self.over_baseline(last.or_else(|| self.late_mean())?)
    }

    /// A loss over the baseline; None without a baseline.
    pub(crate) fn over_baseline(&self, loss: f64) -> Option<f64> {
        let baseline = self.facts.baseline_loss;
        (baseline > 0.0 && baseline.is_finite()).then(|| loss / baseline)
    }

    fn late_mean(&self) -> Option<f64> {
        mean(self.late())
    }

    /// Compares the last quarter of the steps with the one before it; None if there are too few steps.
    pub(crate) fn trend(&self) -> Option<Trend> {
        let quarter = self.steps.len() / 4;
        if quarter < BLOCKS * LEAST_BLOCK {
            return None;
        }
        let (earlier, last) = self.steps[self.steps.len() - 2 * quarter..].split_at(quarter);
        let [(before, error_before), (last, error_last)] = [earlier, last].map(block_mean);
        Some(Trend { before, last, error: error_before.hypot(error_last) })
    }

    /// Whether the training loss no longer falls by more than noise and `share` of the baseline in a quarter of the run.
    /// None if there are too few steps.
    pub(crate) fn stalls(&self, share: f64) -> Option<bool> {
        let trend = self.trend()?;
        Some(!(trend.falls() && trend.fall() > share * self.facts.baseline_loss))
    }

    /// Snapshots after the start, where weights near zero grow to their size: updates are large there in good runs too.
    pub(crate) fn settled(&self) -> impl Iterator<Item = &Snapshot> + Clone {
        self.settled_steps().filter_map(|step| step.snapshot.as_ref())
    }

    /// The steps after the start.
    pub(crate) fn settled_steps(&self) -> impl Iterator<Item = &StepRecord> + Clone {
        let last = self.steps.last().map_or(0, |step| step.step);
        let start = START_STEPS.max((START_SHARE * last as f64) as u64);
        self.steps.iter().filter(move |step| step.step > start)
    }

    /// The smallest mean training loss of a sixteenth of the steps, and the mean of the last sixteenth.
    pub(crate) fn training_extremes(&self) -> Option<(f64, f64)> {
        let length = (self.steps.len() / (2 * BLOCKS)).max(BLOCKS);
        let parts = self.steps.rchunks(length).filter(|part| part.len() == length);
        let means: Vec<f64> = parts.filter_map(mean).collect();
        Some((means.iter().copied().reduce(f64::min)?, *means.first()?))
    }
}

impl Facts {
    /// Whether the optimizer divides the gradient by its own size, so that the scale of the gradient hardly matters.
    pub(crate) fn rescales(&self) -> bool {
        ["adam", "adamw", "rmsprop", "adagrad"].contains(&self.setting("optimizer"))
    }

    /// A learning rate for a run whose steps are too large. Optimizers that rescale have a usual rate; for sgd it
    /// depends on the model, so it only becomes smaller.
    pub(crate) fn smaller_rate(&self) -> f64 {
        match self.rescales() && self.lr > USUAL_RATE * 5.0 {
            true => USUAL_RATE,
            false => self.lr / 5.0,
        }
    }
}

/// The default learning rate, for optimizers that rescale the gradient.
pub(crate) const USUAL_RATE: f64 = 2e-3;

/// The mean loss of some steps; None without steps.
pub(crate) fn mean(steps: &[StepRecord]) -> Option<f64> {
    let sum: f64 = steps.iter().map(|step| step.loss).sum();
    (!steps.is_empty()).then(|| sum / steps.len() as f64)
}

/// The mean loss of some steps, and its standard error from the means of blocks.
fn block_mean(steps: &[StepRecord]) -> (f64, f64) {
    let length = steps.len() / BLOCKS;
    let means: Vec<f64> = steps.rchunks(length.max(1)).take(BLOCKS).filter_map(mean).collect();
    let count = means.len() as f64;
    let all = means.iter().sum::<f64>() / count;
    let squares: f64 = means.iter().map(|mean| (mean - all).powi(2)).sum();
    (all, (squares / (count - 1.0) / count).sqrt())
}
