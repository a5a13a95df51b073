//! The notices that data deserve before training: the same for `inspect` and for a run.

use std::path::Path;

use super::advice;
use super::kind::HEAD;
use super::settings::{Note, Settings};
use crate::encoding::Encoding;
use crate::foreign::{self, Foreign};
use crate::labelled::{self, Kind, Labelled};
use crate::series::{self, Description, Gaps};
use crate::spread::{Sentinel, Spread};
use crate::table::join_names;
use crate::vocabulary::TokenLevel;
use crate::wording::counted;

/// A class with fewer sequences gets a note.
const FEW: usize = 5;
/// So many different labels that are numbers may be amounts.
const MANY_NUMBERS: usize = 20;
/// Sequences with more steps get a note on long gradients.
const LONG: usize = 1000;
/// With more different characters than this, bytes make a smaller vocabulary.
const MANY: usize = 2000;

/// Notices about a series that was described with its spreads; `chosen` if the columns to forecast were named, or need
/// not be, and what happens with gaps in their times.
pub fn of_series(found: &Description, chosen: bool, gaps: Gaps) -> Vec<Note> {
    let spreads: Vec<_> = found.columns.iter().map(|c| (c.name.as_str(), c.spread, c.sentinel)).collect();
    let tails = Note::new(
        "the absolute error is affected by them less than the squared error",
        Settings::of("loss", "absolute"),
    );
    let mut notes = advice::notes(&spreads, |names| without(found, names), tails);
    if let Some((key, time)) = &found.restarts {
        let text =
            format!("{time} begins anew for each {key}: the rows may be several series, one below the other");
        notes.push(Note::new(text, Settings::of("group_column", key).with("time_column", time)));
    }
    let several = found.columns.len() > 1;
    let inputs = || found.columns.iter().filter(|_| several);
    if let Some(column) = inputs().find(|column| column.counts && found.rows > 2) {
        if found.time.is_some() {
            let text = format!("{} numbers the rows and can be left out", column.name);
            notes.push(Note::new(text, without(found, &[&column.name])));
        } else {
            let text =
                format!("{} numbers the rows: it could be the time column instead of an input", column.name);
            notes.push(Note::new(text, Settings::of("time_column", &column.name)));
        }
    } else if let Some(column) = inputs().find(|column| column.identifies) {
        let text = format!("{} looks like an identifier and can be left out", column.name);
        notes.push(Note::new(text, without(found, &[&column.name])));
    }
    if let Some((first, last)) = counting(&found.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>())
    {
        let text = format!(
            "the columns are called {first} to {last}: if these are times and each row is a series, exchange rows and columns"
        );
        notes.push(text.into());
    }
    if !chosen && several {
        let which = match found.columns.iter().find(|column| column.target) {
            Some(target) if found.columns.last().is_some_and(|last| !last.target) => &target.name,
            _ => "the last column",
        };
        notes.push(format!("{which} is forecast; use the setting target to choose others").into());
    }
    if !found.left_out.is_empty() {
        let text = format!("text columns are not read: {}", shown(&found.left_out));
        let categorical = match found.categories.is_empty() {
            true => Settings::default(),
            false => Settings::of("categorical", join_names(&found.categories)),
        };
        notes.push(Note::new(text, categorical));
    }
    if let Some(time) = &found.time {
        if !time.checked {
            notes.push("the times cannot be compared, so the rows keep the order of the file".into());
        }
        notes.extend(time.regularity.notices(gaps).into_iter().map(Note::from));
    }
    notes.extend(found.written.iter().map(|text| Note::from(text.as_str())));
    notes
}

/// The first and last of at least four names, if they are whole numbers that count up.
fn counting<'n>(names: &[&'n str]) -> Option<(&'n str, &'n str)> {
    const LEAST: usize = 4;
    let numbers: Vec<u32> = names.iter().map(|name| name.parse().ok()).collect::<Option<_>>()?;
    let up = numbers.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    (up && names.len() >= LEAST).then(|| (names[0], names[names.len() - 1]))
}

/// What happens with the missing values of a series; None if there are none, or they are an error.
pub fn of_missing(missing: u64, treatment: series::Missing) -> Option<Note> {
    let values = counted(missing, "missing value");
    match treatment {
        _ if missing == 0 => None,
        series::Missing::Error => None,
        series::Missing::Drop => Some(format!("rows with {values} are dropped").into()),
        series::Missing::Interpolate => Some(filled(missing)),
    }
}

/// The same for labelled sequences.
pub fn of_lacking(missing: usize, treatment: labelled::Missing) -> Option<Note> {
    match treatment {
        _ if missing == 0 => None,
        labelled::Missing::Refuse => None,
        labelled::Missing::Interpolate => Some(filled(missing as u64)),
        labelled::Missing::Zero => Some(
            format!("{} set to the mean of the channel", counted(missing as u64, "missing value")).into(),
        ),
    }
}

fn filled(missing: u64) -> Note {
    format!("{} filled in by linear interpolation", counted(missing, "missing value")).into()
}

