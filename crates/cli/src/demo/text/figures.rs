//! The numbers of the texts, and how they are formatted.

use super::super::network::FIRST;
use super::super::options::Options;
use super::super::tour::{Course, Network, SUBJECT, Sentence};
use crate::draw::magnitude;

/// Formats a share as a percentage: "98.4 %".
pub(in crate::demo) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The accuracy of a network as a percentage; "–" if its training diverged.
pub(super) fn accuracy(network: &Network) -> String {
    network.right.map_or_else(|| "–".into(), percent)
}

/// Formats a positive number with two or three digits.
pub(in crate::demo) fn figure(x: f64) -> String {
    match x {
        x if x >= 1e5 => format!("{x:.1e}"),
        x if x >= 10.0 => format!("{x:.0}"),
        x if x >= 1.0 => format!("{x:.2}"),
        x => magnitude(x.log10()),
    }
}

/// Formats a positive number that is given by its decimal logarithm.
pub(super) fn power(log10: f64) -> String {
    figure(10f64.powf(log10))
}

/// Formats a number with so many decimals; "–" if it is unknown.
pub(in crate::demo) fn known(x: Option<f64>, digits: usize) -> String {
    x.map_or_else(|| "–".into(), |x| format!("{x:.digits$}"))
}

/// The loss of the first batch, the largest loss, and the training step of the largest loss, counted from 1.
pub(super) fn first_and_largest(course: &Course) -> (f64, f64, usize) {
    let first = course.losses_nats.first().copied().unwrap_or(f64::NAN);
    let largest = course.losses_nats.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let (at, largest) = largest.unwrap_or((0, &first));
    (first, *largest, at + 1)
}

/// Steps back from the last word to the subject.
pub(super) fn lag(sentence: &Sentence) -> usize {
    sentence.words.len() - 1 - SUBJECT
}

/// The number of training steps over which the strength of the gradient is averaged.
pub(super) fn first_steps(options: &Options) -> u64 {
    options.steps.min(FIRST as u64)
}
