//! Folders of text files: the name of a file without `.txt` is the label, and each line is an example.
//!
//! For example, names of people by language, or sentences by sentiment. A token is a character of the training part, a
//! byte or a word. Lines are used unchanged, white space included; only blank lines at the end of a file are ignored.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::builder::Builder;
use super::error::{LabelledError, Location, Problem};
use super::input::{Lines, failed, open_text, utf8};
use super::sequences::{Kind, Labelled, Origin};
use crate::encoding::{Decoded, Encoding};
use crate::vocabulary::{TokenLevel, Vocabulary};
use longspan::batch::IGNORE;

/// The tokens of the examples.
#[derive(Clone, Copy, Debug)]
pub enum Tokens<'v> {
    /// Builds a vocabulary from these examples, at this level.
    Build(TokenLevel),
    /// Uses the vocabulary of the training part.
    Use(&'v Vocabulary),
}

/// One file: its label, its path in messages, its content.
pub type File<R> = (String, PathBuf, R);

/// Reads the examples of the `.txt` files in `folder`, in the order of the file names. Unless the tokens are bytes, the
/// encoding of each file is recognised.
///
/// # Errors
/// [`LabelledError`] says what is wrong, with file and line.
pub fn open_folder(folder: &Path, tokens: Tokens<'_>) -> Result<Labelled, LabelledError> {
    open_in(folder, tokens, None)
}

/// As [`open_folder`], with all files in the given encoding.
pub(super) fn open_in(
    folder: &Path,
    tokens: Tokens<'_>,
    encoding: Option<Encoding>,
) -> Result<Labelled, LabelledError> {
    let unreadable = |error| failed(folder, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            paths.push(path);
        }
    }
    paths.sort();
    let label = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let files = paths.into_iter().map(|path| Ok((label(&path), path.clone(), open_text(&path)?)));
    read_in(files, folder, tokens, encoding)
}

/// Reads one file with one example per line, without labels.
pub(super) fn read_unlabelled(
    input: impl Read,
    path: &Path,
    vocabulary: &Vocabulary,
    encoding: Option<Encoding>,
) -> Result<Labelled, LabelledError> {
    let file = Ok((String::new(), path.to_owned(), input));
    let mut labelled = read_in([file], path, Tokens::Use(vocabulary), encoding)?;
    labelled.labels.fill(IGNORE);
    Ok(labelled)
}

/// Reads the examples of `files`. Messages about all of them name `folder`. The classes have the order of the files.
///
/// # Errors
/// [`LabelledError`] says what is wrong, with file and line.
pub fn read<R: Read>(
    files: impl IntoIterator<Item = Result<File<R>, LabelledError>>,
    folder: &Path,
    tokens: Tokens<'_>,
) -> Result<Labelled, LabelledError> {
    read_in(files, folder, tokens, None)
}

/// As [`read`], decoded from the given encoding, or from the one that is recognised in each file.
fn read_in<R: Read>(
    files: impl IntoIterator<Item = Result<File<R>, LabelledError>>,
    folder: &Path,
    tokens: Tokens<'_>,
    encoding: Option<Encoding>,
) -> Result<Labelled, LabelledError> {
    let level = match tokens {
        Tokens::Build(level) => level,
        Tokens::Use(vocabulary) => vocabulary.level(),
    };
    // The vocabulary needs the whole text before the first token can be encoded.
    let files = files
        .into_iter()
        .map(|file| file.and_then(|file| Text::read(file, level, encoding)))
        .collect::<Result<Vec<Text>, _>>()?;
    if files.is_empty() {
        return Err(Problem::NoFiles.at(folder, Location::File));
    }
    let vocabulary = match tokens {
        Tokens::Use(vocabulary) => vocabulary.clone(),
        Tokens::Build(level) => build(&files, level),
    };
    let mut starts = Vec::new();
    let mut count = 0;
    for file in &files {
        starts.push((count, file.path.clone()));
        count += file.ends.len();
    }
    let mut builder =
        Builder::new(folder, Kind::Tokens { vocabulary: vocabulary.clone() }, Origin::Files(starts));
    for file in &files {
        let class = builder.class(&file.label);
        let mut start = 0;
        for (line, &end) in file.ends.iter().enumerate() {
            let line = line as u64 + 1;
            let location = |problem: Problem| problem.at(&file.path, Location::Line(line));
            encode(&vocabulary, &file.bytes[start..end], &mut builder.tokens).map_err(location)?;
            builder.end(class, line).map_err(location)?;
            start = end;
        }
    }
    let mut labelled = builder.finish(false)?;
    let decoded = files.iter().map(|file| file.encoding).find(|&encoding| encoding != Encoding::UTF_8);
    labelled.encoding = decoded.unwrap_or(Encoding::UTF_8);
    Ok(labelled)
}

/// The lines of a file without line ends, one after another.
pub(super) struct Text {
    label: String,
    path: PathBuf,
    bytes: Vec<u8>,
    /// End of each line in `bytes`.
    ends: Vec<usize>,
    encoding: Encoding,
}

impl Text {
    /// No lines yet.
    pub(super) fn empty(path: &Path) -> Self {
        let (label, path) = (String::new(), path.to_owned());
        Self { label, path, bytes: Vec::new(), ends: Vec::new(), encoding: Encoding::UTF_8 }
    }

