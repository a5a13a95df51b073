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
    // Differences that are not the usual step, and their share. Series below each other are not in order as a whole, and
    // as regular as one of them.
    let breaks = |report: &Report| {
        let all = differences(report);
        let odd = if report.pace == Pace::Regular && all > 1 { all - report.regular } else { all };
        (odd, odd as f64 / all.max(1) as f64)
    };
    let mut found: Vec<((u64, f64), &'a Candidate)> =
        reports.iter().map(|(report, rival)| (breaks(report), *rival)).collect();
    found.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
    match found[..] {
        [(_, only)] => Some(only),
        [((odd, share), candidate), ((next_odd, next_share), _), ..] => {
            let alone = odd == 0 && next_odd > 0;
            let far = share <= 0.1 && (next_share > 0.5 || next_odd >= odd + 5 && next_share >= 3.0 * share);
            (alone || far).then_some(candidate)
        }
        [] => None,
    }
}

/// Number of consecutive rows with different times.
fn differences(report: &Report) -> u64 {
    report.rows.saturating_sub(1) - report.duplicates
}
