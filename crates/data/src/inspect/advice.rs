//! What the values of channels make worth knowing.

use super::settings::{Note, Settings};
use crate::spread::Spread;

/// Names that a note lists.
const NAMES: usize = 5;
/// A value so many standard deviations from the mean is in a heavy tail.
const FAR: f64 = 10.0;
/// Values so many times larger than another channel's, or than their own variation, are unscaled.
const UNSCALED: f64 = 100.0;

/// Notes on channels: those that are constant, which `without` leaves out, those with heavy tails and what helps, and whether
/// scales matter.
pub(super) fn notes(
    channels: &[(&str, Option<Spread>)],
    without: impl Fn(&[&str]) -> Settings,
    tails: Note,
) -> Vec<Note> {
    let of = |wanted: &dyn Fn(&Spread) -> bool| -> Vec<&str> {
        let fitting = channels.iter().filter(|(_, spread)| spread.as_ref().is_some_and(wanted));
        fitting.map(|(name, _)| *name).collect()
    };
    let mut notes = Vec::new();
    let constant = of(&Spread::is_constant);
    if !constant.is_empty() {
        let text = format!("{} constant and can be left out", named(&constant, "is", "are"));
        notes.push(Note::new(text, without(&constant)));
    }
    let tailed = of(&|spread| spread.farthest > FAR);
    if !tailed.is_empty() {
        let farthest =
            channels.iter().filter_map(|channel| channel.1).map(|s| s.farthest).fold(0.0, f64::max);
        let text = format!(
            "{} heavy tails, with values up to {farthest:.0} standard deviations from the mean: {}",
            named(&tailed, "has", "have"),
            tails.text
        );
        notes.push(Note { text, ..tails });
    }
    let scales = channels.iter().filter_map(|channel| channel.1).filter(|spread| !spread.is_constant());
    let (least, most) = scales.clone().fold((f64::MAX, 0.0f64), |(l, m), s| (l.min(s.std), m.max(s.std)));
    let offset = scales.map(|spread| spread.mean.abs() / spread.std).fold(0.0, f64::max);
    if most > UNSCALED * least || most > UNSCALED || offset > UNSCALED {
        notes.push(
            "the channels have different scales; training standardises each channel by the mean and standard deviation of its \
             training part"
                .into(),
        );
    }
    notes
}

/// "a, b and 3 more are".
fn named(names: &[&str], one: &str, many: &str) -> String {
    let shown = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        1 => format!("{shown} {one}"),
        n if n > NAMES => format!("{shown} and {} more {many}", n - NAMES),
        _ => format!("{shown} {many}"),
    }
}
