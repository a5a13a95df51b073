//! Why a table cannot be read: the file, the line, the value and the way out.

use std::io;
use std::path::{Path, PathBuf};

use super::misfit::Misfit;
use super::options::Decimal;
use crate::encoding::EncodingError;
use crate::file::FileError;
use crate::gzip::Expands;
use crate::memory::OutOfMemory;
use crate::wording::counted;

/// Why a table cannot be read. Lines and fields are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are named as the message uses them")]
pub enum TableError {
    /// The file cannot be opened or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is a damaged gzip file.
    #[error("{} is compressed with gzip and cannot be decompressed ({error}): it is cut off or damaged, so download it again", path.display())]
    Damaged { path: PathBuf, error: io::Error },
    /// The content of a gzip file is much larger than the file.
    #[error("{}: {Expands}", path.display())]
    Expands { path: PathBuf },
    /// The rows do not fit into memory.
    #[error("{}: the rows up to line {line} need {problem}: use a part of the file, or fewer --columns", path.display())]
    Memory { path: PathBuf, line: u64, problem: OutOfMemory },
    /// The bytes are no text, or not in the encoding.
    #[error("{}: {problem}", path.display())]
    Encoding { path: PathBuf, problem: EncodingError },
    /// The file has only blank lines.
    #[error("{} is empty: name a file with a line of column names and rows of numbers", path.display())]
    Empty { path: PathBuf },
    /// The file has column names and no rows.
    #[error("{} has a line of column names and no rows: name a file with rows of numbers", path.display())]
    HeaderOnly { path: PathBuf },
    /// Two columns have the same name.
    #[error("{}: line {line} names two columns \"{name}\": rename one of them, or say with --no-header that the line has values", path.display())]
    DuplicateName { path: PathBuf, line: u64, name: String },
    /// Bytes are not valid UTF-8.
    #[error("{}: line {line}, field {field} (\"{value}\") is not valid UTF-8 from byte {byte}: correct it, or name the encoding of the file (--encoding)", path.display())]
    NotUtf8 { path: PathBuf, line: u64, field: usize, byte: usize, value: String },
    /// A row is longer than the limit.
    #[error(
        "{}: line {line} begins a row of more than {limit} bytes: check that this is a table, close the quotes of its \
         fields, and put every row on a line of its own",
        path.display()
    )]
    RowTooLong { path: PathBuf, line: u64, limit: u64 },
    /// A row has more or fewer fields than there are columns.
    #[error(
        "{}: line {line} has {} instead of {expected}, {}: complete the row or remove it, and close the quotes of its \
         fields; if another separator is meant, name it with --separator{}",
        path.display(), counted(*found as u64, "field"),
        if header.is_some() { "as the header names" } else { "as the rows before it" },
        header
            .filter(|header| header + 1 == *line)
            .map(|header| format!("; if line {header} does not name the columns, remove it"))
            .unwrap_or_default()
    )]
    Ragged { path: PathBuf, line: u64, found: usize, expected: usize, header: Option<u64> },
    /// A comma separates fields, or is a decimal mark.
    #[error(
        "{}: line {line} has \"{value}\", which may be one number with a decimal comma or two fields: say which with \
         --decimal , or --separator ,",
        path.display()
    )]
    CommaOrDecimal { path: PathBuf, line: u64, value: String },
    /// A setting names a column that does not exist.
    #[error(
        "{}: line {line} has no column \"{name}\", which {flag} names: {}its columns are {names}",
        path.display(), nearest.as_ref().map(|n| format!("did you mean {n}? ")).unwrap_or_default()
    )]
    NoColumn {
        path: PathBuf,
        line: u64,
        flag: &'static str,
        name: Box<str>,
        nearest: Option<Box<str>>,
        names: Box<str>,
    },
    /// A setting names a column of a key twice.
    #[error("{flag} names \"{name}\" twice: name every column once")]
    KeyTwice { flag: &'static str, name: String },
    /// A number column contains text.
    #[error(
        "{}: line {line}, column {column} has \"{value}\", which is not a number{}: correct it, say with --na that \
         such a value is missing, or leave the column out (of a series, with --columns){}{}",
        path.display(),
        if *decimal == Decimal::Comma { " with a decimal comma, as the table has" } else { "" },
        if *decimal == Decimal::Comma || value.contains(',') { ", or name the decimal mark with --decimal" } else { "" },
        if is_word(value) { ", or, if its words are categories, name the column with --categorical" } else { "" }
    )]
    NotANumber { path: PathBuf, line: u64, column: String, value: String, decimal: Decimal },
    /// A number is written in a way that has two meanings.
    #[error(
        "{}: line {line}, column {column} has \"{value}\", whose comma may be a thousands separator or a decimal comma: \
         say which with --decimal . or --decimal ,",
        path.display()
    )]
    AmbiguousNumber { path: PathBuf, line: u64, column: String, value: String },
    /// A number overflows single precision.
    #[error(
        "{}: line {line}, column {column} has \"{value}\", which is not finite in single precision (beyond 3.4e38): \
         write NA if it is missing, or rescale the column",
        path.display()
    )]
    NotFinite { path: PathBuf, line: u64, column: String, value: String },
}

impl TableError {
    /// Classifies the error of a failed read.
    pub(crate) fn unreadable(path: &Path, error: io::Error, need: &'static str) -> Self {
        if let Some(problem) = EncodingError::of(&error) {
            return Self::Encoding { path: path.to_owned(), problem };
        }
        match error.kind() {
            _ if Expands::is(&error) => Self::Expands { path: path.to_owned() },
            io::ErrorKind::InvalidData => Self::Damaged { path: path.to_owned(), error },
            _ => FileError::new(path, error, need).into(),
        }
    }

    /// The error of a field that is not a number of its column.
    pub(crate) fn misfit(
        misfit: Misfit,
        path: &Path,
        line: u64,
        column: &str,
        value: &str,
        decimal: Decimal,
    ) -> Self {
        let (path, column, value) = (path.to_owned(), shorten(column), shorten(value));
        match misfit {
            Misfit::Text => Self::NotANumber { path, line, column, value, decimal },
            Misfit::Ambiguous => Self::AmbiguousNumber { path, line, column, value },
            Misfit::NotFinite => Self::NotFinite { path, line, column, value },
        }
    }
}

/// Whether a value may name a category: it has letters and no digits.
fn is_word(value: &str) -> bool {
    value.contains(char::is_alphabetic) && !value.contains(|c: char| c.is_ascii_digit())
}

/// Shortens a value to one line for a message.
pub(crate) fn shorten(value: &str) -> String {
    const LONGEST: usize = 40;
    let (shown, more) = match value.char_indices().nth(LONGEST) {
        Some((cut, _)) => (&value[..cut], "…"),
        None => (value, ""),
    };
    let mut short = String::with_capacity(shown.len());
    for character in shown.chars() {
        match character.is_control() {
            true => short.extend(character.escape_default()),
            false => short.push(character),
        }
    }
    short + more
}

/// Lists names, at most a few of them.
pub(crate) fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let more = names.len().saturating_sub(MOST);
    let mut list = names.take(MOST).map(shorten).collect::<Vec<_>>().join(", ");
    if more > 0 {
        list += &format!(" and {more} more");
    }
    list
}
