//! Piano rolls: the keys that sound at each step, without labels. A model predicts the next step, key by key.
//!
//! ```text
//! {"train": [[[39, 51, 58, 67], [51, 58], []], ...], "valid": [...], "test": [...]}
//! ```
//!
//! A piano has [`KEYS`] keys, MIDI 21 to 108. A file numbers them from 0 or as MIDI does, and all its keys together
//! decide which: a number below 21 is not a MIDI key, and one above 87 is not an index. If neither occurs, the
//! numbering is the one under which the mean pitch is closer to the middle of the keyboard, MIDI 64.5. (The mean of
//! music is within an octave of it, and the numberings are 21 keys apart.)
//!
//! # References
//! Boulanger-Lewandowski, Bengio, Vincent, "Modeling temporal dependencies in high-dimensional sequences: application
//! to polyphonic music generation and transcription", ICML 2012 (the task and its splits).

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeSeed;

use super::error::{LabelledError, Location, Problem, shortened};
use super::input::{failed, open};

mod json;
mod pieces;

use json::State;
pub use pieces::{KEYS, Pieces};

/// MIDI number of the lowest key.
pub const LOWEST: u32 = 21;

/// How a file numbers the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Numbering {
    /// From 0 to 87.
    Index,
    /// From 21 to 108.
    Midi,
}

/// The parts of a file.
#[derive(Clone, Debug)]
pub struct Music {
    /// The file.
    pub path: PathBuf,
    /// How the file numbers the keys.
    pub numbering: Numbering,
    /// For training.
    pub train: Pieces,
    /// For validation.
    pub valid: Option<Pieces>,
    /// For the test at the end.
    pub test: Option<Pieces>,
}

impl Music {
    /// Reads a file of piano rolls, and decompresses it if it is gzip.
    ///
    /// # Errors
    /// [`LabelledError`] says what is wrong, with piece and step.
    pub fn open(path: &Path) -> Result<Self, LabelledError> {
        Self::read(open(path)?, path)
    }

    /// Reads piano rolls from `input`. The path is for messages.
    ///
    /// # Errors
    /// [`LabelledError`] says what is wrong, with piece and step.
    pub fn read(input: impl Read, path: &Path) -> Result<Self, LabelledError> {
        let mut state = State::default();
        let mut json = serde_json::Deserializer::from_reader(BufReader::new(input));
        if let Err(error) = json::Parts(&mut state).deserialize(&mut json).and_then(|()| json.end()) {
            return Err(match state.problem.take() {
                Some(problem) => problem.at(path, state.location()),
                None if error.is_io() => failed(path, error.into()),
                None => Problem::Json { what: shortened(&error.to_string(), 160).to_owned() }
                    .at(path, state.location()),
            });
        }
        let State { parts, .. } = state;
        let numbering = numbering(&parts, path)?;
        let shift = if numbering == Numbering::Midi { LOWEST } else { 0 };
        let [train, valid, test] = parts.map(|part| {
            let mut pieces = part?;
            pieces.keys.iter_mut().for_each(|key| *key -= shift);
            Some(pieces)
        });
        let train = train.ok_or_else(|| Problem::NoPieces { part: "train" }.at(path, Location::File))?;
        Ok(Self { path: path.to_owned(), numbering, train, valid, test })
    }
}

