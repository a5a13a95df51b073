//! The description of data as text and as a JSON document.

use std::fmt::Write;

use longspan_data::inspect::{
    Alternative, Content, Form, Found, MusicDescription, Sequences, Settings, TextDescription,
};
use longspan_data::labelled::Lengths;
use longspan_data::series;
use longspan_run::dataset::notice;
use longspan_run::visible;
use serde::Serialize;

use crate::progress::grouped;
use crate::shell;

/// The number of channels, columns or classes that are listed.
const LISTED: usize = 24;
/// Columns of the bar of the largest class.
const BAR: usize = 24;

/// A description of data, with the command that trains on them.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    path: String,
    #[serde(flatten)]
    content: &'a Content,
    notes: Vec<String>,
    settings: Option<&'a Settings>,
    command: Option<String>,
    otherwise: Option<String>,
}

pub(super) fn document(found: &Found) -> Document<'_> {
    Document {
        path: visible::name(&found.path),
        content: &found.content,
        notes: found.notes.iter().map(notice).collect(),
        settings: found.settings.as_ref(),
        command: found.settings.as_ref().map(shell::train),
        otherwise: found.otherwise.as_ref().map(alternative),
    }
}

fn alternative(other: &Alternative) -> String {
    format!("{}: {}", other.text, shell::train(&other.settings))
}

pub(super) fn text(found: &Found) -> String {
    let mut text = match &found.content {
        Content::Labelled(content) => sequences(content),
        Content::Music(content) => music(content),
        Content::Series(content) => table(content),
        Content::Text(content) => plain(content),
    };
    text.insert_str(0, &format!("{}: ", found.path.display()));
    for found in &found.notes {
        let _ = writeln!(text, "note         {}", notice(found));
    }
    match &found.settings {
        Some(settings) => text += &format!("\nnext:        {}\n", shell::train(settings)),
        None => text += "\nThese data cannot be trained on: see the notes.\n",
    }
    if let Some(otherwise) = &found.otherwise {
        let command = shell::train(&otherwise.settings);
        let _ = writeln!(text, "or {}:\nnext:        {command}", otherwise.text);
    }
    text
}

fn sequences(found: &Sequences) -> String {
    let form = match found.form {
        Form::Ts => "in a .ts archive",
        Form::Wide => "in a table, one per row",
        Form::Long => "in a table, one step per row",
        Form::Folder => "in a folder, one per line",
        Form::Texts => "in a table of texts, one per row",
        Form::Arrays => "in arrays of NumPy",
        Form::Images => "of images, one row of pixels per step",
    };
    let mut text = format!(
        "{} labelled sequences {form}\nlengths      {}\n",
        grouped(found.sequences as u64),
        lengths(&found.lengths)
    );
    if let Some(tokens) = found.vocabulary {
        let _ = writeln!(text, "tokens       {} distinct", grouped(tokens as u64));
    } else {
        let _ = writeln!(text, "missing      {}", missing(found.missing as u64));
        // The columns of an image do not differ: they are counted, not listed.
        let shown = if found.form == Form::Images { 0 } else { found.channels.len() };
        let channels = found.channels.iter().take(shown).map(|channel| {
            let range = channel.range.map(|(least, most)| (f64::from(least), f64::from(most)));
            (channel.name.clone(), self::range(range))
        });
        list(&mut text, "channels", channels.collect());
        if shown == 0 {
            let _ = writeln!(text, "channels     {} pixels, from 0 to 1", found.channels.len());
        }
    }
    if found.targets.is_some() {
        let _ = writeln!(text, "targets      {}", range(found.targets));
    }
    let most = found.classes.iter().map(|class| class.1).max().unwrap_or(0).max(1);
    let wide =
        found.classes.iter().take(LISTED).map(|class| grouped(class.1 as u64).len()).max().unwrap_or(1);
    let classes = found.classes.iter().map(|(name, count)| {
        let bar = "█".repeat((count * BAR).div_ceil(most));
        (name.clone(), format!("{:>wide$} {bar}", grouped(*count as u64)))
    });
    list(&mut text, "classes", classes.collect());
    text
}

