//! Piano rolls.

use std::path::Path;

use super::content::{Content, MusicDescription, PartDescription};
use super::error::InspectError;
use super::found::Found;
use super::settings::{Note, Settings};
use crate::labelled::music::{LOWEST, Music, Pieces};

pub(super) fn inspect(path: &Path) -> Result<Found, InspectError> {
    let music = Music::open(path)?;
    let parts =
        [("train", Some(&music.train)), ("valid", music.valid.as_ref()), ("test", music.test.as_ref())];
    let parts = parts.into_iter().filter_map(|(name, pieces)| Some((name, pieces?)));
    let ranges: Vec<(u32, u32)> = parts.clone().filter_map(|(_, pieces)| pieces.range()).collect();
    let least = ranges.iter().map(|range| range.0 + LOWEST).min();
    let keys = least.zip(ranges.iter().map(|range| range.1 + LOWEST).max());
    let still = parts.clone().find(|(_, pieces)| (0..pieces.len()).all(|piece| pieces.length(piece) < 2));
    let mut notes: Vec<Note> = Vec::new();
    if keys.is_none() {
        notes.push("no key sounds at any step".into());
    }
    let mut settings = Some(Settings::data("labelled", path));
    if let Some((part, _)) = still {
        notes
            .push(format!("no piece of \"{part}\" has a second step, so there is nothing to predict").into());
        settings = None;
    }
    let content = Content::Music(MusicDescription {
        numbering: music.numbering,
        parts: parts.map(|(name, pieces)| describe(name, pieces)).collect(),
        keys,
    });
    Ok(Found { path: path.to_owned(), content, notes, settings, otherwise: None })
}

fn describe(part: &'static str, pieces: &Pieces) -> PartDescription {
    let lengths = pieces.lengths();
    let steps = lengths.map_or(0, |lengths| lengths.total).max(1);
    PartDescription { part, pieces: pieces.len(), lengths, sounding: pieces.sounding() as f64 / steps as f64 }
}
