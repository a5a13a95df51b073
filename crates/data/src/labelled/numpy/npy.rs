//! One array of NumPy (`.npy`).
//!
//! ```text
//! 93 N U M P Y, version, length of the header (u16, from version 2 on u32; little-endian)
//! {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
//! the elements
//! ```
//!
//! # References
//! NumPy, `numpy.lib.format` (NEP 1, "A simple file format for NumPy arrays").

use std::io::{self, Read};

/// Most bytes of a header; NumPy writes about 100.
const LONGEST_HEADER: usize = 64 << 10;
/// Nanoseconds of a second and of a day.
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Number of bytes that are read at a time.
const CHUNK: usize = 64 << 10;

/// Why an array cannot be read.
#[derive(Debug)]
pub(super) enum ArrayError {
    /// The file cannot be read.
    Io(io::Error),
    /// What is wrong with the array.
    Bad(String),
}

impl From<io::Error> for ArrayError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Bad("ends early: write the file again".into()),
            _ => Self::Io(error),
        }
    }
}

fn bad<T>(what: impl Into<String>) -> Result<T, ArrayError> {
    Err(ArrayError::Bad(what.into()))
}

/// Type and shape of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// `f` floating point, `i` and `u` integers, `b` bool, `U` text, `S` bytes, `M` times.
    kind: u8,
    /// Nanoseconds of the unit of times; 0 for other elements.
    tick: i64,
    /// Number of bytes of an element.
    size: usize,
    big_endian: bool,
    /// Whether the first index varies fastest.
    fortran: bool,
    pub(super) shape: Vec<usize>,
}

impl Header {
    /// Reads the header; `most` is the largest number of bytes that elements can have.
    pub(super) fn read(input: &mut dyn Read, most: u64) -> Result<Self, ArrayError> {
        let mut begin = [0; 8];
        input.read_exact(&mut begin)?;
        if !begin.starts_with(b"\x93NUMPY") {
            return bad("is no array of NumPy");
        }
        let mut length = [0; 4];
        input.read_exact(if begin[6] == 1 { &mut length[..2] } else { &mut length })?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST_HEADER {
            return bad("has a damaged header");
        }
        let mut text = vec![0; length];
        input.read_exact(&mut text)?;
        let Some(header) = Self::parse(&String::from_utf8_lossy(&text))? else {
            return bad("has a damaged header");
        };
        // An element without bytes, such as an empty text, counts as one: it takes memory as well.
        let size = header.size.max(1) as u64;
        let bytes = header.shape.iter().try_fold(size, |n, &d| n.checked_mul(d as u64));
        match bytes {
            Some(bytes) if bytes <= most => Ok(header),
            _ => bad(format!("has the shape {}, and the file is too small for it", header.shape())),
        }
    }