/// Notices about labelled sequences that are not scaled yet.
pub fn of_sequences(found: &Labelled) -> Vec<Note> {
    let mut notes: Vec<Note> = found.encoding().notice().map(Note::from).into_iter().collect();
    let described = found.describe();
    if found.has_images() {
        // The edges of images are constant and pixels have a fixed scale, so notes on channels do not help.
    } else if let Kind::Values { channels } = found.kind() {
        let (spreads, sentinels) = (found.spreads(), found.sentinels());
        let named: Vec<(&str, Option<Spread>, Option<Sentinel>)> =
            channels.iter().zip(spreads).zip(sentinels).map(|((name, a), b)| (name.as_str(), a, b)).collect();
        let numbers = named.into_iter().enumerate().filter(|(channel, _)| !found.is_coded(*channel));
        let named: Vec<_> = numbers.map(|(_, named)| named).collect();
        let coded = channels.iter().enumerate().filter(|(channel, _)| found.is_coded(*channel));
        let coded: Vec<String> = coded.map(|(_, name)| name.clone()).collect();
        if !coded.is_empty() {
            let text = format!("read as categories, with one input for each category: {}", shown(&coded));
            notes.push(text.into());
        }
        let tails = "take logarithms or clip the values beforehand".into();
        notes.extend(advice::notes(&named, |_| Settings::default(), tails));
    }
    if let Some(column) = found.in_runs() {
        let text = format!(
            "the rows of each {column} stand together and have one label: if they are the steps of one sequence, name it"
        );
        notes.push(Note::new(text, Settings::of("id_column", column)));
    }
    match found.targets() {
        Some(_) => notes.push(of_targets(found)),
        None => notes.extend(of_classes(&described.classes, described.sequences)),
    }
    if described.lengths.max > LONG {
        let text = format!(
            "the longest sequence has {} steps; with a readout of the mean over all steps, the gradient reaches each step directly",
            described.lengths.max
        );
        notes.push(Note::new(text, Settings::of("pool", "mean")));
    }
    notes.extend(found.written().iter().map(|text| Note::from(text.as_str())));
    notes
}

/// What is predicted if the labels are targets.
fn of_targets(found: &Labelled) -> Note {
    let text = "the labels are read as numbers: one number is predicted for each sequence, not a class";
    let whole = found.targets().unwrap_or_default().iter().all(|target| target.fract() == 0.0);
    let classes = if whole { Settings::of("label_type", "class") } else { Settings::default() };
    Note::new(text, classes)
}

fn of_classes(classes: &[(String, usize)], sequences: usize) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    let numbers = classes.iter().all(|class| class.0.parse::<f64>().is_ok_and(f64::is_finite));
    if numbers && classes.len() >= MANY_NUMBERS {
        let text = format!(
            "the labels are {} different numbers, each of which is a class: if they are amounts, predict a number",
            classes.len()
        );
        notes.push(Note::new(text, Settings::of("label_type", "number")));
    }
    let few = classes.iter().filter(|class| (1..FEW).contains(&class.1)).count();
    if few > 0 {
        notes.push(format!("{few} of {} classes have fewer than {FEW} sequences", classes.len()).into());
    }
    let most = classes.iter().map(|class| class.1).max().unwrap_or(0);
    if classes.len() > 1 && most * 10 > sequences * 8 {
        let share = 100.0 * most as f64 / sequences as f64;
        let text =
            format!("{share:.0} % of the sequences belong to one class: use macro F1 rather than accuracy");
        notes.push(text.into());
    }
    notes
}

/// A notice about a text for other programs, such as HTML or JSON lines.
pub(super) fn of_markup(path: &Path, format: &Foreign) -> Note {
    format!("{}; as a text, its markup is part of what is learned", format.refusal(path)).into()
}

/// The same for a file that is trained on as a text; None for other texts, and for what cannot be read again.
pub fn of_text_file(path: &Path) -> Option<Note> {
    let head = path.is_file().then(|| labelled::head(path, HEAD).ok()).flatten()?;
    foreign::of(path, &head.bytes).map(|format| of_markup(path, &format))
}

/// Notices about a text with so many different tokens.
pub fn of_text(level: TokenLevel, different: usize, encoding: Encoding) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    if level == TokenLevel::Char && different > MANY {
        let text =
            format!("{different} different characters make a large vocabulary; level byte has 256 tokens");
        notes.push(Note::new(text, Settings::of("level", "byte")));
    }
    notes.extend(encoding.notice().map(Note::from));
    notes
}

/// Returns settings that read all columns except `names`; empty if no column would be left.
fn without(description: &Description, names: &[&str]) -> Settings {
    let rest = description.columns.iter().map(|column| column.name.as_str());
    let rest: Vec<&str> = rest.filter(|name| !names.contains(name)).collect();
    if rest.is_empty() {
        return Settings::default();
    }
    Settings::of("columns", join_names(rest))
}

fn shown(names: &[String]) -> String {
    let more = names.len().saturating_sub(5);
    let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