fn music(found: &MusicDescription) -> String {
    let mut text = "music: piano rolls, in which the next step is predicted\n".to_owned();
    let parts = found.parts.iter().map(|part| {
        let steps = part.lengths.map(|found| lengths(&found)).unwrap_or_default();
        let count = grouped(part.pieces as u64);
        (
            part.part.to_owned(),
            format!("{count} pieces of {steps}; {:.1} keys per step on average", part.sounding),
        )
    });
    list(&mut text, "parts", parts.collect());
    if let Some((low, high)) = found.keys {
        let _ = writeln!(text, "keys         MIDI {low} to {high} (a piano has 21 to 108)");
    }
    text
}

fn table(found: &series::Description) -> String {
    let mut text = format!("a series of {} rows\n", grouped(found.rows as u64));
    if let Some(time) = &found.time {
        let step =
            time.regularity.step.as_ref().map_or(String::new(), |step| format!(", one row every {step}"));
        let _ = writeln!(text, "time         {} from {} to {}{step}", time.column, time.first, time.last);
    }
    if found.groups.len() > 1 {
        let rows = Lengths::of(found.groups.iter().map(|group| group.rows));
        let rows = rows.map(|rows| lengths(&rows).replace("steps", "rows")).unwrap_or_default();
        let _ = writeln!(text, "groups       {} of {rows}", grouped(found.groups.len() as u64));
    }
    let _ = writeln!(text, "missing      {}", missing(found.missing));
    let columns = found.columns.iter().map(|column| {
        let mut what = range(column.least.zip(column.greatest));
        if column.missing > 0 {
            let _ = write!(what, ", {} missing", grouped(column.missing));
        }
        (column.name.clone(), what + if column.target { "  (forecast)" } else { "" })
    });
    list(&mut text, "columns", columns.collect());
    text
}

fn plain(found: &TextDescription) -> String {
    let mut text = format!("a text of {} bytes in {} lines\n", grouped(found.bytes), grouped(found.lines));
    if found.invalid_line.is_none() {
        let words = &found.words;
        let within = match words.sampled < found.bytes {
            true => format!(" in the first {} MB", words.sampled >> 20),
            false => String::new(),
        };
        let _ = writeln!(
            text,
            "characters   {}, {} distinct\nwords        {}, {} distinct{within}",
            grouped(found.characters),
            grouped(found.different as u64),
            grouped(words.count),
            grouped(words.different as u64)
        );
    }
    text
}

/// Names and their descriptions, with a title before the first.
fn list(text: &mut String, title: &str, entries: Vec<(String, String)>) {
    let cut = |name: &str| -> String { visible::line(name).chars().take(24).collect() };
    let width = entries.iter().take(LISTED).map(|(name, _)| cut(name).chars().count()).max().unwrap_or(0);
    let more = entries.len().saturating_sub(LISTED);
    for (index, (name, what)) in entries.into_iter().take(LISTED).enumerate() {
        let title = if index == 0 { title } else { "" };
        let _ = writeln!(text, "{title:<12} {:<width$}  {what}", cut(&name));
    }
    if more > 0 {
        let _ = writeln!(text, "{:<12} and {} more", "", grouped(more as u64));
    }
}

/// Lengths of sequences: "7 to 26 steps, median 15, 4,274 in total".
fn lengths(found: &Lengths) -> String {
    let total = grouped(found.total as u64);
    match found.min == found.max {
        true => format!("{} steps each, {total} in total", grouped(found.max as u64)),
        false => format!(
            "{} to {} steps, median {}, {total} in total",
            found.min,
            grouped(found.max as u64),
            found.median
        ),
    }
}

fn range(found: Option<(f64, f64)>) -> String {
    // Four digits are enough for a range, unless it is far from 0; whole numbers stay whole.
    let width = found.map_or(0.0, |(least, most)| most - least);
    let short = |x: f64| match x.abs() {
        a if x.fract() == 0.0 && a < 1e10 => format!("{x}"),
        a if width > 0.0 && a > 100.0 * width => {
            format!("{x:.*}", (3.0 - width.log10().floor()).clamp(0.0, 12.0) as usize)
        }
        a if (1e-3..1e5).contains(&a) => format!("{x:.3}"),
        _ => format!("{x:.3e}"),
    };
    match found {
        Some((least, most)) if least == most => format!("always {}", short(least)),
        Some((least, most)) => format!("{} to {}", short(least), short(most)),
        None => "no value".into(),
    }
}

fn missing(count: u64) -> String {
    if count == 0 {
        "none".into()
    } else {
        format!("{} {}", grouped(count), if count == 1 { "value" } else { "values" })
    }
}
