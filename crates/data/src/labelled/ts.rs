//! `.ts` files of the UCR/UEA and TSER archives: sequences with classes or with target values.
//!
//! ```text
//! # a comment
//! @problemName JapaneseVowels
//! @univariate false
//! @dimensions 2
//! @equalLength false
//! @classLabel true one two
//! @data
//! 1.8,1.9,2.0:-0.2,?,-0.3:one
//! ```
//!
//! A line is a sequence: colons separate its dimensions, commas the values of a dimension, and the label is last. All
//! dimensions of a sequence have the same length, but sequences may differ; `?` or `NaN` is a missing value. The classes have
//! the order of the header. Dimension d is channel `d`, from 1. With `@targetlabel true` instead of `@classLabel`, the
//! label is a number, the target of the sequence.
//!
//! # References
//! Bagnall et al., "The UEA multivariate time series classification archive, 2018", arXiv:1811.00075; the format is that of
//! the sktime and aeon toolkits.

use std::io::Read;
use std::path::Path;

use super::builder::Builder;
use super::error::{LabelledError, Location, Problem, quoted};
use super::input::{Lines, utf8};
use super::label_type::LabelType;
use super::number::number;
use super::sequences::{Kind, Labelled, Labels, Origin};
use longspan::batch::IGNORE;
use longspan::option_syntax::nearest;

/// Tags that are read, or known and ignored.
const TAGS: [&str; 10] = [
    "@problemName",
    "@timeStamps",
    "@missing",
    "@univariate",
    "@dimensions",
    "@equalLength",
    "@seriesLength",
    "@classLabel",
    "@targetLabel",
    "@data",
];

/// The header.
#[derive(Default)]
struct Header {
    classes: Option<Vec<String>>,
    /// Whether the labels are target values.
    targets: bool,
    /// The line that says that the sequences have no classes.
    unlabelled: Option<u64>,
    dimensions: Option<usize>,
    equal: bool,
    length: Option<usize>,
    /// Unknown tags.
    odd: Vec<String>,
}

/// Reads the sequences of `input`. The path is for messages.
///
/// # Errors
/// [`LabelledError`] says what is wrong, with the line.
pub fn read(input: impl Read, path: &Path) -> Result<Labelled, LabelledError> {
    read_with(input, path, Labels::Required)
}

/// As [`read`]; if labels are optional, a line may end with its values or have `?` as its label.
pub(super) fn read_with(input: impl Read, path: &Path, labels: Labels) -> Result<Labelled, LabelledError> {
    let mut lines = Lines::new(input, path);
    let header = header(&mut lines, path, labels)?;
    if labels == Labels::Required && header.classes.is_none() && !header.targets {
        return Err(lacks(&header, "@classLabel", path));
    }
    let mut cases = Cases { header: &header, labels, builder: None };
    while let Some((line, bytes)) = lines.next()? {
        let text = utf8(bytes, path, line, "")?.trim();
        if !text.is_empty() && !text.starts_with(['#', '%']) {
            cases.add(text, line, path).map_err(|problem| problem.at(path, Location::Line(line)))?;
        }
    }
    match cases.builder {
        Some(builder) => {
            let label_type = if header.targets { LabelType::Number } else { LabelType::Class };
            Ok(Labelled { label_type, ..builder.finish(false)? })
        }
        None => Err(Problem::NoSequences.at(path, Location::File)),
    }
}

fn lacks(header: &Header, tag: &'static str, path: &Path) -> LabelledError {
    let nearest = nearest(tag, header.odd.iter().map(String::as_str)).map(quoted);
    Problem::NoTag { tag, nearest }.at(path, Location::File)
}

/// Reads the header, up to `@data`.
fn header<R: Read>(lines: &mut Lines<R>, path: &Path, labels: Labels) -> Result<Header, LabelledError> {
    let (mut header, mut empty) = (Header::default(), true);
    while let Some((line, bytes)) = lines.next()? {
        let text = utf8(bytes, path, line, "")?.trim();
        empty &= text.is_empty();
        if text.is_empty() || text.starts_with(['#', '%']) {
            continue;
        }
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let Some(tag) = TAGS.iter().find(|tag| tag.eq_ignore_ascii_case(name)) else {
            if !name.starts_with('@') {
                return Err(lacks(&header, "@data", path));
            }
            // Most files use the plural, some the singular.
            if name.eq_ignore_ascii_case("@dimension") {
                tagged(&mut header, "@dimensions", words, line)
                    .map_err(|problem| problem.at(path, Location::Line(line)))?;
            } else {
                header.odd.push(name.to_owned());
            }
            continue;
        };
        if *tag == "@data" {
            return match header.unlabelled.filter(|_| !header.targets && labels == Labels::Required) {
                Some(line) => {
                    Err(Problem::NotClassified { tag: "@classLabel" }.at(path, Location::Line(line)))
                }
                None => Ok(header),
            };
        }
        tagged(&mut header, tag, words, line).map_err(|problem| problem.at(path, Location::Line(line)))?;
    }
    Err(if empty { Problem::NoSequences.at(path, Location::File) } else { lacks(&header, "@data", path) })
}