    /// Adds a line.
    pub(super) fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
    }

    /// The lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }

    fn read(
        (label, path, input): File<impl Read>,
        level: TokenLevel,
        encoding: Option<Encoding>,
    ) -> Result<Self, LabelledError> {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        let input = match level {
            TokenLevel::Byte => Decoded::raw(input),
            _ => Decoded::new(input, encoding),
        };
        let mut lines = Lines::new(input, &path);
        let mut blank = None;
        while let Some((line, content)) = lines.next()? {
            if content.trim_ascii().is_empty() {
                blank.get_or_insert(line);
                continue;
            }
            if let Some(line) = blank {
                return Err(Problem::EmptySequence.at(&path, Location::Line(line)));
            }
            if level != TokenLevel::Byte {
                utf8(content, &path, line, ", or use --level byte")?;
            }
            bytes.extend_from_slice(content);
            ends.push(bytes.len());
        }
        if ends.is_empty() {
            return Err(Problem::NoSequences.at(&path, Location::File));
        }
        let encoding = lines.get_ref().encoding();
        Ok(Self { label, path, bytes, ends, encoding })
    }
}

pub(super) fn build(files: &[Text], level: TokenLevel) -> Vocabulary {
    let mut text = String::new();
    if level == TokenLevel::Byte {
        return Vocabulary::bytes();
    }
    for file in files {
        let mut start = 0;
        for &end in &file.ends {
            // A space separates the last word of a line from the first of the next.
            text.push_str(&String::from_utf8_lossy(&file.bytes[start..end]));
            if level == TokenLevel::Word {
                text.push('\n');
            }
            start = end;
        }
    }
    match level {
        TokenLevel::Word => Vocabulary::words(&text, None).expect("any size is enough"),
        _ => Vocabulary::chars(&text),
    }
}

pub(super) fn encode(vocabulary: &Vocabulary, line: &[u8], tokens: &mut Vec<u32>) -> Result<(), Problem> {
    let text = String::from_utf8_lossy(line);
    match vocabulary.level() {
        TokenLevel::Byte => tokens.extend(line.iter().map(|&byte| u32::from(byte))),
        TokenLevel::Char => {
            for character in text.chars() {
                let token = vocabulary.id(character.encode_utf8(&mut [0; 4]));
                tokens.push(token.ok_or(Problem::UnknownChar { character })?);
            }
        }
        TokenLevel::Word | TokenLevel::Tokenizer => {
            let token = |word| vocabulary.id(word).or(vocabulary.unknown());
            tokens.extend(text.split_whitespace().filter_map(token));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &[u8])], tokens: Tokens<'_>) -> Result<Labelled, LabelledError> {
        let file = |&(label, bytes): &(&str, &[u8])| {
            Ok((
                label.to_owned(),
                PathBuf::from(format!("dir/{label}.txt")),
                std::io::Cursor::new(bytes.to_vec()),
            ))
        };
        read(files.iter().map(file).collect::<Vec<_>>(), Path::new("dir"), tokens)
    }

    #[test]
    fn lines_are_examples_and_file_names_are_labels() {
        let files: [(&str, &[u8]); 2] =
            [("german", "\u{feff}Groß\r\nÄ b\r\n".as_bytes()), ("irish", "bó\n\n\n".as_bytes())];
        let labelled = of(&files, Tokens::Build(TokenLevel::Char)).unwrap();
        let Kind::Tokens { vocabulary } = labelled.kind() else { panic!("{:?}", labelled.kind()) };
        assert_eq!(*vocabulary, Vocabulary::chars(" GborsßÄó".replace('s', "").as_str()));
        let lines: Vec<_> = (0..labelled.len()).map(|i| vocabulary.decode(labelled.tokens(i))).collect();
        assert_eq!(lines, ["Groß", "Ä b", "bó"]);
        assert_eq!((labelled.labels(), labelled.length(0)), (&[0, 0, 1][..], 4));
        assert_eq!(labelled.classes(), ["german", "irish"]);
        // With the vocabulary of the training part, a character that it lacks is an error.
        let test = of(&[("irish", "rob".as_bytes())], Tokens::Use(vocabulary)).unwrap();
        assert_eq!(vocabulary.decode(test.tokens(0)), "rob");
        let error = of(&[("irish", "bob\nbox".as_bytes())], Tokens::Use(vocabulary)).unwrap_err().to_string();
        assert!(error.contains("dir/irish.txt: line 2: the character 'x' (U+0078)"), "{error}");
        let words = of(&[("a", b"to be  or\nnot to be")], Tokens::Build(TokenLevel::Word)).unwrap();
        assert_eq!((words.length(0), words.tokens(0)[..2] == words.tokens(1)[1..]), (3, true));
    }

    #[test]
    fn errors_name_file_and_line() {
        let fails = |files: &[(&str, &[u8])], parts: &[&str]| {
            let error = of(files, Tokens::Build(TokenLevel::Char)).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{error:?} without {part:?}");
            }
        };
        fails(&[], &["dir: the folder has no .txt file"]);
        fails(&[("a", b"x"), ("b", b"\n")], &["dir/b.txt: there is no sequence"]);
        fails(&[("a", b"x\n \ny")], &["dir/a.txt: line 2: the sequence is empty"]);
        fails(
            &[("a", b"\xc3\xa4\nf\xfcr")],
            &["dir/a.txt: line 2: not valid UTF-8 from byte 2", "--level byte"],
        );
        fails(&[("a", b"x"), ("b", b"y\0z")], &["dir/b.txt: byte 1 (from 0) is NUL"]);
        let latin = of(&[("a", b"ok"), ("b", b"f\xfcr")], Tokens::Build(TokenLevel::Char)).unwrap();
        let Kind::Tokens { vocabulary } = latin.kind() else { panic!("{:?}", latin.kind()) };
        assert_eq!(
            (vocabulary.decode(latin.tokens(1)).as_str(), latin.encoding().name()),
            ("für", "windows-1252")
        );
        let bytes = of(&[("a", b"f\xfcr")], Tokens::Build(TokenLevel::Byte)).unwrap();
        assert_eq!(bytes.tokens(0), [0x66, 0xfc, 0x72]);
    }
}
