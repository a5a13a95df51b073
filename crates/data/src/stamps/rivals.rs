//! Which of several readings of the same dates is the right one.

use super::candidate::Candidate;
use super::{Order, Pace, Report};

/// Rows that are in order by chance in less than one of 700 columns.
const ENOUGH_ROWS: u64 = 6;

/// The only candidate that is in order, all of whose steps are equal, or that is by far the most regular one.
pub(super) fn most_regular<'a>(rivals: &[&'a Candidate]) -> Option<&'a Candidate> {
    let ordered = |report: &Report| !matches!(report.order, Order::Shuffled { .. });
    let reports: Vec<(Report, &'a Candidate)> =
        rivals.iter().map(|rival| (rival.spacing.report(None), *rival)).collect();
    let mut in_order = reports.iter().filter(|(report, _)| ordered(report));
    if let (Some((report, only)), None) = (in_order.next(), in_order.next())
        && differences(report) >= ENOUGH_ROWS
    {
        return Some(only);
    }
    let share = |report: &Report| {
        let steps = differences(report);
        let regular = report.pace == Pace::Regular && ordered(report) && steps > 1;
        if regular { report.regular as f64 / steps as f64 } else { 0.0 }
    };
    let mut shares: Vec<(f64, &'a Candidate)> =
        reports.iter().map(|(report, rival)| (share(report), *rival)).collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    match shares[..] {
        [(_, only)] => Some(only),
        [(best, candidate), (next, _), ..] => {
            (best == 1.0 && next < 1.0 || best >= 0.9 && next < 0.5).then_some(candidate)
        }
        [] => None,
    }
}

/// Number of consecutive rows with different times.
fn differences(report: &Report) -> u64 {
    report.regular + report.irregular + report.gaps.len() as u64
}
