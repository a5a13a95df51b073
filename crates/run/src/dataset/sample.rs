//! The sample of the training part that gives the training score.

use longspan::batch::Source;

use crate::config::Config;
use crate::units::{Scored, Units};

/// A fixed sample of the training part. It is scored like the validation part: at the same positions, without dropout,
/// in windows that begin with a zero state or continue one another.
pub struct Sample {
    /// The data.
    pub source: Box<dyn Source>,
    /// The first windows that are scored.
    pub windows: u64,
    /// What the units are.
    pub units: Units,
}

impl Sample {
    /// All of a source.
    pub(super) fn whole(source: Box<dyn Source>, units: Units) -> Self {
        Self { windows: source.windows(), source, units }
    }

    /// The sample, to be scored.
    pub fn scored(&self) -> Scored<'_> {
        Scored {
            source: self.source.as_ref(),
            windows: self.windows,
            units: self.units,
            classes: None,
            groups: None,
        }
    }
}

/// Share of the rows that training reads between two validations that the sample of the training part may have. Scoring
/// takes about a third of the time of a training step.
const SAMPLE_SHARE: f64 = 0.1;

/// Rows that the sample of the training part may have, however often the run validates.
const SAMPLE_ROWS: usize = 64;

/// Rows of the sample of the training part: as many as the validation part has, or all without one, but at most
/// [`SAMPLE_SHARE`] of those that training reads between two scores, or [`SAMPLE_ROWS`] if that is less.
pub(super) fn sample_rows(config: &Config, train: usize, valid: usize) -> usize {
    let (every, batch) = (config.run.eval_every, config.data.batch);
    let between = match every {
        0 => train,
        _ => usize::try_from(every).unwrap_or(usize::MAX).saturating_mul(batch).min(train),
    };
    let like_valid = if valid == 0 { train } else { valid.min(train) };
    like_valid.min(((SAMPLE_SHARE * between as f64) as usize).max(SAMPLE_ROWS)).max(1)
}