    fn parse(text: &str) -> Result<Option<Self>, ArrayError> {
        let value = |key: &str| Some(text.split_once(key)?.1.trim_start().strip_prefix(':')?.trim_start());
        let (Some(descr), Some(order), Some(shape)) =
            (value("'descr'"), value("'fortran_order'"), value("'shape'"))
        else {
            return Ok(None);
        };
        let Some(descr) = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) else {
            return bad("has elements of several fields: write one array of numbers for each");
        };
        let mut letters = descr.0.bytes();
        let (order_of_bytes, kind) = (letters.next().unwrap_or(0), letters.next().unwrap_or(0));
        let count = descr.0.get(2..).and_then(|count| count.parse::<usize>().ok());
        let tick = match kind {
            b'M' => tick(descr.0)?,
            _ => 0,
        };
        let size = match (kind, count) {
            (b'M', _) => 8,
            (b'f', Some(size @ (2 | 4 | 8))) | (b'i' | b'u', Some(size @ (1 | 2 | 4 | 8))) => size,
            (b'b', Some(1)) => 1,
            (b'S', Some(size)) if size <= CHUNK => size,
            (b'U', Some(characters)) if characters <= CHUNK / 4 => 4 * characters,
            (b'O', _) => {
                return bad(
                    "contains Python objects: write sequences of different lengths as one array of numbers [N, T, D] \
                     padded with any value, and their lengths as an array of integers named lengths",
                );
            }
            _ => {
                return bad(format!("has elements of type {:?}: write floats, integers or strings", descr.0));
            }
        };
        let shape = shape.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(inside, _)| inside);
        let dimensions = shape.map(|inside| {
            let fields = inside.split(',').map(str::trim).filter(|field| !field.is_empty());
            fields.map(|field| field.parse::<usize>().ok()).collect::<Option<Vec<usize>>>()
        });
        let Some(Some(shape)) = dimensions else { return Ok(None) };
        let (big_endian, fortran) = (order_of_bytes == b'>', order.starts_with("True"));
        Ok(Some(Self { kind, tick, size, big_endian, fortran, shape }))
    }

    /// Bytes of memory that reading the elements takes, a lower estimate: 8 for a number, and the text of a label.
    pub(super) fn memory(&self) -> u64 {
        let elements = self.shape.iter().map(|&size| size as u64).product::<u64>();
        elements.saturating_mul(if self.is_text() { 24 } else { 8 })
    }

    /// The shape as Python writes it.
    pub(super) fn shape(&self) -> String {
        let sizes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        format!("({})", sizes.join(", "))
    }

    /// Whether the elements are floating point, not integers or text.
    pub(super) fn is_float(&self) -> bool {
        self.kind == b'f'
    }

    /// Whether the elements are numbers or booleans, neither text nor times.
    pub(super) fn is_number(&self) -> bool {
        !self.is_text() && self.kind != b'M'
    }

    /// Whether the elements are text.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, b'U' | b'S')
    }

    /// Calls `element` for the bytes of each element, in the order of the file.
    fn each(&self, input: &mut dyn Read, mut element: impl FnMut(&[u8])) -> Result<(), ArrayError> {
        let mut left: usize = self.shape.iter().product();
        if self.size == 0 {
            (0..left).for_each(|_| element(&[]));
            return Ok(());
        }
        let mut chunk = vec![0; (CHUNK / self.size).max(1) * self.size];
        while left > 0 {
            let count = left.min(chunk.len() / self.size);
            let bytes = &mut chunk[..count * self.size];
            input.read_exact(bytes)?;
            bytes.chunks_exact(self.size).for_each(&mut element);
            left -= count;
        }
        Ok(())
    }

    /// Reads elements that are numbers, with the last index varying fastest.
    pub(super) fn numbers(&self, input: &mut dyn Read) -> Result<Vec<f64>, ArrayError> {
        if !self.is_number() {
            let what = if self.is_text() { "text" } else { "times" };
            return bad(format!("has {what} where numbers are needed"));
        }
        let mut values = Vec::new();
        self.each(input, |bytes| {
            let whole = self.bits(bytes);
            let unused = 64 - 8 * bytes.len() as u32;
            values.push(match (self.kind, bytes.len()) {
                (b'f', 8) => f64::from_bits(whole),
                (b'f', 4) => f64::from(f32::from_bits(whole as u32)),
                (b'f', _) => half(whole as u16),
                (b'i', _) => (((whole << unused) as i64) >> unused) as f64,
                _ => whole as f64,
            });
        })?;
        Ok(self.in_order(values))
    }

    /// The bits of an element that is a number or a time.
    fn bits(&self, bytes: &[u8]) -> u64 {
        let mut value = [0; 8];
        // The value in little-endian order.
        value[..bytes.len()].copy_from_slice(bytes);
        if self.big_endian {
            value[..bytes.len()].reverse();
        }
        u64::from_le_bytes(value)
    }

    /// Reads elements that are times, as text in the form 2021-01-31T12:00:00; "NaT" is an empty one.
    fn times(&self, input: &mut dyn Read) -> Result<Vec<String>, ArrayError> {
        let (mut times, mut beyond) = (Vec::new(), false);
        self.each(input, |bytes| {
            let ticks = self.bits(bytes) as i64;
            let time = jiff::Timestamp::from_nanosecond(i128::from(ticks) * i128::from(self.tick));
            let time = time.map(|time| jiff::tz::Offset::UTC.to_datetime(time));
            beyond |= time.is_err() && ticks != i64::MIN;
            times.push(match (time, self.tick) {
                (Err(_), _) => String::new(),
                (Ok(time), DAY..) => time.date().to_string(),
                (Ok(time), SECOND..) => time.to_string(),
                (Ok(time), 1_000_000..) => format!("{time:.3}"),
                (Ok(time), 1_000..) => format!("{time:.6}"),
                (Ok(time), _) => format!("{time:.9}"),
            });
        })?;
        match beyond {
            true => bad("has a time that is beyond the calendar: correct it"),
            false => Ok(times),
        }
    }

    /// Reads elements that are labels or times, as text.
    pub(super) fn labels(&self, input: &mut dyn Read) -> Result<Vec<String>, ArrayError> {
        if self.kind == b'M' {
            return self.times(input);
        }
        if !self.is_text() {
            let name = |value: f64| match self.kind {
                b'b' => (if value == 0.0 { "False" } else { "True" }).to_owned(),
                _ => value.to_string(),
            };
            return Ok(self.numbers(input)?.into_iter().map(name).collect());
        }
        let mut labels = Vec::new();
        self.each(input, |bytes| {
            let text: String = match self.kind {
                b'S' => String::from_utf8_lossy(bytes).into_owned(),
                _ => bytes
                    .chunks_exact(4)
                    .map(|unit| {
                        let unit = [unit[0], unit[1], unit[2], unit[3]];
                        let code =
                            if self.big_endian { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) };
                        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                    })
                    .collect(),
            };
            labels.push(text.trim_end_matches('\0').to_owned());
        })?;
        Ok(labels)
    }

    /// Brings values that lie in the order of Fortran into that of C.
    fn in_order(&self, values: Vec<f64>) -> Vec<f64> {
        if !self.fortran || self.shape.len() < 2 {
            return values;
        }
        let mut index = vec![0; self.shape.len()];
        let mut ordered = vec![0.0; values.len()];
        for value in values {
            let place = index.iter().zip(&self.shape).fold(0, |place, (&i, &size)| place * size + i);
            ordered[place] = value;
            for (i, &size) in index.iter_mut().zip(&self.shape) {
                *i += 1;
                if *i < size {
                    break;
                }
                *i = 0;
            }
        }
        ordered
    }
}

