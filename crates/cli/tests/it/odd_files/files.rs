//! The files, and what is expected of each.

mod encodings;
mod foreign;
mod labelled;
mod numbers;
mod separators;
mod shapes;

use std::io::Write;

/// An odd file.
pub(super) struct Odd {
    /// What is odd about it.
    pub(super) what: &'static str,
    /// The files, with paths relative to the directory.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// What is inspected.
    pub(super) path: &'static str,
    /// Flags for `inspect` and `train`.
    pub(super) flags: &'static str,
    /// The flag with which `train` reads a file that `inspect` refuses.
    pub(super) read_as: &'static str,
    /// Parts of the notes that `inspect` and `train` give.
    pub(super) notes: &'static [&'static str],
    /// A part of the refusal of a stream of its lines; empty if the stream is read as the file.
    pub(super) stream: &'static str,
    /// The facts that `inspect` finds, or "refused: " and a part of the message.
    pub(super) expected: &'static str,
}

impl Odd {
    fn new(
        what: &'static str,
        path: &'static str,
        bytes: impl Into<Vec<u8>>,
        expected: &'static str,
    ) -> Self {
        let files = vec![(path.to_owned(), bytes.into())];
        Self { what, files, path, flags: "", read_as: "series", notes: &[], stream: "", expected }
    }

    fn flags(self, flags: &'static str) -> Self {
        Self { flags, ..self }
    }

    fn notes(self, notes: &'static [&'static str]) -> Self {
        Self { notes, ..self }
    }

    fn stream(self, stream: &'static str) -> Self {
        Self { stream, ..self }
    }

    fn read_as(self, read_as: &'static str) -> Self {
        Self { read_as, ..self }
    }
}

/// Rows of a table.
const ROWS: usize = 40;

fn lines(line: impl Fn(usize) -> String) -> String {
    (0..ROWS).map(|i| line(i) + "\n").collect()
}

/// Values of the columns x (1 to 6) and y (20.5 to 23.5).
fn x(i: usize) -> f64 {
    1.0 + (i * 3 % 11) as f64 * 0.5
}

fn y(i: usize) -> f64 {
    20.5 + (i * 2 % 7) as f64 * 0.5
}

const XY: &str = "40 rows: x 1..6, y 20.5..23.5";
const UNNAMED: &str = "40 rows: column 1 1..6, column 2 20.5..23.5";

/// A table of x and y.
fn xy(separator: &str) -> String {
    format!("x{separator}y\n{}", lines(|i| format!("{:.1}{separator}{:.1}", x(i), y(i))))
}

/// The same with decimal commas.
fn comma(separator: &str) -> String {
    xy(separator).replace('.', ",")
}

/// Text labels at the end of rows of eight numbers.
fn wide(separator: &str) -> String {
    let names: Vec<String> = (0..8).map(|k| format!("t{k}")).collect();
    let row = |i: usize| {
        let values: Vec<String> = (0..8).map(|k| format!("{:.2}", x(i + k) / 4.0)).collect();
        values.join(separator) + separator + ["up", "down"][i % 2]
    };
    format!("{}{separator}label\n{}", names.join(separator), lines(row))
}

/// As in the UCR archive: a label, then the values, without names.
fn ucr(separator: &str) -> String {
    lines(|i| {
        let values: Vec<String> = (0..10).map(|k| format!("{:.3}", x(i + k) / 3.0 - 1.0)).collect();
        format!("{}{separator}{}", 1 + i % 2, values.join(separator))
    })
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// An array of NumPy of float64.
fn npy(shape: &str, values: impl Iterator<Item = f64>) -> Vec<u8> {
    array("<f8", shape, values.flat_map(f64::to_le_bytes).collect())
}

/// An archive of arrays.
fn archive(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("memory");
        archive.write_all(bytes).expect("memory");
    }
    archive.finish().expect("memory").into_inner()
}

fn array(descr: &str, shape: &str, data: Vec<u8>) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    header += &" ".repeat(63 - (10 + header.len()) % 64);
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

/// A file that begins with these bytes.
fn begins(magic: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend((0..4000u32).map(|i| ((i * 7919) >> 3) as u8));
    bytes
}

pub(super) fn all() -> Vec<Odd> {
    [separators::all, numbers::all, shapes::all, encodings::all, labelled::all, foreign::all]
        .iter()
        .flat_map(|kind| kind())
        .collect()
}
