//! Arrays of NumPy as the table of one series.
//!
//! ```text
//! x.npy    [T, D] or [T]                        D columns of T rows, called c0, c1, …
//! x.npz    arrays of one length T, [T] each     one column each, with the name of the array
//!          and [T, D]                           D columns; called c0, c1, … if there is one such array
//! ```
//!
//! Times (`datetime64`) and strings become columns, too. The arrays are written as rows of text, one piece at a time, so
//! that they are read like any other table: line 1 has the names, line 2 the first row. NaN is an empty field.

use std::io::{self, Read};
use std::path::Path;

use super::arrays::Arrays;
use super::npy::{ArrayError, Header};
use crate::labelled::error::{LabelledError, Location, Problem};
use crate::table::{Decimal, Separator, TableOptions};

/// Number of rows that are written at a time.
const ROWS: usize = 256;

/// The elements of an array.
enum Elements {
    Numbers(Vec<f64>),
    /// Strings, or times as text.
    Texts(Vec<String>),
}

/// One array of T rows.
struct Part {
    /// Number of columns.
    width: usize,
    elements: Elements,
}

/// The text of a table, written while it is read.
pub(crate) struct ArrayText {
    parts: Vec<Part>,
    rows: usize,
    /// The next row.
    row: usize,
    /// Text that was not read yet, from `begin`.
    text: Vec<u8>,
    begin: usize,
}

/// Reads the arrays of a file as the columns of one series.
///
/// # Errors
/// [`LabelledError`] if an array cannot be read, or the arrays are no series.
pub(crate) fn series(path: &Path) -> Result<ArrayText, LabelledError> {
    let wrong = |what: String| Problem::Array { what }.at(path, Location::File);
    let mut arrays = Arrays::open(path)?;
    let names = arrays.names();
    let mut read = Vec::new();
    for name in &names {
        let elements = |header: &Header, input: &mut dyn Read| -> Result<Elements, ArrayError> {
            Ok(match header.is_number() {
                true => Elements::Numbers(header.numbers(input)?),
                false => Elements::Texts(header.labels(input)?),
            })
        };
        let (header, elements) = arrays.member(name, elements)?;
        let (rows, width) = match header.shape[..] {
            [rows] => (rows, None),
            [rows, width] => (rows, Some(width)),
            _ => {
                return Err(wrong(format!(
                    "{name} has the shape {}: the rows of a series are [T, D] or [T]; sequences with labels are read with \
                     --labelled",
                    header.shape()
                )));
            }
        };
        if width.is_some() && matches!(elements, Elements::Texts(_)) {
            return Err(wrong(format!(
                "{name} has the shape {} and no numbers: a column of times or strings is an array [T]",
                header.shape()
            )));
        }
        read.push((name, rows, width, elements));
    }
    let Some(&(first, rows, ..)) = read.first() else { return Err(wrong("there is no array".into())) };
    if let Some((name, other, ..)) = read.iter().find(|(_, other, ..)| *other != rows) {
        return Err(wrong(format!(
            "{first} has {rows} rows and {name} has {other}: the columns of a series have one length, so write those that \
             belong together into a file of their own"
        )));
    }
    let matrices = read.iter().filter(|(_, _, width, _)| width.is_some()).count();
    let mut columns = Vec::new();
    let mut parts = Vec::new();
    for (name, _, width, elements) in read {
        match width {
            None if names.len() == 1 && !arrays.is_archive() => columns.push("c0".to_owned()),
            None => columns.push(name.clone()),
            Some(width) if matrices == 1 => columns.extend((0..width).map(|column| format!("c{column}"))),
            Some(width) => columns.extend((0..width).map(|column| format!("{name}{column}"))),
        }
        parts.push(Part { width: width.unwrap_or(1), elements });
    }
    let mut text = ArrayText { parts, rows, row: 0, text: Vec::new(), begin: 0 };
    text.write([columns]);
    Ok(text)
}

/// How the text is written; other missing values may be named.
pub(crate) fn table_options(given: &TableOptions) -> TableOptions {
    TableOptions {
        separator: Some(Separator::COMMA),
        decimal: Some(Decimal::Point),
        header: true,
        na: given.na.clone(),
        ..TableOptions::default()
    }
}

impl ArrayText {
    /// Replaces the text by these rows.
    fn write(&mut self, rows: impl IntoIterator<Item = Vec<String>>) {
        let mut writer = csv::Writer::from_writer(std::mem::take(&mut self.text));
        for row in rows {
            writer.write_record(row).expect("rows of one length are written to memory");
        }
        self.text = writer.into_inner().expect("memory can be written to");
        self.begin = 0;
    }

