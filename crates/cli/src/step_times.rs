//! How long the steps of a run take: the first one, which fills the buffers, beside the others.

use std::time::Instant;

use longspan_run::train::Event;

/// Steps after the first whose times are kept: enough for a median.
const KEPT: usize = 1000;

/// The first times of a run, in milliseconds.
#[derive(Default)]
pub(crate) struct StepTimes {
    last: Option<Instant>,
    ms: Vec<f64>,
}

impl StepTimes {
    /// A step is what passes between two events with a step at their end: its record is written by then, while validation
    /// and checkpoints are events of their own.
    pub(crate) fn see(&mut self, event: &Event<'_>) {
        let now = Instant::now();
        if let (Event::Stepped { .. }, Some(last)) = (event, self.last)
            && self.ms.len() <= KEPT
        {
            self.ms.push(1e3 * (now - last).as_secs_f64());
        }
        self.last = Some(now);
    }

    /// The first step; None before it.
    pub(crate) fn first_ms(&self) -> Option<f64> {
        self.ms.first().copied()
    }

    /// The median of the steps after the first; None where there are none.
    pub(crate) fn median_ms(&self) -> Option<f64> {
        let mut rest = self.ms.get(1..)?.to_vec();
        rest.sort_by(f64::total_cmp);
        rest.get(rest.len() / 2).copied()
    }
}
