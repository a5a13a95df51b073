//! Notes that follow from the values of the channels.

use super::settings::{Note, Settings};
use crate::spread::{Sentinel, Spread};
use crate::wording::counted;

/// Most names listed in a note.
const NAMES: usize = 5;
/// Distance from the mean, in standard deviations, from which a value counts as a heavy tail.
const FAR: f64 = 10.0;
/// Ratio of scales between channels, or of a mean to its standard deviation, from which a note is given.
const UNSCALED: f64 = 100.0;

/// Returns notes on constant channels (`without` returns the settings that leave them out), on heavy tails with the
/// advice `tails`, and on different scales.
pub(super) fn notes(
    channels: &[(&str, Option<Spread>, Option<Sentinel>)],
    without: impl Fn(&[&str]) -> Settings,
    tails: Note,
) -> Vec<Note> {
    let of = |wanted: &dyn Fn(&Spread) -> bool| -> Vec<&str> {
        let fitting = channels.iter().filter(|(_, spread, _)| spread.as_ref().is_some_and(wanted));
        fitting.map(|(name, ..)| *name).collect()
    };
    let mut notes = Vec::new();
    let constant = of(&Spread::is_constant);
    if !constant.is_empty() {
        let text = format!("{} constant and can be left out", named(&constant, "is", "are"));
        notes.push(Note::new(text, without(&constant)));
    }
    for (name, sentinel) in channels.iter().filter_map(|&(name, _, sentinel)| Some((name, sentinel?))) {
        let (value, count) = (sentinel.value, counted(sentinel.count, "time"));
        let text = format!("{name} has {value} {count}, far from all other values: is it a missing value?");
        notes.push(Note::new(text, Settings::of("na", value.to_string())));
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
    notes.extend(scales(channels));
    notes
}

/// What the means and standard deviations of the channels ask for.
fn scales(channels: &[(&str, Option<Spread>, Option<Sentinel>)]) -> Option<Note> {
    let scales = channels.iter().filter_map(|channel| channel.1).filter(|spread| !spread.is_constant());
    let (least, most) = scales.clone().fold((f64::MAX, 0.0f64), |(l, m), s| (l.min(s.std), m.max(s.std)));
    let offset = scales.map(|spread| spread.mean.abs() / spread.std).fold(0.0, f64::max);
    let several = channels.len() > 1;
    let what = match (several, most > UNSCALED * least) {
        (_, true) => "the channels have different scales",
        (true, false) => "channels have a mean far from 0 or a standard deviation far from 1",
        (false, false) => "the values have a mean far from 0 or a standard deviation far from 1",
    };
    let (each, whose) = if several { ("each channel", "its") } else { ("them", "the") };
    let text = format!(
        "{what}; training standardises {each} by the mean and standard deviation of {whose} training part"
    );
    (most > UNSCALED * least || most > UNSCALED || offset > UNSCALED).then(|| text.into())
}

/// Lists names with a verb: "a, b and 3 more are".
fn named(names: &[&str], one: &str, many: &str) -> String {
    let shown = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        1 => format!("{shown} {one}"),
        n if n > NAMES => format!("{shown} and {} more {many}", n - NAMES),
        _ => format!("{shown} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_those_of_one_channel_or_of_several() {
        let of = |all: &[(f64, f64)]| {
            let spread = |&(mean, std): &(f64, f64)| ("a", Some(Spread { mean, std, farthest: 1.0 }), None);
            let channels: Vec<_> = all.iter().map(spread).collect();
            scales(&channels).map(|note| note.text)
        };
        assert_eq!((of(&[(0.0, 1.0)]), of(&[(0.0, 1.0), (5.0, 20.0)])), (None, None));
        assert_eq!(
            of(&[(50_000.0, 2.0)]).unwrap(),
            "the values have a mean far from 0 or a standard deviation far from 1; training standardises them by the mean and \
             standard deviation of the training part"
        );
        assert!(of(&[(0.0, 1.0), (0.0, 500.0)]).unwrap().starts_with("the channels have different scales;"));
        assert!(of(&[(900.0, 1.0), (900.0, 2.0)]).unwrap().starts_with("channels have a mean far from 0"));
    }
}
