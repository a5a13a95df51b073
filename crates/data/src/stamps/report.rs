//! What [`Spacing`](super::Spacing) found.

use super::instant::Instant;
use super::step::{Step, rounded};

/// Order of the rows of a group by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// No row is earlier than the row before it.
    Ascending,
    /// No row is later than the row before it, and not all are equal.
    Descending,
    /// Neither. `row`: the first row that goes against the direction of most rows.
    Shuffled {
        /// Index of the row in its group, from 0.
        row: u64,
    },
}

/// How steady the distance of consecutive rows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At least half of the distances equal the step, exactly or by the calendar.
    Regular,
    /// The step is the median; at least 90 % of the distances are within half of the step of it.
    Uneven,
    /// The step is the median, and distances vary widely.
    Irregular,
}

/// The usual step of one or several groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// The step.
    pub step: Step,
    /// How steady it is.
    pub pace: Pace,
}

/// Missing rows between two consecutive rows. No window should span it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Index of the row after the gap in its group, from 0.
    pub row: u64,
    /// Length in steps, above 1.5 (above 10 where the pace is [`Pace::Irregular`]): the step from a row to the next one
    /// has length 1.
    pub steps: f64,
}

/// Order and distances of the rows of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Number of rows.
    pub rows: u64,
    /// Time of the first row.
    pub first: Option<Instant>,
    /// Time of the last row.
    pub last: Option<Instant>,
    /// Order of the rows.
    pub order: Order,
    /// Rows with the time of the row before them.
    pub duplicates: u64,
    /// Index of the first duplicate.
    pub first_duplicate: Option<u64>,
    /// The usual step; None if there are no two different times.
    pub step: Option<Step>,
    /// How steady the step is.
    pub pace: Pace,
    /// Distances that equal the step.
    pub regular: u64,
    /// Distances that neither equal the step nor are gaps.
    pub irregular: u64,
    /// Index of the later row of the first of them.
    pub first_irregular: Option<u64>,
    /// All gaps, in the order of the rows; none if rows are shuffled.
    pub gaps: Vec<Gap>,
    /// Local times that clocks show twice.
    pub twice: u64,
    /// Local times that clocks never show.
    pub never: u64,
    /// Index of the first of them.
    pub first_never: Option<u64>,
}

impl Report {
    /// The longest gap, the first of several.
    pub fn longest(&self) -> Option<&Gap> {
        self.gaps.iter().rev().max_by(|a, b| a.steps.total_cmp(&b.steps))
    }

    /// The step in plain words: "10 minutes", "1 month", "about 37 seconds" for a median.
    pub fn step_text(&self) -> Option<String> {
        let step = self.step?;
        match (self.pace, step) {
            (Pace::Regular, _) => Some(step.to_string()),
            (_, Step::Elapsed(nanos)) => Some(format!("about {}", Step::Elapsed(rounded(nanos)))),
            _ => Some(format!("about {step}")),
        }
    }
}
