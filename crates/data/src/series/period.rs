//! Periods that a series may have: those of the calendar, from its time stamps, and the first peak of its
//! autocorrelation.
//!
//! For the values x of a column in the training part, without their linear trend, the autocorrelation is
//!
//! ```text
//! r(τ) = Σ_t x_t x_{t+τ} / Σ_t x_t²
//! ```
//!
//! The period is the lag of the largest r between two of its zeros, after the first of them: the first such stretch in
//! which r reaches [`PEAK`]. Values near each other are alike in most series, so r(1) is no sign of a period.

use super::part::Part;
use super::standardised::Series;

/// Smallest autocorrelation of a peak.
const PEAK: f64 = 0.1;

/// Rows that the autocorrelation is computed of, the last ones of the training part.
const ROWS: usize = 20_000;

/// Largest lag of the autocorrelation.
const LAG: usize = 2_000;

const DAY: f64 = 86_400.0;

/// Returns the periods, in rows, that the series may have: of the calendar first, then of the targets' autocorrelation.
pub fn periods(series: &Series) -> Vec<usize> {
    let mut periods = series.seconds_per_row.map(calendar).unwrap_or_default();
    let training = series.segments(Part::Train).iter().max_by_key(|segment| segment.rows.len());
    if let Some(segment) = training {
        let (columns, values) = (series.columns.len(), series.values(segment));
        for &target in &series.targets {
            let column: Vec<f64> = values
                .get(target..)
                .unwrap_or_default()
                .iter()
                .step_by(columns)
                .map(|&value| f64::from(value))
                .collect();
            periods.extend(first_peak(&column[column.len().saturating_sub(ROWS)..]));
        }
    }
    let mut known = std::collections::HashSet::new();
    periods.retain(|&period| period > 1 && known.insert(period));
    periods
}

/// The periods that the calendar suggests for rows this many seconds apart.
fn calendar(seconds: f64) -> Vec<usize> {
    let near = |expected: f64| (seconds / expected - 1.0).abs() < 0.1;
    match seconds {
        _ if near(91.3 * DAY) => vec![4],
        _ if near(30.4 * DAY) => vec![12],
        _ if near(7.0 * DAY) => vec![52],
        // Working days.
        _ if near(1.4 * DAY) => vec![5],
        _ if near(DAY) => vec![7, 365],
        _ if seconds > 0.0 && seconds < DAY / 2.0 => {
            let day = (DAY / seconds).round();
            let whole = (day * seconds / DAY - 1.0).abs() < 0.1;
            if whole { vec![day as usize, 7 * day as usize] } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// The lag of the first peak of the autocorrelation, up to a third of the values.
fn first_peak(values: &[f64]) -> Option<usize> {
    let n = values.len();
    let middle = (n.saturating_sub(1)) as f64 / 2.0;
    let mean = values.iter().sum::<f64>() / n as f64;
    let centred = |t: usize| t as f64 - middle;
    let (products, squares) = values
        .iter()
        .enumerate()
        .fold((0.0, 0.0), |(p, s), (t, x)| (p + centred(t) * (x - mean), s + centred(t) * centred(t)));
    let slope = if squares > 0.0 { products / squares } else { 0.0 };
    let rest: Vec<f64> = values.iter().enumerate().map(|(t, x)| x - mean - slope * centred(t)).collect();
    let power: f64 = rest.iter().map(|x| x * x).sum();
    if power <= 0.0 {
        return None;
    }
    let r = |lag: usize| rest.iter().zip(&rest[lag..]).map(|(a, b)| a * b).sum::<f64>() / power;
    let (mut below, mut best): (bool, Option<(f64, usize)>) = (false, None);
    for lag in 1..=LAG.min(n / 3) {
        let r = r(lag);
        match (r > 0.0, best) {
            (false, Some((peak, at))) if peak >= PEAK => return Some(at),
            (false, _) => (below, best) = (true, None),
            (true, _) if below && best.is_none_or(|(peak, _)| r > peak) => best = Some((r, lag)),
            (true, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_suggests_periods() {
        for (seconds, periods) in [
            (30.44 * DAY, vec![12]),
            (91.3 * DAY, vec![4]),
            (7.0 * DAY, vec![52]),
            (DAY, vec![7, 365]),
            (3600.0, vec![24, 168]),
            (600.0, vec![144, 1008]),
            (365.25 * DAY, vec![]),
        ] {
            assert_eq!(calendar(seconds), periods, "{seconds}");
        }
    }

    #[test]
    fn the_first_peak_is_the_period_under_a_trend() {
        let wave = |t: usize| (t as f64 * std::f64::consts::TAU / 12.0).sin();
        let values: Vec<f64> = (0..240).map(|t| wave(t) + 0.05 * t as f64).collect();
        assert_eq!(first_peak(&values), Some(12));
        let line: Vec<f64> = (0..240).map(f64::from).collect();
        assert_eq!(first_peak(&line), None);
        assert_eq!(first_peak(&[1.0; 50]), None);
        assert_eq!(first_peak(&[]), None);
    }
}
