//! Notices about the data of a run, as text.

use longspan_data::inspect::Note;

use crate::config::flag;
use crate::dialect::quoted;

/// A note, with the flags that address it.
pub fn notice(note: &Note) -> String {
    let flags = note.settings.iter().map(|set| format!("{} {}", flag(set.key), quoted(&set.value)));
    match note.settings.is_empty() {
        true => note.text.clone(),
        false => format!("{} ({})", note.text, flags.collect::<Vec<_>>().join(" ")),
    }
}

/// The texts of notes.
pub(super) fn all(notes: impl IntoIterator<Item = Note>) -> Vec<String> {
    notes.into_iter().map(|note| notice(&note)).collect()
}