/// Returns the numbering that fits all keys.
fn numbering(parts: &[Option<Pieces>; 3], path: &Path) -> Result<Numbering, LabelledError> {
    let keys = || parts.iter().flatten().flat_map(|pieces| pieces.keys.iter().copied());
    let fault = |wrong: &dyn Fn(u32) -> bool, range| {
        let (location, key) = json::PARTS
            .iter()
            .zip(parts)
            .find_map(|(part, pieces)| pieces.as_ref()?.find(part, wrong))
            .expect("a wrong key exists");
        Problem::Key { key, range }.at(path, location)
    };
    let (low, high) = (keys().min().unwrap_or(0), keys().max().unwrap_or(0));
    if high >= LOWEST + KEYS as u32 {
        return Err(fault(&|key| key >= LOWEST + KEYS as u32, "0 to 87, or 21 to 108 as MIDI numbers"));
    }
    match (low < LOWEST, high >= KEYS as u32) {
        (true, true) => Err(fault(&|key| key >= KEYS as u32, "0 to 87 where a key below 21 occurs")),
        (true, false) => Ok(Numbering::Index),
        (false, true) => Ok(Numbering::Midi),
        (false, false) => {
            let count = keys().count().max(1) as f64;
            let mean = keys().map(f64::from).sum::<f64>() / count;
            let middle = f64::from(LOWEST) + (KEYS - 1) as f64 / 2.0;
            let as_index = (mean + f64::from(LOWEST) - middle).abs();
            Ok(if as_index < (mean - middle).abs() { Numbering::Index } else { Numbering::Midi })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Music, LabelledError> {
        Music::read(text.as_bytes(), Path::new("dir/x.json"))
    }

    #[test]
    fn pieces_are_steps_of_keys() {
        let music = of(r#"{"train": [[[39, 3], [], [87]], [[0, 0]]], "test": [[[50]]]}"#).unwrap();
        assert_eq!((music.numbering, music.valid), (Numbering::Index, None));
        let train = &music.train;
        assert_eq!((train.len(), train.length(0), train.length(1)), (2, 3, 1));
        assert_eq!((train.keys(0, 0), train.keys(0, 1), train.keys(1, 0)), (&[3, 39][..], &[][..], &[0][..]));
        let mut roll = vec![9.0; 3 * KEYS];
        train.roll(0, &mut roll);
        let ones: Vec<usize> = (0..roll.len()).filter(|&i| roll[i] == 1.0).collect();
        assert_eq!((ones, roll.iter().sum::<f32>()), (vec![3, 39, 2 * 88 + 87], 3.0));
        assert_eq!(music.test.unwrap().keys(0, 0), [50]);
        assert_eq!((train.lengths().unwrap().total, train.range(), train.sounding()), (4, Some((0, 87)), 4));
    }

    #[test]
    fn all_keys_decide_the_numbering() {
        let of = |keys: &str| {
            let music = of(&format!(r#"{{"train": [[{keys}]]}}"#)).unwrap();
            (music.numbering, music.train.keys(0, 0).to_vec())
        };
        assert_eq!(of("[21, 108]"), (Numbering::Midi, vec![0, 87]));
        assert_eq!(of("[20, 60]"), (Numbering::Index, vec![20, 60]));
        assert_eq!(of("[60, 64, 67]"), (Numbering::Midi, vec![39, 43, 46]));
        assert_eq!(of("[39, 43, 46]"), (Numbering::Index, vec![39, 43, 46]));
        assert!(of("[], []").1.is_empty());
    }

    #[test]
    fn errors_name_piece_and_step() {
        let fails = |text: &str, parts: &[&str]| {
            let error = of(text).unwrap_err().to_string();
            for part in parts.iter().chain(&["dir/x.json"]) {
                assert!(error.contains(part), "{error:?} without {part:?}");
            }
        };
        let wrong = "train, piece 1, step 2 (from 0)";
        fails(r#"{"train": [[[1]], [[1], [2], [109]]]}"#, &[wrong, "key 109", "21 to 108"]);
        fails(r#"{"train": [[[1]], [[1], [2], [3, 88]]]}"#, &[wrong, "key 88", "below 21"]);
        fails(r#"{"train": [[[1]], [[1], [2], [-1]]]}"#, &[wrong, "-1"]);
        fails(r#"{"train": [[[1]], [[1], [2], [1.5]]]}"#, &[wrong, "1.5"]);
        fails(r#"{"train": [[[1]], [[1], [2], "a"]]}"#, &[wrong, "\"a\""]);
        fails(r#"{"train": [[[99999999999]]]}"#, &["train, piece 0, step 0", "key"]);
        fails(r#"{"train": [[[1]], []]}"#, &["train, piece 1 (from 0): the piece has no steps"]);
        fails(r#"{"train": [[[1]]], "valid": []}"#, &["valid has no pieces"]);
        fails(r#"{"test": [[[1]]]}"#, &["train has no pieces"]);
        fails(r#"{"train": [[[1]]], "dev": []}"#, &["\"dev\""]);
        fails(r#"{"train": [[[1]]], "train": [[[1]]]}"#, &["\"train\" occurs twice"]);
        fails(r#"{"train": [[[1]]]} x"#, &["trailing"]);
        fails("", &["EOF"]);
        fails(r#"{"train": [[[1"#, &["train, piece 0, step 0", "EOF"]);
        fails("[[[1]]]", &["expected", "\"train\""]);
    }
}
