//! Data of a run that have moved to another path.

use std::path::{Path, PathBuf};

use super::DataRecord;
use crate::config::{Config, KEYS};

/// The new paths of the files of a run whose data are now at `path`, by the names of their settings. Other files of the run that
/// are missing are looked for beside it.
pub fn moved(config: &Config, path: &Path) -> Vec<(&'static str, PathBuf)> {
    let old = |key: &str| config.get(key).text().map(PathBuf::from);
    let source = ["text", "labelled", "series"].into_iter().find(|source| old(source).is_some());
    let Some(source) = source else { return Vec::new() };
    let others = KEYS.iter().filter(|key| key.takes == "FILE" && key.name != "vocab" && key.name != source);
    let others = others.filter_map(|key| {
        let old = old(key.name).filter(|old| !old.exists())?;
        Some((key.name, path.with_file_name(old.file_name()?))).filter(|(_, beside)| beside.exists())
    });
    std::iter::once((source, path.to_owned())).chain(others).collect()
}

/// How data differ from those that a run recorded; None if they are the same.
pub fn difference(recorded: &DataRecord, now: &DataRecord) -> Option<String> {
    let (old, new) = (&recorded.parts, &now.parts);
    let sizes = [
        ("training", old.train, new.train),
        ("validation", old.valid, new.valid),
        ("test", old.test, new.test),
    ];
    if let Some((part, old, new)) = sizes.into_iter().find(|(_, old, new)| old != new) {
        return Some(format!("its {part} part had {old} {}, and now {new}", recorded.parts.items));
    }
    let (old, new) = (&recorded.fingerprint, &now.fingerprint);
    (old != new).then(|| {
        format!(
            "its training part has as many {} but other content: fingerprint {old} then, {new} now",
            recorded.parts.items
        )
    })
}
