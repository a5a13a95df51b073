//! IDX images (the format of MNIST), read as sequences: pixel by pixel or row by row.
//!
//! ```text
//! images   00 00 08 03, N, rows, columns (big-endian u32), N · rows · columns bytes
//! labels   00 00 08 01, N, N bytes
//! ```
//!
//! A byte p becomes p / 255. Pixel by pixel, a sequence has rows · columns steps of one channel. A permutation moves
//! step π(t) to t; one seed has the same π for all images. Row by row, a sequence has one step per row and one channel
//! per column.
//!
//! # References
//! LeCun, Cortes, Burges, "The MNIST database", 1998 (the format); Le, Jaitly, Hinton, "A simple way to initialize
//! recurrent networks of rectified linear units", arXiv:1504.00941 (pixel by pixel, and permuted).

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::builder::Builder;
use super::error::{LabelledError, Location, Problem};
use super::input::{failed, open};
use super::sequences::{Kind, Labelled, Origin};
use longspan::batch::IGNORE;
use longspan::option_syntax;
use longspan::option_syntax::OptionError;
use longspan_kernel::rng::{Key, Purpose};

/// What one step of an image contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageSteps {
    /// One pixel, row by row from the top left.
    Pixels {
        /// Seed of the permutation of the pixels; None for no permutation.
        permuted: Option<u64>,
    },
    /// One row, from the top.
    Rows,
}

const FORMS: option_syntax::Kind =
    option_syntax::Kind { what: "step of an image", forms: &["pixels", "permuted[:SEED]", "rows"] };

impl Default for ImageSteps {
    fn default() -> Self {
        Self::Pixels { permuted: None }
    }
}

impl fmt::Display for ImageSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pixels { permuted: None } => f.write_str("pixels"),
            Self::Pixels { permuted: Some(0) } => f.write_str("permuted"),
            Self::Pixels { permuted: Some(seed) } => write!(f, "permuted:{seed}"),
            Self::Rows => f.write_str("rows"),
        }
    }
}

/// `pixels`, `permuted` (with the seed 0), `permuted:SEED` or `rows`.
impl FromStr for ImageSteps {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        match text.split_once(':') {
            None if text == "pixels" => Ok(Self::default()),
            None if text == "permuted" => Ok(Self::Pixels { permuted: Some(0) }),
            None if text == "rows" => Ok(Self::Rows),
            Some(("permuted", seed)) => match seed.parse() {
                Ok(seed) => Ok(Self::Pixels { permuted: Some(seed) }),
                Err(_) => Err(OptionError::NotANumber {
                    what: "the seed of the permutation",
                    text: seed.into(),
                    need: "an integer, 0 or more",
                }),
            },
            _ => Err(FORMS.unknown(text)),
        }
    }
}

/// Reads the images of a file. The labels are in `labels`, or in the file whose name has `labels-idx1` instead of
/// `images-idx3`.
///
/// # Errors
/// [`LabelledError`] says what is wrong, with file and image.
pub fn open_images(path: &Path, labels: Option<&Path>, steps: ImageSteps) -> Result<Labelled, LabelledError> {
    let labels = match labels {
        Some(labels) => labels.to_owned(),
        None => beside(path).ok_or_else(|| Problem::NoLabelsFile.at(path, Location::File))?,
    };
    read(open(path)?, path, open(&labels)?, &labels, steps)
}

/// As [`open_images`] of `input`, but labels are optional: without `labels`, the label file in the same folder is used
/// if it exists.
pub(super) fn read_images(
    input: impl Read,
    path: &Path,
    labels: Option<&Path>,
    steps: ImageSteps,
) -> Result<Labelled, LabelledError> {
    let labels = labels.map(Path::to_owned).or_else(|| beside(path).filter(|labels| labels.is_file()));
    match labels {
        Some(labels) => read(input, path, open(&labels)?, &labels, steps),
        None => read_both(input, path, None::<(&[u8], &Path)>, steps),
    }
}

/// Returns the path of the label file in the folder of the image file.
fn beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    // Some distributions have a dot instead of the hyphen after decompression.
    let own = ["images-idx3", "images.idx3"].into_iter().find(|own| name.contains(own))?;
    let labels = own.replace("images", "labels").replace("idx3", "idx1");
    Some(images.with_file_name(name.replace(own, &labels)))
}

