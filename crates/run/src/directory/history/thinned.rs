//! The records of a long run, thinned while they are read.
//!
//! Plain steps, steps with a snapshot, and validations are thinned separately: each time that the lines of the records are longer
//! than the limit, every second record of the kind that takes the most is left out. The last step stays, and so do the last and the
//! best validation.

use super::metrics::Metrics;
use longspan_record::{ScoreRecord, StepRecord};

/// Records of one kind.
#[derive(Clone, Copy, Debug)]
struct Kind {
    /// One of so many is kept.
    stride: usize,
    /// Records that were read.
    seen: usize,
    /// The length of the lines that were kept.
    bytes: usize,
}

impl Kind {
    /// Counts a record. Returns whether it is kept.
    fn add(&mut self, bytes: usize) -> bool {
        let kept = self.seen.is_multiple_of(self.stride);
        self.seen += 1;
        self.bytes += if kept { bytes } else { 0 };
        kept
    }

    fn halve(&mut self) {
        self.stride *= 2;
        self.bytes /= 2;
    }
}

const PLAIN: usize = 0;
const SNAPSHOT: usize = 1;
const VALID: usize = 2;

/// How records were thinned.
#[derive(Debug)]
pub(super) struct Thinned {
    kinds: [Kind; 3],
    /// Whether the last step, and the last validation, are left out when the next one follows.
    passing: [bool; 2],
    /// Numbers of steps and validations that were kept.
    counts: [usize; 2],
}

impl Default for Thinned {
    fn default() -> Self {
        Self { kinds: [Kind { stride: 1, seen: 0, bytes: 0 }; 3], passing: [false; 2], counts: [0; 2] }
    }
}

impl Thinned {
    pub(super) fn add_step(&mut self, metrics: &mut Metrics, record: StepRecord, bytes: usize) {
        if self.passing[0] {
            metrics.steps.pop();
        }
        let kind = if record.snapshot.is_some() { SNAPSHOT } else { PLAIN };
        self.passing[0] = !self.kinds[kind].add(bytes);
        metrics.steps.push(record);
        self.counts[0] = metrics.steps.len();
    }

    pub(super) fn add_valid(&mut self, metrics: &mut Metrics, record: ScoreRecord, bytes: usize) {
        if self.passing[1] {
            metrics.valid.pop();
        }
        let best = metrics.valid.iter().all(|other| record.loss < other.loss);
        self.passing[1] = !self.kinds[VALID].add(bytes) && !best;
        metrics.valid.push(record);
        self.counts[1] = metrics.valid.len();
    }

    /// The next attempt has replaced the last records.
    pub(super) fn dropped(&mut self, metrics: &Metrics) {
        let now = [metrics.steps.len(), metrics.valid.len()];
        for (which, kinds) in [(0, &[PLAIN, SNAPSHOT][..]), (1, &[VALID])] {
            if now[which] < self.counts[which] {
                self.passing[which] = false;
                for &kind in kinds {
                    let bytes = self.kinds[kind].bytes as u128 * now[which] as u128;
                    self.kinds[kind].bytes = (bytes / self.counts[which] as u128) as usize;
                }
            }
        }
        self.counts = now;
    }

    /// Leaves records out until the lines of the others are at most `most` bytes long.
    pub(super) fn thin(&mut self, metrics: &mut Metrics, most: usize) {
        while self.kinds.iter().map(|kind| kind.bytes).sum::<usize>() > most {
            let largest = (0..3).max_by_key(|&kind| self.kinds[kind].bytes).unwrap_or(PLAIN);
            self.kinds[largest].halve();
            let mut at = 0;
            let mut every_second = || {
                at += 1;
                at % 2 == 1
            };
            if largest == VALID {
                let best = metrics.valid.iter().map(|score| score.loss).fold(f64::INFINITY, f64::min);
                let last = metrics.valid.last().map(|score| score.step);
                metrics
                    .valid
                    .retain(|score| every_second() || score.loss == best || Some(score.step) == last);
            } else {
                let last = metrics.steps.last().map(|step| step.step);
                metrics.steps.retain(|step| {
                    let other = step.snapshot.is_some() != (largest == SNAPSHOT);
                    other || every_second() || Some(step.step) == last
                });
            }
            self.counts = [metrics.steps.len(), metrics.valid.len()];
        }
    }

    /// What was left out; None if nothing was.
    pub(super) fn notice(&self) -> Option<String> {
        let names = ["training steps", "snapshots", "validations"];
        let left_out = self.kinds.iter().zip(names).filter(|(kind, _)| kind.stride > 1);
        let parts: Vec<_> = left_out.map(|(kind, name)| format!("1 of {} {name}", kind.stride)).collect();
        (!parts.is_empty()).then(|| {
            format!(
                "{} is shown here; `longspan report` and `longspan diagnose` read all of them",
                parts.join(", ")
            )
        })
    }
}
