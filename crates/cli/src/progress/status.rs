//! The line that shows how far training is, and the line of a validation.

use longspan_record::ScoreRecord;
use longspan_run::train::Start;
use unicode_width::UnicodeWidthStr;

use super::{figure, grouped};
use crate::paint::Ink;

/// Columns between two parts of the line.
const GAP: usize = 2;

/// How far training is.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    pub(super) epoch: u64,
    /// Planned epochs; None for a task.
    pub(super) epochs: Option<u64>,
    pub(super) step: u64,
    /// Planned steps.
    pub(super) steps: u64,
    /// The exponential average of the losses of batches.
    pub(super) loss: Option<f64>,
    /// Loss and accuracy of the last validation.
    pub(super) valid: Option<(f64, Option<f64>)>,
    /// The light horizon of the last snapshot that has one, in steps, and whether it is at least that.
    pub(super) horizon: Option<(usize, bool)>,
    /// Global norm of the gradient before clipping.
    pub(super) norm: f64,
    /// Positions per second, and the seconds that are left.
    pub(super) pace: Option<(f64, f64)>,
    /// The unit of positions.
    positions: &'static str,
}

impl Status {
    /// The state at the start.
    pub(super) fn of(start: &Start) -> Self {
        let Start { step, steps, epochs, positions, .. } = *start;
        Self { step, steps, epochs, positions, epoch: 1, ..Self::default() }
    }

    /// The whole line, without a bar.
    pub(super) fn plain(&self) -> String {
        let parts: Vec<String> = self.parts().into_iter().map(|(_, part)| part).collect();
        parts.join("  ")
    }

    /// The line in `columns` columns: parts that have no room are left out, the least important ones first. The rest of the
    /// room is for a bar, whose width does not change with each digit.
    pub(super) fn line(&self, columns: usize, colours: bool) -> String {
        let parts = self.parts();
        let mut by_rank: Vec<_> = parts.iter().collect();
        by_rank.sort_by_key(|(rank, _)| *rank);
        let (mut used, mut least) = (0, None);
        for (rank, part) in by_rank {
            let width = part.width() + if used > 0 { GAP } else { 0 };
            if used + width > columns {
                break;
            }
            (used, least) = (used + width, Some(*rank));
        }
        let shown = parts.into_iter().filter(|(rank, _)| Some(*rank) <= least).map(|(_, part)| part);
        let bar = (columns - used).saturating_sub(GAP) / 8 * 8;
        let bar = (bar > 0).then(|| self.bar(bar.min(24), colours));
        bar.into_iter().chain(shown).collect::<Vec<_>>().join("  ")
    }

    /// A bar of the steps that are done.
    fn bar(&self, columns: usize, colours: bool) -> String {
        let done = self.step as f64 / self.steps.max(1) as f64;
        let done = ((done * columns as f64) as usize).min(columns);
        Ink::Good.on(&"━".repeat(done), colours) + &"─".repeat(columns - done)
    }

    /// The parts of the line in their order, each with its rank: the lower it is, the more important is the part.
    fn parts(&self) -> Vec<(u8, String)> {
        let mut parts = Vec::new();
        let mut add = |rank, part: Option<String>| parts.extend(part.map(|part| (rank, part)));
        // An epoch says how far the run is; its step need not.
        let all = self.epochs.map_or_else(|| format!("/{}", self.steps), |_| String::new());
        add(1, self.epochs.map(|epochs| format!("epoch {}/{epochs}", self.epoch)));
        add(0, Some(format!("step {}{all}", self.step)));
        add(2, self.loss.map(|loss| format!("loss {}", short(loss))));
        add(4, self.valid.map(|(loss, accuracy)| format!("valid {}{}", short(loss), percent(accuracy))));
        add(
            5,
            self.horizon
                .map(|(steps, at_least)| format!("horizon {}{steps}", if at_least { "≥" } else { "" })),
        );
        add(6, self.pace.map(|_| format!("‖g‖ {:.2}", self.norm)));
        add(7, self.pace.map(|(speed, _)| format!("{} {}/s", grouped(speed as u64), self.positions)));
        add(3, self.pace.map(|(_, left)| format!("{} left", clock(left))));
        parts
    }
}