/// Reads `images` and `labels`. The paths are for messages.
///
/// # Errors
/// [`LabelledError`] says what is wrong, with file and image.
pub fn read(
    images: impl Read,
    images_path: &Path,
    labels: impl Read,
    labels_path: &Path,
    steps: ImageSteps,
) -> Result<Labelled, LabelledError> {
    read_both(images, images_path, Some((labels, labels_path)), steps)
}

fn read_both<L: Read>(
    images: impl Read,
    images_path: &Path,
    labels: Option<(L, &Path)>,
    steps: ImageSteps,
) -> Result<Labelled, LabelledError> {
    let labels = labels.map(|(input, path)| Idx::new(input, path, "label", "00 00 08 01"));
    let mut labels = labels.transpose()?;
    let mut images = Idx::new(images, images_path, "image", "00 00 08 03")?;
    let (rows, columns) = (images.word()?, images.word()?);
    let pixels = u64::from(rows) * u64::from(columns);
    // 2^24 pixels are 64 MiB of values, and a column may become a channel with a name.
    if pixels == 0 || pixels > 1 << 24 || columns > 1 << 16 {
        return Err(Problem::ImageSize { rows, columns }.at(images_path, Location::File));
    }
    let count = images.count;
    if let Some(labels) = labels.as_ref().filter(|labels| labels.count != count) {
        let (found, file) = (labels.count, images_path.to_owned());
        return Err(Problem::Counts { labels: found, images: count, file }.at(labels.path, Location::File));
    }
    let (channels, permuted) = match steps {
        ImageSteps::Rows => ((1..=columns).map(|column| format!("column {column}")).collect(), None),
        ImageSteps::Pixels { permuted } => (vec!["pixel".to_owned()], permuted),
    };
    let mut builder = Builder::new(images_path, Kind::Values { channels }, Origin::Images);
    let (mut image, mut label) = (vec![0; pixels as usize], [0]);
    // As large as an image, so that it is made once a whole one has been read: a header can say any size.
    let mut order = None;
    for number in 1..=count {
        if let Some(labels) = &mut labels {
            labels.fill(&mut label, number)?;
        }
        images.fill(&mut image, number)?;
        let value = |&pixel: &u8| f32::from(pixel) / 255.0;
        let order = permuted.map(|seed| &*order.get_or_insert_with(|| permutation(seed, pixels as u32)));
        match order {
            None => builder.values.extend(image.iter().map(value)),
            Some(order) => builder.values.extend(order.iter().map(|&from| value(&image[from as usize]))),
        }
        let class = if labels.is_some() { builder.class(&label[0].to_string()) } else { IGNORE };
        builder.end(class, number).map_err(|problem| problem.at(images_path, Location::Image(number)))?;
    }
    labels.map_or(Ok(()), |mut labels| labels.end())?;
    images.end()?;
    builder.finish(true)
}

/// Returns π, a permutation of 0..n that depends on the seed only (Fisher–Yates).
fn permutation(seed: u64, n: u32) -> Vec<u32> {
    // The split into parts uses layer 0.
    let mut stream = Key::new(seed, Purpose::Data, 1, 0).stream(0, 0);
    let mut order: Vec<u32> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last as usize, stream.below(last + 1) as usize);
    }
    order
}

/// An IDX file after its magic number and count.
struct Idx<'p, R> {
    input: R,
    path: &'p Path,
    what: &'static str,
    count: u64,
}

impl<'p, R: Read> Idx<'p, R> {
    fn new(
        input: R,
        path: &'p Path,
        what: &'static str,
        expected: &'static str,
    ) -> Result<Self, LabelledError> {
        let mut idx = Self { input, path, what, count: 0 };
        let found = idx.word()?.to_be_bytes().map(|byte| format!("{byte:02x}")).join(" ");
        if found != expected {
            return Err(Problem::Magic { what, found, expected }.at(path, Location::File));
        }
        idx.count = u64::from(idx.word()?);
        Ok(idx)
    }

    /// Reads a number of the header.
    fn word(&mut self) -> Result<u32, LabelledError> {
        let mut bytes = [0; 4];
        self.exactly(&mut bytes, Problem::NoHeaderBytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn fill(&mut self, bytes: &mut [u8], number: u64) -> Result<(), LabelledError> {
        let (what, count) = (self.what, self.count);
        self.exactly(bytes, Problem::CutOff { what, number, count })
    }

    fn exactly(&mut self, bytes: &mut [u8], problem: Problem) -> Result<(), LabelledError> {
        self.input.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => problem.at(self.path, Location::File),
            _ => failed(self.path, error),
        })
    }

