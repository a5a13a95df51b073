//! Progress of a measurement, its end on request, and its time limit.

use longspan_record::credit::{Measured, Reason};

/// The stage of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Read batches and choose their anchors.
    Read,
    /// Measure gates.
    Survey,
    /// Measure the lag profile.
    Lag,
    /// Compute bootstrap intervals.
    Intervals,
    /// Measure truncated gradients.
    Truncation,
    /// Measure the sensitivity.
    Sensitivity,
    /// Measure the used lag.
    UsedLag,
    /// Measure Lyapunov exponents along trajectories.
    Exponents,
    /// Measure products of Jacobians.
    Products,
}

/// Reports progress of a measurement, and can cancel it or cut it short.
pub struct Watch<'a> {
    /// Called with the stage, the amount done, and the total amount.
    pub progress: &'a mut dyn FnMut(Stage, usize, usize),
    /// Asked between passes whether to stop.
    pub cancelled: &'a dyn Fn() -> bool,
    /// Asked between passes whether the time limit has come. If so, the current quantity and those after it are left
    /// out with [`Reason::TimeLimit`]. Gates and the lag profile are always measured.
    pub late: &'a dyn Fn() -> bool,
}

impl Default for Watch<'_> {
    /// Reports nothing, and lets the measurement end by itself.
    fn default() -> Self {
        // A box of size zero allocates nothing.
        Self { progress: Box::leak(Box::new(|_, _, _| {})), cancelled: &|| false, late: &|| false }
    }
}

/// The measurement was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the measurement was stopped")]
pub struct Cancelled;

impl Watch<'_> {
    pub(crate) fn step(&mut self, stage: Stage, done: usize, all: usize) -> Result<(), Cancelled> {
        if (self.cancelled)() {
            return Err(Cancelled);
        }
        (self.progress)(stage, done, all);
        Ok(())
    }

    /// Measures a quantity that is left out if the time limit comes first.
    pub(crate) fn within_limit<T>(
        &mut self,
        measure: impl FnOnce(&mut Watch<'_>) -> Result<Measured<T>, Cancelled>,
    ) -> Result<Measured<T>, Cancelled> {
        let (cancelled, late) = (self.cancelled, self.late);
        let either = || cancelled() || late();
        match measure(&mut Watch { progress: self.progress, cancelled: &either, late }) {
            Err(Cancelled) if !cancelled() => Ok(Measured::Unknown(Reason::TimeLimit)),
            measured => measured,
        }
    }
}