/// The line of a validation: the scores of the training sample and of the validation part, with the same weights.
pub(super) fn validated(record: &ScoreRecord, epoch: Option<u64>, status: &Status) -> String {
    let at = moment(record.step, epoch, status);
    let train = record.train.map(|train| format!("  training {}", score(train.mean, record.train_accuracy)));
    let mark = if record.best { "  best so far" } else { "" };
    let valid = score(record.loss, record.accuracy);
    format!("{at}{}  validation {valid}{mark}", train.unwrap_or_default())
}

/// The line of a score of the training sample, in a run without validation data.
pub(super) fn scored(
    step: u64,
    epoch: Option<u64>,
    loss: f64,
    accuracy: Option<f64>,
    status: &Status,
) -> String {
    format!("{}  training {}", moment(step, epoch, status), score(loss, accuracy))
}

/// The epoch that has ended, of all epochs; otherwise the step, of all steps.
fn moment(step: u64, epoch: Option<u64>, status: &Status) -> String {
    let of = |n: u64, all: u64| format!("{n:width$}/{all}", width = all.to_string().len());
    match (epoch, status.epochs) {
        (Some(epoch), Some(epochs)) => format!("epoch {}", of(epoch, epochs)),
        _ => format!("step {}", of(step, status.steps)),
    }
}

fn score(loss: f64, accuracy: Option<f64>) -> String {
    format!("{}{}", figure(loss), percent(accuracy))
}

/// An accuracy after its loss: ", 92.6 %".
pub(crate) fn percent(accuracy: Option<f64>) -> String {
    accuracy.map_or(String::new(), |share| format!(", {:.1} %", 100.0 * share))
}

/// A time as a clock shows it: "0:07", "13:20", "1:02:03".
fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole / 3600 {
        0 => format!("{}:{:02}", whole / 60, whole % 60),
        hours => format!("{hours}:{:02}:{:02}", whole / 60 % 60, whole % 60),
    }
}

/// A loss with three decimals, or as [`figure`] writes it.
fn short(loss: f64) -> String {
    match loss {
        loss if (0.1..1e6).contains(&loss) => format!("{loss:.3}"),
        loss => figure(loss),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> Status {
        Status {
            epoch: 3,
            epochs: Some(10),
            step: 1200,
            steps: 4800,
            loss: Some(0.933),
            valid: Some((0.8123, Some(0.926))),
            horizon: Some((120, true)),
            norm: 1.5,
            pace: Some((43_975.0, 130.0)),
            positions: "steps",
        }
    }

    #[test]
    fn the_line_fits_any_terminal() {
        for columns in 1..200 {
            let line = status().line(columns, false);
            assert!(line.width() <= columns, "{columns}: {line}");
        }
        let narrow = status().line(79, false);
        let expected = "epoch 3/10  step 1200  loss 0.933  valid 0.812, 92.6 %  horizon ≥120  2:10 left";
        assert_eq!(narrow, expected);
        assert!(Status { epochs: None, ..status() }.line(79, false).contains("step 1200/4800"));
        let wide = status().line(119, false);
        for part in ["horizon ≥120", "‖g‖ 1.50", "━━──"] {
            assert!(wide.contains(part), "{wide}");
        }
        assert_eq!([7.4, 3599.6, 36_000.0].map(clock), ["0:07", "1:00:00", "10:00:00"]);
        assert!(status().line(160, true).contains("43,975 steps/s"));
    }

    #[test]
    fn a_validation_names_its_epoch_or_its_step() {
        let record = ScoreRecord { step: 1440, loss: 0.5, best: true, ..ScoreRecord::default() };
        assert_eq!(validated(&record, Some(3), &status()), "epoch  3/10  validation 0.5000  best so far");
        assert_eq!(validated(&record, None, &status()), "step 1440/4800  validation 0.5000  best so far");
        assert_eq!(scored(1440, Some(3), 0.5, Some(0.75), &status()), "epoch  3/10  training 0.5000, 75.0 %");
    }
}
