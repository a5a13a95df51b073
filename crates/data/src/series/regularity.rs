//! How regular the times of a series are: the usual distance of rows, duplicates and gaps.

use super::group::TableGroup;
use super::numbers;
use super::options::Gaps;
use super::table::Table;
use crate::shift::figure;
use crate::stamps::{Spacing, Step};

/// Least length of a gap in a series of weekdays, or of six days a week, in steps: holidays are no gaps.
const HOLIDAYS: f64 = 4.5;

/// How regular the times of a series are.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Regularity {
    /// The usual distance of consecutive rows, such as "10 minutes", or "0.1" for numbers; None if it is not known.
    pub step: Option<String>,
    /// Rows with the time of the row before them.
    pub duplicates: u64,
    /// Distances that are neither the usual one nor gaps.
    pub irregular: u64,
    /// Number of gaps.
    pub gaps: usize,
    /// Length of the longest gap in steps, and the line of the row after it.
    pub longest_gap: Option<(f64, u64)>,
    /// Number of rows.
    #[serde(skip)]
    pub(super) rows: u64,
}

impl Regularity {
    /// What a user should know of it, and what happens with it.
    pub fn notices(&self, gaps: Gaps) -> Vec<String> {
        let mut notices = Vec::new();
        let counted = |count: u64, noun: &str| crate::wording::counted(count, noun);
        if let (Some((steps, line)), Some(step)) = (self.longest_gap, &self.step) {
            let happens = match gaps {
                Gaps::Ignore => "the rows before and after a gap are read as neighbours",
                Gaps::Split | Gaps::Error => "no window spans one (--gaps ignore joins the rows)",
            };
            notices.push(format!(
                "rows are {step} apart, with {}, the longest of {steps:.0} steps before line {line}: {happens}",
                counted(self.gaps as u64, "gap")
            ));
        }
        if self.duplicates * 2 > self.rows {
            notices.push(format!(
                "{} of {} rows have the time of the row before, so the times do not tell the rows apart: name the columns of \
                 date and time of day (--time-column DATE,TIME), or the column that tells series apart (--group-column)",
                self.duplicates, self.rows
            ));
        } else if self.duplicates > 0 {
            let (rows, have) =
                (counted(self.duplicates, "row"), if self.duplicates == 1 { "has" } else { "have" });
            notices.push(format!(
                "{rows} {have} the time of the row before: they stay, in the order of the file"
            ));
        }
        if let (true, Some(step)) = (self.irregular > 0, &self.step) {
            notices.push(format!(
                "{} between rows differ from the usual {step}: a row counts as one step all the same",
                counted(self.irregular, "distance")
            ));
        }
        notices
    }
}

impl Table {
    /// The rows of each group before which there is a gap, and how regular the times are.
    pub(super) fn gaps(&self) -> (Vec<Vec<usize>>, Regularity) {
        let rows = self.groups.iter().map(|group| group.lines.rows() as u64).sum();
        let mut all = Regularity { rows, ..Regularity::default() };
        let usual = Spacing::usual(self.groups.iter().filter_map(|group| group.spacing.as_deref()));
        let step = numbers::usual(self.groups.iter().filter_map(|group| group.numbers.as_deref()));
        if let Some(step) = step {
            let about = if step.regular { "" } else { "about " };
            all.step = Some(format!("{about}{}", figure(step.step)));
        }
        let mut of = |group: &TableGroup| match (&group.spacing, &group.numbers, step) {
            (Some(spacing), ..) => {
                let report = spacing.report(usual);
                all.step = all.step.take().or_else(|| report.step_text());
                all.duplicates += report.duplicates;
                all.irregular += report.irregular;
                let least = match report.step {
                    Some(Step::Weekdays | Step::SixDays { .. }) => HOLIDAYS,
                    _ => 0.0,
                };
                let gaps = report.gaps.iter().filter(|gap| gap.steps > least);
                all.add(group, gaps.map(|gap| (gap.row, gap.steps)))
            }
            (None, Some(numbers), Some(step)) => {
                let tally = numbers.tally(&step);
                all.duplicates += numbers.duplicates;
                all.irregular += tally.irregular;
                all.add(group, tally.gaps.into_iter())
            }
            _ => Vec::new(),
        };
        (self.groups.iter().map(&mut of).collect(), all)
    }
}

impl Regularity {
    /// Adds the gaps of a group, and returns the rows after them.
    fn add(&mut self, group: &TableGroup, gaps: impl Iterator<Item = (u64, f64)>) -> Vec<usize> {
        let mut rows = Vec::new();
        for (row, steps) in gaps {
            rows.push(row as usize);
            if self.longest_gap.is_none_or(|(longest, _)| steps > longest) {
                self.longest_gap = Some((steps, group.lines.get(row as usize)));
            }
        }
        self.gaps += rows.len();
        rows
    }
}