/// Reads one line of the header.
fn tagged<'a>(
    header: &mut Header,
    tag: &'static str,
    mut words: impl Iterator<Item = &'a str>,
    line: u64,
) -> Result<(), Problem> {
    let value = words.next().unwrap_or_default();
    let wrong = |need| Problem::Tag { tag, value: quoted(value), need };
    let boolean = || match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong("true or false")),
    };
    let count = || match value.parse::<usize>() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(wrong("an integer above 0")),
    };
    match tag {
        "@timeStamps" if boolean()? => return Err(Problem::TimeStamps),
        "@univariate" if boolean()? => header.dimensions = Some(1),
        "@dimensions" => header.dimensions = Some(count()?),
        "@equalLength" => header.equal = boolean()?,
        "@seriesLength" => header.length = Some(count()?),
        "@targetLabel" => header.targets = boolean()?,
        "@classLabel" if !boolean()? => header.unlabelled = Some(line),
        "@classLabel" => {
            let classes: Vec<String> = words.map(str::to_owned).collect();
            if classes.is_empty() {
                let need = "true and the labels";
                return Err(Problem::Tag { tag, value: quoted(value), need });
            }
            header.classes = Some(classes);
        }
        // The other tags repeat what the data show.
        _ => {}
    }
    Ok(())
}

/// The sequences so far. The first one determines the number of dimensions if the header does not.
struct Cases<'h> {
    header: &'h Header,
    labels: Labels,
    builder: Option<Builder>,
}

impl Cases<'_> {
    fn add(&mut self, text: &str, line: u64, path: &Path) -> Result<(), Problem> {
        if text.starts_with('(') {
            return Err(Problem::TimeStamps);
        }
        let before = self.builder.as_ref().map(Builder::width);
        let announced = self.header.dimensions.or(before);
        let (values, label) = self.label(text, announced)?;
        let found = values.split(':').count();
        let width = announced.unwrap_or(found);
        if found != width {
            return Err(Problem::Dimensions { found, expected: width });
        }
        let classes = self.header.classes.as_deref().unwrap_or_default();
        let builder = self.builder.get_or_insert_with(|| {
            let channels = (1..=width).map(|d| d.to_string()).collect();
            let mut builder = Builder::new(path, Kind::Values { channels }, Origin::Lines);
            classes.iter().for_each(|class| {
                builder.class(class);
            });
            builder
        });
        let class = match label {
            None => IGNORE,
            Some(label) if self.header.targets => builder.class(label),
            Some(label) => builder.known(label).ok_or_else(|| Problem::UndeclaredLabel {
                label: quoted(label),
                nearest: nearest(label, builder.classes().iter().map(String::as_str)).map(quoted),
            })?,
        };
        let start = builder.values.len();
        let steps = values.split(':').next().map_or(0, length);
        if steps == 0 {
            return Err(Problem::EmptySequence);
        }
        if self.header.equal && self.header.length.is_some_and(|length| length != steps) {
            return Err(Problem::Length { found: steps, expected: self.header.length.unwrap_or_default() });
        }
        // All lengths are compared before memory is reserved: otherwise a line of one long and many empty dimensions
        // would reserve their product.
        let odd = values.split(':').map(length).enumerate().find(|(_, found)| *found != steps);
        if let Some((d, found)) = odd {
            return Err(Problem::UnequalDimensions { dimension: d + 1, found, expected: steps });
        }
        builder.values.resize(start + steps * width, f32::NAN);
        for (d, dimension) in values.split(':').enumerate() {
            for (t, text) in dimension.split(',').enumerate() {
                builder.values[start + t * width + d] = number(text)?;
            }
        }
        builder.end(class, line)
    }

    /// Whether sequences may have labels.
    fn labelled(&self) -> bool {
        self.header.targets || self.header.unlabelled.is_none()
    }

    /// Splits a line into values and label. If labels are optional, the number of dimensions decides whether there is a
    /// label.
    fn label<'a>(
        &self,
        text: &'a str,
        announced: Option<usize>,
    ) -> Result<(&'a str, Option<&'a str>), Problem> {
        let no_label = Problem::NoLabel { remedy: "write it last, after a colon" };
        let last = text.rsplit_once(':').map(|(values, label)| (values, label.trim()));
        let Labels::Optional(learned) = self.labels else {
            let (values, label) = last.filter(|(_, label)| !label.is_empty()).ok_or(no_label)?;
            return Ok((values, Some(label)));
        };
        let classes = self.header.classes.as_deref().unwrap_or_default();
        let parts = text.split(':').count();
        let is_label = |label: &str| {
            let written = classes.iter().any(|class| class == label) || ["?", ""].contains(&label);
            match announced.or(learned) {
                // A value and a label can look the same.
                Some(width) if parts == width || parts == width + 1 => parts > width,
                _ => written,
            }
        };
        Ok(match last {
            Some((values, label)) if self.labelled() && is_label(label) => {
                (values, Some(label).filter(|label| !["?", ""].contains(label)))
            }
            _ => (text, None),
        })
    }
}

