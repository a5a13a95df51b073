//! The gradient of one loss, from the snapshots of training or, without them, from a probe.
//!
//! Rules about reach read only this. ‖∂ℒ/∂h_t‖ of all losses together mixes them: with a loss at every step it is flat
//! for every network, and in a ragged batch only the longest row has a loss at the last step.

use std::f64::consts::LN_10;

use longspan_record::credit::Reason;
use longspan_record::{LagSnapshot, StepRecord};

use crate::evidence::Evidence;
use crate::rule::{Found, Judgement, Needs};
use crate::severity::Severity;
use crate::signals::{LEAST_STEPS, median};

/// Share of the profiles of a run, from its end, that say how it is now.
const LATE: f64 = 0.25;
/// Least number of late profiles, if there are so many.
const LEAST_LATE: usize = 3;
/// How many times the largest measured lag a line may be continued to. A judgement: on the calibration half of the
/// fault-injection benchmark, lines from windows of two steps to lags of six and more were wrong.
const CONTINUED: usize = 2;

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    /// The median over late snapshots of training.
    Training,
    /// A probe of the last weights.
    Probe,
    /// The line through the measured lags, beyond them.
    Extrapolated,
}

impl Evidence {
    /// The profiles of training that have a gradient, oldest first.
    pub(crate) fn lag_snapshots(&self) -> Vec<&LagSnapshot> {
        let all = self.snapshots().filter_map(|snapshot| snapshot.lag.as_ref());
        all.filter(|lag| lag.rows > 0 && !lag.lags.is_empty()).collect()
    }

    /// The profiles of the last quarter of training.
    fn late_lags(&self) -> Vec<&LagSnapshot> {
        let all = self.lag_snapshots();
        let count = ((all.len() as f64 * LATE).ceil() as usize).max(LEAST_LATE).min(all.len());
        all[all.len() - count..].to_vec()
    }

    /// Whether the probe left out what takes long: the short one at the end of training, or one that met its time limit.
    pub(crate) fn is_light(&self) -> bool {
        let left_out = [Some(Reason::NotAsked), Some(Reason::TimeLimit)];
        self.reach().is_some_and(|reach| left_out.contains(&reach.sensitivity.reason()))
    }

    /// The judgement of a rule that lacks the gradient of one loss. If a whole probe could not measure it, another one would
    /// not either.
    pub(crate) fn unmeasured(&self) -> Judgement {
        match self.reach().is_some() && !self.is_light() {
            true => Judgement::Silent,
            false => Judgement::Unknown(Needs::Reach),
        }
    }

    /// Whether the run has too few steps to be judged.
    pub(crate) fn is_young(&self) -> bool {
        self.steps.len() < LEAST_STEPS
    }

    /// ln of the share of the gradient that remains `lag` steps back, at the end of training. Beyond the measured lags it
    /// follows from the decay per step, up to twice the largest of them.
    pub(crate) fn ln_left(&self, lag: usize) -> Option<(f64, Measured)> {
        let late = self.late_lags();
        if let Some(ln) = median(late.iter().filter_map(|snapshot| ln_at(snapshot, lag))) {
            return Some((ln, Measured::Training));
        }
        if let Some(probe) = self.lag() {
            if let Some(ln) = probe.ln_median_at(lag) {
                return Some((ln, Measured::Probe));
            }
            let near = lag <= CONTINUED * probe.window_steps.saturating_sub(1);
            if let Some(decay) = probe.total.decay.known().filter(|_| near) {
                return Some((decay.ln_slope_per_step * lag as f64, Measured::Extrapolated));
            }
        }
        let whole = self.whole_windows();
        let ends = late.iter().filter_map(|snapshot| last(snapshot)).chain(whole);
        let near = ends.filter(|(far, _)| lag <= CONTINUED * far);
        let ln = median(near.map(|(far, ln)| ln / far as f64 * lag as f64))?;
        Some((ln, Measured::Extrapolated))
    }

    /// The largest lag inside a window at which the gradient was measured at the end of training, and ln of the share that
    /// is left there.
    pub(crate) fn ln_at_cut(&self) -> Option<(usize, f64)> {
        let late = self.late_lags();
        if let Some((lag, _)) = late.last().and_then(|snapshot| last(snapshot)) {
            let ln = median(late.iter().filter_map(|snapshot| ln_at(snapshot, lag)))?;
            return Some((lag, ln));
        }
        let probe = self.lag()?;
        let lag = probe.window_steps.min(self.facts.window_steps.saturating_sub(1));
        Some((lag, probe.ln_median_at(lag)?))
    }

    /// The lag of the first step of a window and ln G there, for each snapshot without a profile in which every row has the
    /// same length and one loss, at its last step. There the gradient of all losses is that of one.
    pub(crate) fn whole_windows(&self) -> Vec<(usize, f64)> {
        self.windows_with(|rows, _| rows)
    }

    /// The same, but lower bounds, for snapshots with a loss at every step: T losses together have at most T times the
    /// largest gradient of one.
    pub(crate) fn least_growths(&self) -> Vec<(usize, f64)> {
        let sum = (self.facts.window_steps.max(1) as f64).ln();
        self.windows_with(|_, positions| positions).into_iter().map(|(lag, ln)| (lag, ln - sum)).collect()
    }

