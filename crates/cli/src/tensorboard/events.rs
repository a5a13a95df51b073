//! The file format that TensorBoard reads: a sequence of records, each an `Event` message of TensorFlow's `event.proto`.
//!
//! ```text
//! record    length u64 LE | masked crc of the length | message | masked crc of the message
//! masked    ((crc >> 15) | (crc << 17)) + 0xa282ead8, crc the CRC-32C
//! ```
//!
//! The first event has the file version `brain.Event:2`. A record is written in one call: if the program is killed, at most a prefix
//! of the last record is left, and readers wait for its rest.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

#[derive(Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// A value with its tag.
#[derive(Message)]
pub(crate) struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
    #[prost(message, optional, tag = "4")]
    image: Option<Image>,
    #[prost(message, optional, tag = "5")]
    histogram: Option<Histogram>,
}

#[derive(Message)]
struct Image {
    #[prost(int32, tag = "1")]
    height: i32,
    #[prost(int32, tag = "2")]
    width: i32,
    /// 3 means RGB.
    #[prost(int32, tag = "3")]
    colorspace: i32,
    #[prost(bytes = "vec", tag = "4")]
    encoded: Vec<u8>,
}

#[derive(Message)]
struct Histogram {
    #[prost(double, tag = "1")]
    min: f64,
    #[prost(double, tag = "2")]
    max: f64,
    #[prost(double, tag = "3")]
    num: f64,
    #[prost(double, tag = "4")]
    sum: f64,
    #[prost(double, tag = "5")]
    sum_squares: f64,
    /// Right edges of the buckets.
    #[prost(double, repeated, tag = "6")]
    bucket_limit: Vec<f64>,
    #[prost(double, repeated, tag = "7")]
    bucket: Vec<f64>,
}

/// The number of buckets of a histogram.
const BUCKETS: usize = 30;

impl Value {
    /// A scalar. TensorBoard marks those that are not finite.
    pub(crate) fn scalar(tag: impl Into<String>, x: f64) -> Self {
        Self { tag: tag.into(), simple_value: Some(x as f32), image: None, histogram: None }
    }

    /// A histogram of the finite numbers; None if there are none.
    pub(crate) fn histogram(tag: impl Into<String>, numbers: &[f64]) -> Option<Self> {
        let numbers: Vec<f64> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
        let (min, max) =
            (numbers.iter().copied().reduce(f64::min)?, numbers.iter().copied().reduce(f64::max)?);
        // Equal numbers share one bucket of arbitrary width.
        let width = if max > min { (max - min) / BUCKETS as f64 } else { 1e-6 };
        let bucket_limit: Vec<f64> = (1..=BUCKETS).map(|i| min + width * i as f64).collect();
        let mut bucket = vec![0.0; BUCKETS];
        for x in &numbers {
            bucket[(((x - min) / width) as usize).min(BUCKETS - 1)] += 1.0;
        }
        let histogram = Histogram {
            min,
            max,
            num: numbers.len() as f64,
            sum: numbers.iter().sum(),
            sum_squares: numbers.iter().map(|x| x * x).sum(),
            bucket_limit,
            bucket,
        };
        Some(Self { tag: tag.into(), simple_value: None, image: None, histogram: Some(histogram) })
    }

    /// An image of `width` × `height` pixels, three bytes each, from the top left.
    ///
    /// # Panics
    /// If `rgb` has not 3 · width · height bytes.
    pub(crate) fn image(tag: impl Into<String>, width: usize, height: usize, rgb: &[u8]) -> Self {
        let (w, h) = (u32::try_from(width), u32::try_from(height));
        let (Ok(w), Ok(h)) = (w, h) else { panic!("an image of {width} × {height}") };
        let mut encoded = Vec::new();
        let mut encoder = png::Encoder::new(&mut encoded, w, h);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(rgb));
        written.unwrap_or_else(|error| panic!("{} bytes for {width} × {height}: {error}", rgb.len()));
        let image = Image { height: h as i32, width: w as i32, colorspace: 3, encoded };
        Self { tag: tag.into(), simple_value: None, image: Some(image), histogram: None }
    }
}

/// An open file of events.
pub(crate) struct EventFile(File);

impl EventFile {
    /// Creates `directory` and a new file in it. A resumed run adds a file with another name.
    ///
    /// # Errors
    /// [`io::Error`] if the file cannot be written.
    pub(crate) fn create(directory: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let seconds = now() as u64;
        for n in 0u32.. {
            // TensorBoard reads files with "tfevents" in their names, in the order of their names.
            let path = directory.join(format!("events.out.tfevents.{seconds:010}.{n:03}.longspan"));
            match OpenOptions::new().write(true).create_new(true).open(path) {
                Ok(file) => {
                    let mut file = Self(file);
                    file.write(&Event {
                        wall_time: now(),
                        step: 0,
                        file_version: Some("brain.Event:2".into()),
                        summary: None,
                    })?;
                    return Ok(file);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Writes values at a step.
    ///
    /// # Errors
    /// [`io::Error`] if the file cannot be written.
    pub(crate) fn add(&mut self, step: u64, value: Vec<Value>) -> io::Result<()> {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        self.write(&Event { wall_time: now(), step, file_version: None, summary: Some(Summary { value }) })
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        let message = event.encode_to_vec();
        let length = (message.len() as u64).to_le_bytes();
        let mut record = Vec::with_capacity(message.len() + 16);
        record.extend(length);
        record.extend(masked(&length));
        record.extend(&message);
        record.extend(masked(&message));
        self.0.write_all(&record)
    }
}

fn masked(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