/// Number of values of a dimension.
fn length(dimension: &str) -> usize {
    if dimension.trim().is_empty() { 0 } else { dimension.split(',').count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "#c\n@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n";

    fn of(text: &str) -> Result<Labelled, LabelledError> {
        read(text.as_bytes(), Path::new("dir/x.ts"))
    }

    fn fails(text: &str, parts: &[&str]) {
        let error = of(text).unwrap_err().to_string();
        for part in parts.iter().chain(&["dir/x.ts"]) {
            assert!(error.contains(part), "{error:?} without {part:?}");
        }
    }

    #[test]
    fn steps_lie_one_after_the_other() {
        let text = format!("{HEAD}1,2,3:4,5,?:b\n\n# between\n 7 : 8 : a \n");
        for text in [text.clone(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
            let labelled = of(&text).unwrap();
            assert_eq!((labelled.len(), labelled.width(), labelled.missing()), (2, 2, 1));
            assert_eq!(labelled.sequence(0)[..5], [1.0, 4.0, 2.0, 5.0, 3.0]);
            assert!(labelled.sequence(0)[5].is_nan());
            assert_eq!((labelled.sequence(1), labelled.length(1)), (&[7.0, 8.0][..], 1));
            assert_eq!((labelled.labels(), labelled.classes().len()), (&[1, 0][..], 2));
        }
    }

    #[test]
    fn errors_name_the_line() {
        fails("", &["no sequence"]);
        fails(HEAD, &["no sequence"]);
        fails("@classLabel true a\n", &["no @data line"]);
        fails("1,2:a\n", &["no @data line"]);
        fails("@clasLabel true a b\n@data\n1:a\n", &["no @classLabel line", "there is \"@clasLabel\""]);
        fails("@classLabel false\n@data\n", &["line 1", "no labels"]);
        fails("@classLabel true\n@data\n", &["line 1", "true and the labels"]);
        fails("@classLabel false\n@targetlabel false\n@data\n", &["line 1", "no labels"]);
        fails("@targetlabel true\n@data\n1,2\n", &["line 3", "no label"]);
        fails("@targetlabel maybe\n@data\n", &["@targetLabel is \"maybe\"", "true or false"]);
        fails("@timestamps true\n@data\n", &["line 1", "time stamps"]);
        fails("@univariate maybe\n", &["line 1", "@univariate is \"maybe\"", "true or false"]);
        fails("@dimension 0\n", &["@dimensions is \"0\"", "above 0"]);
        let data = |text: &str, parts: &[&str]| fails(&format!("{HEAD}{text}"), parts);
        data("(1,2),(2,3):a", &["line 6", "time stamps"]);
        data("1,2", &["line 6", "no label"]);
        data("1,2:", &["line 6", "no label"]);
        data("1,2:c", &["line 6", "label \"c\"", "@classLabel"]);
        data("1:a\n1:2:a", &["line 7", "2 dimensions instead of 1"]);
        data("1,2:3:a", &["line 6", "dimension 2 has 1", "the first has 2"]);
        data("1,2:  :a", &["dimension 2 has 0"]);
        data(":a", &["line 6", "sequence is empty"]);
        data("1,,2:a", &["line 6", "\"\" is not a number"]);
        data("1,x:a", &["line 6", "\"x\" is not a number"]);
        data("1,inf:a", &["line 6", "not finite"]);
        data("1,1e39:a", &["line 6", "beyond 3.4e38"]);
        fails(
            "@univariate true\n@classLabel true a\n@data\n1:2:a\n",
            &["line 4", "2 dimensions instead of 1"],
        );
        let equal = "@equalLength true\n@seriesLength 2\n@classLabel true a\n@data\n";
        fails(&format!("{equal}1,2:a\n1,2,3:a\n"), &["line 6", "3 steps instead of 2"]);
        let error = read(&b"@data\n\xff\n"[..], Path::new("x.ts")).unwrap_err().to_string();
        assert!(error.contains("no @classLabel"), "{error}");
        let mut bytes = HEAD.as_bytes().to_vec();
        bytes.extend(b"1,\xff:a\n");
        let error = read(&bytes[..], Path::new("x.ts")).unwrap_err().to_string();
        assert!(error.contains("x.ts: line 6: not valid UTF-8 from byte 3"), "{error}");
    }

    /// 80 KB of 40,000 values and 40,000 empty dimensions: 6.4 GB as an array.
    #[test]
    fn dimensions_are_compared_before_memory_is_reserved() {
        let head = "@dimensions 40001\n@classLabel true a\n@data\n";
        let text = format!("{head}{}1{}:a\n", "1,".repeat(39_999), ":".repeat(40_000));
        fails(&text, &["line 4", "dimension 2 has 0", "the first has 40000"]);
    }

    #[test]
    fn a_line_without_an_end_is_refused_in_bounded_memory() {
        let endless = HEAD.as_bytes().chain(std::io::repeat(b'1').take(1 << 30));
        let error = read(endless, Path::new("x.ts")).unwrap_err().to_string();
        assert!(error.contains("x.ts: line 6: longer than 67108864 bytes"), "{error}");
    }
}