    /// ln ‖∂ℒ/∂h_1‖ − ln ‖∂ℒ/∂h_T‖ in the top layer, for snapshots without a profile whose rows have the same length and this
    /// number of losses.
    fn windows_with(&self, losses: impl Fn(usize, usize) -> usize) -> Vec<(usize, f64)> {
        let (window, pool) = (self.facts.window_steps, self.facts.setting("pool"));
        if window < 2 || !["", "last"].contains(&pool) {
            return Vec::new();
        }
        let of = |step: &StepRecord| {
            let snapshot = step.snapshot.as_ref().filter(|snapshot| snapshot.lag.is_none())?;
            let (rows, positions) = (snapshot.batch.rows, snapshot.batch.positions);
            let equal = positions == rows.saturating_mul(window);
            let log10 = step.log10_survival.last().filter(|log10| equal && log10.is_finite())?;
            (step.scored == losses(rows, positions) as u64).then_some((window - 1, log10 * LN_10))
        };
        self.steps.iter().filter_map(of).collect()
    }

    /// The gradient horizon at the end of training and whether it is at least that.
    pub(crate) fn horizon(&self) -> Option<Reached> {
        if let Some(lag) = self.lag() {
            let of = &lag.total.horizon;
            let high_steps = (!of.at_least && !of.high_at_least).then_some(of.high_steps);
            return Some(Reached { steps: of.steps, low_steps: of.low_steps, high_steps });
        }
        let late = self.late_lags();
        let last = late.iter().rev().find_map(|snapshot| snapshot.horizon.as_ref())?;
        let high_steps = (!last.at_least && !last.high_at_least).then_some(last.high_steps);
        Some(Reached { steps: last.steps, low_steps: last.low_steps, high_steps })
    }

    /// ln of the gradient at each layer over that at the top, at the step of the loss; the bottom layer first.
    pub(crate) fn ln_layers(&self) -> Option<Vec<f64>> {
        let late = self.late_lags();
        let layers = late.iter().map(|snapshot| snapshot.ln_layer_ratio.len()).min().unwrap_or(0);
        let of = |layer: usize| median(late.iter().map(|snapshot| snapshot.ln_layer_ratio[layer]));
        match layers {
            0 => self.lag().map(|lag| lag.depth.ln_layer_ratio.clone()),
            _ => (0..layers).map(of).collect(),
        }
    }
}

/// Best loss over the baseline below which dynamics did no harm: a model that has learned half of what there is was not
/// hindered.
pub(crate) const HARM: f64 = 0.5;

/// Makes a finding a note if the model has learned well nevertheless.
pub(crate) fn harmless(found: Found, evidence: &Evidence) -> Found {
    match evidence.learned_ratio().is_some_and(|ratio| ratio < HARM) {
        true => found.with_severity(Severity::Note),
        false => found,
    }
}

/// The gradient horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reached {
    pub(crate) steps: usize,
    pub(crate) low_steps: usize,
    /// The upper end of its interval; None if the window ends first.
    pub(crate) high_steps: Option<usize>,
}

/// Growth of the gradient of one loss, and the lag at which it is largest. Only lags that half of the rows have count, so
/// that a few long rows decide nothing.
pub(crate) fn growth(snapshot: &LagSnapshot) -> Option<(f64, usize)> {
    known(snapshot).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(lag, ln)| (ln, lag))
}

/// The lags that half of the rows have, with the median of ln G.
fn known(snapshot: &LagSnapshot) -> impl Iterator<Item = (usize, f64)> {
    let at = |i: usize| (snapshot.lags[i], snapshot.rows_at.get(i).copied(), snapshot.total.ln_median.get(i));
    let all = (0..snapshot.lags.len()).map(at);
    all.filter_map(|(lag, rows, ln)| {
        let enough = rows.is_none_or(|rows| 2 * rows >= snapshot.rows);
        Some((lag, ln.copied().filter(|ln| enough && ln.is_finite())?))
    })
}

/// The largest lag that half of the rows have, with the median of ln G there.
fn last(snapshot: &LagSnapshot) -> Option<(usize, f64)> {
    known(snapshot).filter(|(lag, _)| *lag > 0).last()
}

/// The median of ln G at a lag, interpolated; None beyond the lags that half of the rows have. −∞ counts: nothing remains.
fn ln_at(snapshot: &LagSnapshot, lag: usize) -> Option<f64> {
    let enough = |i: usize| snapshot.rows_at.get(i).is_none_or(|rows| 2 * rows >= snapshot.rows);
    let at = snapshot.lags.partition_point(|&kept| kept < lag);
    let (&above, ln) = (snapshot.lags.get(at).filter(|_| enough(at))?, &snapshot.total.ln_median);
    if above == lag || at == 0 {
        return ln.get(at).copied();
    }
    let (below, from, to) = (snapshot.lags[at - 1] as f64, *ln.get(at - 1)?, *ln.get(at)?);
    Some(from + (to - from) * (lag as f64 - below) / (above as f64 - below))
}
