//! The list of runs as a table that fits the terminal.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use longspan_run::visible;
use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::paint::Ink;
use crate::progress::{figure, percent};
use crate::wrap::pad;

/// The titles of the columns, in their order.
const TITLES: [&str; 8] =
    ["run", "started", "outcome", "best score", "baseline", "first finding", "model", "data"];

/// The columns in the order in which they get room on a terminal. The first five are always there.
const RANKS: [usize; 8] = [0, 2, 3, 5, 1, 4, 6, 7];

/// How many columns are always there, however narrow the terminal is.
const ALWAYS: usize = 5;

/// Columns between two cells.
const GAP: usize = 2;

/// The fewest columns of a cell that is shortened.
const LEAST: usize = 12;

/// The columns of the run and its data, which are shortened in the middle: names often differ at their end.
const LONG: [usize; 2] = [0, 7];

/// A run as cells.
pub(super) struct Row {
    cells: [String; 8],
    ink: Option<Ink>,
}

impl Row {
    /// The cells of the run in `path`, from its JSON document.
    pub(super) fn new(path: &Path, record: &Value) -> Self {
        let text = |name: &str| match &record[name] {
            Value::String(text) => visible::line(text).into_owned(),
            Value::Number(number) => figure(number.as_f64().unwrap_or(f64::NAN)),
            _ => "-".into(),
        };
        let unit = record["unit"].as_str().map_or(String::new(), |unit| format!(" {unit}"));
        let loss = |name: &str| if record[name].is_number() { text(name) + &unit } else { text(name) };
        // Losses beside an accuracy are always in nats.
        let best = match record["best_accuracy"].as_f64() {
            Some(share) => text("best_loss") + &percent(Some(share)),
            None => loss("best_loss"),
        };
        let finding = visible::line(record["findings"][0].as_str().unwrap_or("-")).into_owned();
        let started = record["created"].as_i64().map_or_else(|| "-".into(), local);
        Self {
            cells: [
                visible::path(path),
                started,
                text("outcome").replace('_', " "),
                best,
                loss("baseline_loss"),
                finding,
                text("model"),
                text("data"),
            ],
            ink: match record["outcome"].as_str() {
                Some("finished" | "stopped_early") => Some(Ink::Good),
                Some("diverged" | "unreadable") => Some(Ink::Bad),
                Some("interrupted" | "out_of_time") => Some(Ink::Warning),
                _ => None,
            },
        }
    }
}

/// A time in seconds since 1970 in the time zone of this machine: "2026-11-30 21:47".
fn local(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(time) => time.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "-".into(),
    }
}

/// The table for a terminal of `columns` columns; everything if there is no terminal.
pub(super) fn text(rows: &[Row], columns: Option<usize>, colours: bool) -> String {
    let needed = |c: usize| {
        rows.iter().map(|row| row.cells[c].width()).chain([TITLES[c].len()]).max().unwrap_or_default()
    };
    let mut widths: [usize; 8] = std::array::from_fn(needed);
    if let Some(columns) = columns {
        fit(&mut widths, columns);
    }
    let mut text = line(&TITLES.map(str::to_owned), widths, |_| colours.then_some(Ink::Heading));
    for row in rows {
        text += &line(&row.cells, widths, |c| row.ink.filter(|_| colours && c == 2));
    }
    text
}

/// Gives each column its width in a terminal, 0 to those that have no room: first the columns that are always there, of which
/// the run is shortened to a third of the terminal or less, then the others while they fit, of which the data may be shortened.
/// The run has what is left.
fn fit(widths: &mut [usize; 8], columns: usize) {
    let full = *widths;
    let date = "2026-11-30".len();
    *widths = [0; 8];
    let sum = |widths: &[usize; 8]| {
        widths.iter().filter(|&&width| width > 0).map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
    };
    for &c in &RANKS[..ALWAYS] {
        widths[c] = if c == 1 { full[c].min(date) } else { full[c] };
    }
    widths[0] = full[0].min(columns / 3);
    let over = sum(widths).saturating_sub(columns);
    widths[0] = widths[0].saturating_sub(over).max(LEAST.min(full[0]));
    // The time of day.
    if sum(widths) + full[1] - widths[1] <= columns {
        widths[1] = full[1];
    }
    for &c in &RANKS[ALWAYS..] {
        let room = columns.saturating_sub(sum(widths) + GAP);
        let width = if LONG.contains(&c) { full[c].min(room) } else { full[c] };
        if width <= room && width >= full[c].min(LEAST) {
            widths[c] = width;
        }
    }
    widths[0] = full[0].min(widths[0] + columns.saturating_sub(sum(widths)));
}

