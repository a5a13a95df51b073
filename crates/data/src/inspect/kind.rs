//! The kind of a file, from its first bytes and lines, then from its name.

use std::path::Path;

use crate::table::is_table;

/// Number of bytes that are examined.
pub(super) const HEAD: usize = 1 << 20;

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Images,
    ImageLabels,
    Ts,
    Music,
    Table,
    Text,
}

impl Kind {
    /// Returns the kind from the decompressed beginning of the file and its name; None if the file is empty.
    pub(super) fn of(path: &Path, head: &[u8]) -> Option<Self> {
        if head.is_empty() {
            return None;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let ends = |extensions: &[&str]| extensions.iter().any(|extension| name.ends_with(extension));
        if is_images(path, head) {
            let labels = matches!(head, [0, 0, 8, 1, ..])
                || !head.starts_with(&[0, 0, 8, 3]) && name.contains("labels");
            return Some(if labels { Self::ImageLabels } else { Self::Images });
        }
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let tag =
            |tag: &[u8]| text.windows(tag.len()).take(1 << 16).any(|bytes| bytes.eq_ignore_ascii_case(tag));
        let tagged = text.starts_with(b"@") || text.starts_with(b"#") || text.starts_with(b"%");
        if tagged && (tag(b"@data") || tag(b"@classLabel")) || ends(&[".ts"]) && !looks_written(text) {
            return Some(Self::Ts);
        }
        if ends(&[".csv", ".tsv"]) {
            return Some(Self::Table);
        }
        if text.starts_with(b"{") && (ends(&[".json"]) || tag(b"\"train\"")) {
            return Some(Self::Music);
        }
        let sample = &text[..text.len().min(1 << 16)];
        Some(if is_table(sample, sample.len() < text.len() || head.len() == HEAD) {
            Self::Table
        } else {
            Self::Text
        })
    }
}

/// Whether a file contains IDX images or their labels, which are not text.
pub(super) fn is_images(path: &Path, head: &[u8]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    matches!(head, [0, 0, 8, 1 | 3, ..]) || name.ends_with("-ubyte")
}

/// Whether a .ts file is TypeScript: it has few digits.
fn looks_written(text: &[u8]) -> bool {
    let head = &text[..text.len().min(1 << 12)];
    head.iter().filter(|byte| byte.is_ascii_digit()).count() * 10 < head.len() && !head.starts_with(b"@")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_recognised_by_content_then_by_name() {
        for (name, head, expected) in [
            ("x", &b"\0\0\x08\x03\0"[..], Some(Kind::Images)),
            ("x", b"\0\0\x08\x01\0", Some(Kind::ImageLabels)),
            ("train-images-idx3-ubyte.gz", b"oops", Some(Kind::Images)),
            ("notes.txt", b"\xef\xbb\xbf# c\n@problemName x\n@DATA\n1:a", Some(Kind::Ts)),
            ("x.ts", b"1,2,3:a\n4,5,6:b\n", Some(Kind::Ts)),
            ("app.ts", b"import { x } from 'y';\nexport const a = 1;\n", Some(Kind::Text)),
            ("x.csv.gz", b"once upon a time", Some(Kind::Table)),
            ("rolls", b" {\"train\": [[[60]]]}", Some(Kind::Music)),
            ("x.json", b"{\"a\": 1}", Some(Kind::Music)),
            ("x.dat", b"a;b\n1;2\n3;4\n5;6\n", Some(Kind::Table)),
            ("x.txt", b"passengers\n112\n118\n132\n", Some(Kind::Table)),
            ("x.txt", b"1 2 3\n4 5 6\n7 8\n", Some(Kind::Table)),
            ("UCR_TRAIN", b"  1.0e+00  -7.1e-01 2.5\n  2.0e+00 1.5 -0.5\n", Some(Kind::Table)),
            ("x.txt", b"First, the cat.\nThen, the dog, and, the bird.\nThen, 3 more.\n", Some(Kind::Text)),
            ("x.txt", b"# Title\n\nOnce upon a time\n", Some(Kind::Text)),
            ("x", b"", None),
        ] {
            assert_eq!(Kind::of(Path::new(name), head), expected, "{name}");
        }
    }
}