    fn fields(&self, row: usize) -> Vec<String> {
        let of = |part: &Part| -> Vec<String> {
            let fields = row * part.width..(row + 1) * part.width;
            match &part.elements {
                Elements::Numbers(numbers) => numbers[fields].iter().map(written).collect(),
                Elements::Texts(texts) => texts[fields].to_vec(),
            }
        };
        self.parts.iter().flat_map(of).collect()
    }
}

/// The shortest text that is read as the same number; nothing for NaN.
fn written(number: &f64) -> String {
    if number.is_nan() { String::new() } else { number.to_string() }
}

impl Read for ArrayText {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.begin == self.text.len() {
            self.text.clear();
            let rows = self.row..self.rows.min(self.row + ROWS);
            self.row = rows.end;
            let fields: Vec<Vec<String>> = rows.map(|row| self.fields(row)).collect();
            self.write(fields);
        }
        let count = (&self.text[self.begin..]).read(buffer)?;
        self.begin += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::npy::tests::npy;
    use super::*;

    fn text(files: &[(&str, Vec<u8>)]) -> Result<String, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = match files {
            [("", bytes)] => {
                let path = dir.path().join("x.npy");
                std::fs::write(&path, bytes).unwrap();
                path
            }
            _ => {
                let path = dir.path().join("x.npz");
                let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
                for (name, bytes) in files {
                    archive
                        .start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default())
                        .unwrap();
                    io::Write::write_all(&mut archive, bytes).unwrap();
                }
                archive.finish().unwrap();
                path
            }
        };
        let mut text = String::new();
        series(&path).map_err(|error| error.to_string())?.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    fn floats(numbers: &[f64]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    #[test]
    fn rows_are_steps_and_arrays_are_columns() {
        let matrix = npy("<f8", "(3, 2)", false, &floats(&[1.0, 0.1, 2.0, f64::NAN, 1e-7, -3.0]));
        assert_eq!(text(&[("", matrix.clone())]).unwrap(), "c0,c1\n1,0.1\n2,\n0.0000001,-3\n");
        let vector = npy("<f4", "(2,)", false, &[0.1f32.to_le_bytes(), 2f32.to_le_bytes()].concat());
        // A number of single precision keeps its value.
        assert_eq!(text(&[("", vector)]).unwrap(), "c0\n0.10000000149011612\n2\n");
        let days: Vec<u8> = [0i64, 1, 18262].iter().flat_map(|day| day.to_le_bytes()).collect();
        let times = npy("<M8[D]", "(3,)", false, &days);
        let load = npy("|i1", "(3,)", false, &[5, 0xff, 7]);
        let site = npy("|S3", "(3,)", false, b"a\0\0b,c\0\0\0");
        let found = text(&[("when", times.clone()), ("load", load.clone()), ("site", site)]).unwrap();
        assert_eq!(found, "when,load,site\n1970-01-01,5,a\n1970-01-02,-1,\"b,c\"\n2020-01-01,7,\n");
        let found = text(&[("X", matrix.clone()), ("y", load.clone())]).unwrap();
        assert_eq!(found.lines().next(), Some("c0,c1,y"));
        let found = text(&[("a", matrix.clone()), ("b", matrix.clone())]).unwrap();
        assert_eq!(found.lines().next(), Some("a0,a1,b0,b1"));
        let many = npy("|i1", "(1000,)", false, &[3; 1000]);
        assert_eq!(text(&[("", many)]).unwrap(), format!("c0\n{}", "3\n".repeat(1000)));

        for (arrays, part) in [
            (
                vec![("x", load.clone()), ("y", npy("|i1", "(2,)", false, &[1, 2]))],
                "x has 3 rows and y has 2",
            ),
            (vec![("x", npy("|i1", "(1, 2, 1)", false, &[1, 2]))], "x has the shape (1, 2, 1)"),
            (vec![("x", npy("<M8[M]", "(1,)", false, &[0; 8]))], "datetime64[s]"),
            (vec![("x", npy("<M8[s]", "(1,)", false, &i64::MAX.to_le_bytes()))], "beyond the calendar"),
            (vec![("x", npy("<M8[D]", "(1, 1)", false, &[0; 8]))], "an array [T]"),
            (vec![("x", npy("|O", "(1,)", false, &[0; 8]))], "Python objects"),
            (vec![], "no array"),
        ] {
            let error = text(&arrays).unwrap_err();
            assert!(error.contains(part) && error.contains("x.npz"), "{error} without {part}");
        }
    }
}