/// Nanoseconds of the unit of times, such as `<M8[ms]`.
fn tick(descr: &str) -> Result<i64, ArrayError> {
    let unit = descr.split_once("M8[").and_then(|(_, unit)| unit.strip_suffix(']'));
    Ok(match unit {
        Some("ns") => 1,
        Some("us") => 1_000,
        Some("ms") => 1_000_000,
        Some("s") => SECOND,
        Some("m") => 60 * SECOND,
        Some("h") => 3_600 * SECOND,
        Some("D") => DAY,
        Some("W") => 7 * DAY,
        _ => return bad(format!("has times of type {descr:?}: write x.astype('datetime64[s]')")),
    })
}

/// The value of a number in half precision (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Writes an array.
    pub(crate) fn npy(descr: &str, shape: &str, fortran: bool, elements: &[u8]) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\0".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(elements);
        bytes
    }

    fn numbers(bytes: &[u8]) -> Result<Vec<f64>, String> {
        let mut input = bytes;
        let of = |error| match error {
            ArrayError::Bad(what) => what,
            ArrayError::Io(error) => error.to_string(),
        };
        let header = Header::read(&mut input, bytes.len() as u64).map_err(of)?;
        header.numbers(&mut input).map_err(of)
    }

    #[test]
    fn numbers_of_all_types_are_read() {
        for (descr, bytes, expected) in [
            ("<f8", &[1.5f64.to_le_bytes(), (-2f64).to_le_bytes()].concat()[..], [1.5, -2.0]),
            (">f4", &[1.5f32.to_be_bytes(), (-2f32).to_be_bytes()].concat(), [1.5, -2.0]),
            ("<f2", &[0, 0x3c, 0, 0xc0], [1.0, -2.0]),
            ("<f2", &[1, 0, 0xff, 0x7b], [2f64.powi(-24), 65504.0]),
            ("|i1", &[5, 0xff], [5.0, -1.0]),
            ("|u1", &[5, 0xff], [5.0, 255.0]),
            (">i2", &[0xff, 0xfe, 1, 0], [-2.0, 256.0]),
            ("<i8", &[3i64.to_le_bytes(), (-4i64).to_le_bytes()].concat(), [3.0, -4.0]),
            ("|b1", &[1, 0], [1.0, 0.0]),
        ] {
            assert_eq!(numbers(&npy(descr, "(2,)", false, bytes)).unwrap(), expected, "{descr}");
        }
        let fortran = numbers(&npy("|u1", "(2, 3)", true, &[1, 4, 2, 5, 3, 6])).unwrap();
        assert_eq!(fortran, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn labels_are_text() {
        let labels = |bytes: &[u8]| {
            let mut input = bytes;
            Header::read(&mut input, bytes.len() as u64).unwrap().labels(&mut input).unwrap()
        };
        let utf32: Vec<u8> =
            "ab\0ü".chars().chain("\0\0".chars()).flat_map(|c| u32::from(c).to_le_bytes()).collect();
        assert_eq!(labels(&npy("<U3", "(2,)", false, &utf32)), ["ab", "ü"]);
        assert_eq!(labels(&npy("|S2", "(2,)", false, b"abc\0")), ["ab", "c"]);
        assert_eq!(labels(&npy("|u1", "(2,)", false, &[7, 0])), ["7", "0"]);
        assert_eq!(labels(&npy("|b1", "(2,)", false, &[1, 0])), ["True", "False"]);
    }

    #[test]
    fn hostile_headers_are_refused_before_anything_is_allocated() {
        let fails = |bytes: &[u8], part: &str| {
            let error = numbers(bytes).unwrap_err();
            assert!(error.contains(part), "{error:?} without {part:?}");
        };
        fails(&npy("<f8", "(1000000000000,)", false, &[]), "(1000000000000), and the file is too small");
        fails(&npy("<f8", "(4294967296, 4294967296, 4294967296)", false, &[]), "too small");
        fails(&npy("|S0", "(1000000000000,)", false, &[]), "too small");
        fails(&npy("<U0", "(4294967296, 4294967296)", false, &[]), "too small");
        fails(&npy("<f8", "(2, 99999999999999999999)", false, &[]), "damaged header");
        fails(&npy("<f8", "((((((", false, &[]), "damaged header");
        fails(&npy("<f8", "(2,)", false, &[0; 12]), "ends early");
        fails(&npy("|O", "(2,)", false, &[0; 12]), "Python objects");
        fails(&npy("<c8", "(1,)", false, &[0; 8]), "type \"<c8\"");
        fails(&npy("|", "(1,)", false, &[0; 8]), "type");
        fails(b"\x93NUMPY\x02\0\xff\xff\xff\xff", "damaged header");
        fails(b"\x93NUMPY\x01\0\x03\0{}\n", "damaged header");
        fails(b"\x93NUM", "ends early");
        fails(b"not an array", "no array");
    }
}
