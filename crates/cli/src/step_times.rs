//! The times of training steps: of the first, which also allocates buffers, and of the others.

use std::time::Instant;

use longspan_run::train::Event;

/// The number of steps after the first whose times are kept; enough for a median.
const KEPT: usize = 1000;

/// Times of the first training steps of a run, in milliseconds.
#[derive(Default)]
pub(crate) struct StepTimes {
    last: Option<Instant>,
    ms: Vec<f64>,
}

impl StepTimes {
    /// Takes an event. The time of a step is the time since the event before it: it contains the writing of the record, but not
    /// validation and checkpoints, which are events of their own.
    pub(crate) fn see(&mut self, event: &Event<'_>) {
        let now = Instant::now();
        if let (Event::Stepped { .. }, Some(last)) = (event, self.last)
            && self.ms.len() <= KEPT
        {
            self.ms.push(1e3 * (now - last).as_secs_f64());
        }
        self.last = Some(now);
    }

    /// Time of the first step; None before it.
    pub(crate) fn first_ms(&self) -> Option<f64> {
        self.ms.first().copied()
    }

    /// Median time of the steps after the first; None if there are none.
    pub(crate) fn median_ms(&self) -> Option<f64> {
        let mut rest = self.ms.get(1..)?.to_vec();
        rest.sort_by(f64::total_cmp);
        rest.get(rest.len() / 2).copied()
    }
}