fn line(cells: &[String; 8], widths: [usize; 8], ink: impl Fn(usize) -> Option<Ink>) -> String {
    let shown = (0..8).filter(|&c| widths[c] > 0).map(|c| {
        let cell = pad(&shortened(&cells[c], widths[c], LONG.contains(&c)), widths[c]);
        ink(c).map_or(cell.clone(), |ink| ink.on(&cell, true))
    });
    shown.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
}

/// A text in at most `columns` columns, with … for what is left out: in the middle, or at the end.
fn shortened(text: &str, columns: usize, middle: bool) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    // A date without its time of day.
    if let Some((date, _)) = text.split_once(' ')
        && date.len() == columns
        && date.starts_with(|c: char| c.is_ascii_digit())
    {
        return date.to_owned();
    }
    let room = columns.saturating_sub(1);
    let tail = if middle { room * 2 / 3 } else { 0 };
    let taken = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut used = 0;
        let fits = |c: &char| {
            used += c.width().unwrap_or(0);
            used <= room
        };
        chars.take_while(fits).collect::<String>()
    };
    let end: String = taken(&mut text.chars().rev(), tail).chars().rev().collect();
    let start = taken(&mut text.chars(), room - end.width());
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows() -> Vec<Row> {
        let record = |outcome: &str, finding: &str| {
            json!({
                "data": "JapaneseVowels_TRAIN.ts, 9 classes, 12 channels, 7 to 26 steps", "model": "lstm 1x128",
                "unit": "nats", "best_loss": 0.128, "baseline_loss": 2.1972, "created": 1_796_075_244,
                "outcome": outcome, "findings": [finding],
            })
        };
        let long = "runs/a-rather-long-name-of-a-run-with-many-words-lstm-12";
        vec![
            Row::new(Path::new("runs/a"), &record("finished", "vanishing-gradient")),
            Row::new(Path::new(long), &record("stopped_early", "horizon-below-need")),
            Row::new(
                Path::new("runs/长长长长长长长长长长长长长长长长长长长长长长长长"),
                &json!({"outcome": "unreadable", "problem": "it is damaged"}),
            ),
        ]
    }

    #[test]
    fn the_table_fits_the_terminal() {
        for columns in 76..300 {
            let text = text(&rows(), Some(columns), false);
            assert!(text.lines().all(|line| line.width() <= columns), "{columns}\n{text}");
        }
        let narrow = text(&rows(), Some(80), false);
        for part in ["runs/a ", "…", "lstm-12", "stopped early", "horizon-below-need", "0.1280 nats"] {
            assert!(narrow.contains(part), "{part} in\n{narrow}");
        }
        let whole = text(&rows(), None, false);
        assert!(whole.contains("7 to 26 steps") && !whole.contains('…'), "{whole}");
    }

    #[test]
    fn files_of_a_run_do_not_control_the_terminal() {
        let bad = "\u{1b}[31m";
        let record = json!({"data": bad, "outcome": bad, "findings": [bad], "model": bad});
        let text = text(&[Row::new(Path::new(bad), &record)], None, false);
        assert!(!text.contains('\u{1b}') && text.matches("\\u001b").count() == 5, "{text}");
    }

    #[test]
    fn a_long_text_keeps_its_end_or_its_start() {
        assert_eq!(shortened("runs/long-name-lstm-1", 13, true), "runs…e-lstm-1");
        assert_eq!(shortened("exploding-gradient", 10, false), "exploding…");
        assert_eq!(shortened("2026-11-30 21:47", 10, false), "2026-11-30");
        assert_eq!(shortened("长长长长", 5, false), "长长…");
    }
}
