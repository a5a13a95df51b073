//! Reads JSON piano rolls directly into flat storage. The visitors keep track of the location for messages.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::pieces::Pieces;
use crate::labelled::error::{Location, Problem, quoted};

/// Names of the parts.
pub(super) const PARTS: [&str; 3] = ["train", "valid", "test"];

/// The data read so far, and the current location.
#[derive(Default)]
pub(super) struct State {
    pub(super) parts: [Option<Pieces>; 3],
    /// A problem other than invalid JSON.
    pub(super) problem: Option<Problem>,
    now: Option<(usize, Now)>,
}

/// The current location within a part.
#[derive(Clone, Copy)]
enum Now {
    Part,
    Piece(usize),
    Step(usize, usize),
}

impl State {
    /// Returns the current location.
    pub(super) fn location(&self) -> Location {
        match self.now {
            None | Some((_, Now::Part)) => Location::File,
            Some((part, Now::Piece(piece))) => Location::Piece { part: PARTS[part], piece, step: None },
            Some((part, Now::Step(piece, step))) => {
                Location::Piece { part: PARTS[part], piece, step: Some(step) }
            }
        }
    }

    fn fail<E: Error>(&mut self, problem: Problem) -> E {
        self.problem = Some(problem);
        E::custom("see the problem")
    }
}

/// The whole file.
pub(super) struct Parts<'s>(pub(super) &'s mut State);

/// The list of pieces of a part.
struct Part<'s>(&'s mut State, usize);

/// The list of steps of a piece.
struct Piece<'s>(&'s mut State, &'s mut Pieces, usize, usize);

/// The list of keys of a step.
struct Step<'s>(&'s mut Pieces);

impl<'de> DeserializeSeed<'de> for Parts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of parts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let Some(part) = PARTS.iter().position(|part| *part == name) else {
                return Err(A::Error::custom(format!("{} is not a part", quoted(&name))));
            };
            if self.0.parts[part].is_some() {
                return Err(A::Error::custom(format!("{} occurs twice", quoted(&name))));
            }
            map.next_value_seed(Part(self.0, part))?;
            self.0.now = None;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pieces")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self(state, part) = self;
        let mut pieces = Pieces { keys: Vec::new(), steps: vec![0], pieces: vec![0] };
        for piece in 0.. {
            state.now = Some((part, Now::Piece(piece)));
            if list.next_element_seed(Piece(state, &mut pieces, part, piece))?.is_none() {
                break;
            }
            let steps = pieces.steps.len() - 1;
            if pieces.pieces.last() == Some(&steps) {
                return Err(state.fail(Problem::EmptyPiece));
            }
            pieces.pieces.push(steps);
        }
        state.now = Some((part, Now::Part));
        if pieces.is_empty() {
            return Err(state.fail(Problem::NoPieces { part: PARTS[part] }));
        }
        state.parts[part] = Some(pieces);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Piece<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Piece<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of steps")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self(state, pieces, part, piece) = self;
        for step in 0.. {
            state.now = Some((part, Now::Step(piece, step)));
            if list.next_element_seed(Step(pieces))?.is_none() {
                break;
            }
        }
        state.now = Some((part, Now::Piece(piece)));
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let start = self.0.keys.len();
        while let Some(key) = list.next_element::<u64>()? {
            // A number beyond 32 bits is not a piano key either.
            self.0.keys.push(u32::try_from(key).unwrap_or(u32::MAX));
        }
        // Sort the keys and remove duplicates.
        self.0.keys[start..].sort_unstable();
        let (mut kept, end) = (start, self.0.keys.len());
        for at in start..end {
            if at == start || self.0.keys[at] != self.0.keys[kept - 1] {
                self.0.keys[kept] = self.0.keys[at];
                kept += 1;
            }
        }
        self.0.keys.truncate(kept);
        self.0.steps.push(kept);
        Ok(())
    }
}