    /// Checks that the file ends here.
    fn end(&mut self) -> Result<(), LabelledError> {
        let surplus = io::copy(&mut self.input.by_ref().take(1), &mut io::sink());
        match surplus.map_err(|error| failed(self.path, error))? {
            0 => Ok(()),
            _ => Err(Problem::Surplus { what: self.what, count: self.count }.at(self.path, Location::File)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three images of 2 x 3 pixels, and their labels.
    fn files() -> (Vec<u8>, Vec<u8>) {
        let mut images = vec![0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3];
        images.extend((0..18).map(|pixel| pixel * 15));
        (images, vec![0, 0, 8, 1, 0, 0, 0, 3, 10, 9, 10])
    }

    fn of(images: &[u8], labels: &[u8], steps: ImageSteps) -> Result<Labelled, LabelledError> {
        read(images, Path::new("dir/images"), labels, Path::new("dir/labels"), steps)
    }

    #[test]
    fn images_are_sequences_of_pixels_or_rows() {
        let (images, labels) = files();
        let pixels = of(&images, &labels, ImageSteps::default()).unwrap();
        assert_eq!((pixels.len(), pixels.length(0), pixels.width()), (3, 6, 1));
        assert_eq!(pixels.sequence(2), [12, 13, 14, 15, 16, 17].map(|p| (p * 15) as f32 / 255.0));
        assert_eq!((pixels.classes()[0].as_str(), pixels.labels()), ("9", &[1, 0, 1][..]));
        let rows = of(&images, &labels, ImageSteps::Rows).unwrap();
        assert_eq!((rows.length(0), rows.width(), rows.sequence(1)), (2, 3, pixels.sequence(1)));

        let permuted = |seed| of(&images, &labels, ImageSteps::Pixels { permuted: Some(seed) }).unwrap();
        let order = permutation(5, 6);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4, 5]);
        for image in 0..3 {
            let expected: Vec<f32> = order.iter().map(|&t| pixels.sequence(image)[t as usize]).collect();
            assert_eq!(permuted(5).sequence(image), expected);
        }
        assert!((0..5).any(|seed| permutation(seed, 784) != permutation(seed + 1, 784)));
    }

    #[test]
    fn errors_name_the_file() {
        let (images, labels) = files();
        let fails = |images: &[u8], labels: &[u8], parts: &[&str]| {
            let error = of(images, labels, ImageSteps::Rows).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{error:?} without {part:?}");
            }
        };
        fails(
            &labels,
            &labels,
            &[
                "dir/images: it begins with the bytes 00 00 08 01",
                "an IDX file of images begins with 00 00 08 03",
            ],
        );
        fails(
            &images,
            &images,
            &[
                "dir/labels: it begins with the bytes 00 00 08 03",
                "an IDX file of labels begins with 00 00 08 01",
            ],
        );
        fails(&images[..33], &labels, &["dir/images: the file ends in image 3 of 3"]);
        fails(&images[..10], &labels, &["dir/images: the file ends in its header"]);
        fails(&images, &labels[..10], &["dir/labels: the file ends in label 3 of 3"]);
        fails(&[&images[..], &[0]].concat(), &labels, &["dir/images: bytes follow the last of 3 images"]);
        fails(&images, &[&labels[..], &[0]].concat(), &["dir/labels: bytes follow the last of 3 labels"]);
        fails(
            &images,
            &[0, 0, 8, 1, 0, 0, 0, 2, 1, 2],
            &["dir/labels: 2 labels for 3 images of dir/images", "--image-labels"],
        );
        let mut flat = images.clone();
        flat[11] = 0;
        fails(&flat, &labels, &["dir/images: images of 0 x 3 pixels"]);
        fails(&[0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3], &[0, 0, 8, 1, 0, 0, 0, 0], &["no sequence"]);
        // The header declares more pixels than fit into memory.
        flat[8..16].fill(0xff);
        fails(&flat, &labels, &["4294967295 x 4294967295 pixels"]);
        flat[8..16].copy_from_slice(&[0, 0, 0, 1, 0, 0x80, 0, 0]);
        fails(&flat, &labels, &["1 x 8388608 pixels"]);
        assert_eq!(beside(Path::new("d/t-images-idx3-ubyte.gz")), Some("d/t-labels-idx1-ubyte.gz".into()));
        assert_eq!(beside(Path::new("t.images.idx3-ubyte")), Some("t.labels.idx1-ubyte".into()));
        let error = open_images(Path::new("d/x.gz"), None, ImageSteps::Rows).unwrap_err().to_string();
        assert!(error.contains("d/x.gz") && error.contains("--image-labels"), "{error}");
    }
}
