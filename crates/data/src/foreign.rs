//! Files of other programs, which are named for what they are instead of being read as nonsense.
//!
//! A format is recognised by its first bytes; by its name only where its bytes say too little.

use std::path::Path;

use super::file::FileError;

/// A format of other programs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Foreign {
    /// With its article, such as "a Parquet file".
    what: &'static str,
    way_out: WayOut,
}

/// How the data in a file can be read.
#[derive(Clone, Copy, Debug)]
enum WayOut {
    /// A reader of pandas, whose table is written as CSV. FILE is the file.
    Pandas(&'static str),
    /// Python that assigns arrays X and y. FILE is the file.
    Arrays(&'static str),
    /// A command that unpacks it. FILE is the file, STEM its name without the extension.
    Unpack(&'static str),
    /// Advice.
    Say(&'static str),
    /// Advice, for a format that is a text for `--text`.
    SayOfText(&'static str),
}

use WayOut::{Arrays, Pandas, Say, SayOfText, Unpack};

const IMAGE: WayOut = Say(
    "one image is no sequence; several images of one size train as IDX files, or as an array of NumPy [images, rows, \
     columns] with one label each (numpy.savez(\"x.npz\", X=images, y=labels))",
);
const SOUND: WayOut = Say(
    "write its samples or features as a table or as an array of NumPy (numpy.savez(\"x.npz\", X=sequences, y=labels))",
);
const MODEL: WayOut = Say("it contains a model of another program and no data: name the data");
const DOCUMENT: WayOut = Say("save its text as a plain text file (.txt)");

impl Foreign {
    const fn new(what: &'static str, way_out: WayOut) -> Self {
        Self { what, way_out }
    }

    /// Whether it is also a text, which `--text` reads.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.way_out, SayOfText(_))
    }

    /// The error that names the format and the way out.
    pub(super) fn refusal(&self, path: &Path) -> FileError {
        let way_out = self.way_out.of(path);
        FileError::Foreign { path: path.to_owned(), what: self.what, way_out }
    }
}

impl WayOut {
    fn of(self, path: &Path) -> String {
        let (file, stem) = (path.to_string_lossy(), path.with_extension(""));
        let stem = stem.to_string_lossy();
        match self {
            Pandas(read) => format!(
                "write it as a table: python -c 'import pandas; pandas.{}.to_csv(\"{stem}.csv\", index=False)'",
                read.replace("FILE", &format!("{file:?}"))
            ),
            Arrays(python) => format!(
                "in Python, {}, and numpy.savez(\"{stem}.npz\", X=X, y=y) writes sequences X [N, T, D] with one label y \
                 [N] each, for --labelled {stem}.npz",
                python.replace("FILE", &format!("{file:?}"))
            ),
            Unpack(command) => format!(
                "unpack it ({}) and name a file in it",
                command.replace("FILE", &file).replace("STEM", &stem)
            ),
            Say(advice) | SayOfText(advice) => advice.replace("FILE", &file),
        }
    }
}

/// Returns the format of a file from its first bytes and its name; None if it may be data that Longspan reads.
pub(super) fn of(path: &Path, head: &[u8]) -> Option<Foreign> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let has = |part: &[u8]| memchr::memmem::find(head, part).is_some();
    let new = |what, way_out| Some(Foreign::new(what, way_out));
    if at(0, b"PK\x03\x04") || at(0, b"PK\x05\x06") {
        return Some(zipped(&has));
    }
    for &(magic, what, way_out) in MAGIC {
        if at(0, magic) {
            return new(what, way_out);
        }
    }
    match head {
        [0x1f, 0x8b, ..] if ends(&[".tar.gz", ".tgz"]) => {
            return new("a tar archive", Unpack("tar xzf FILE"));
        }
        // A pickle begins with its protocol.
        [0x80, 2..=5, ..] if has(b"torch") || ends(&[".pt", ".pth"]) => {
            return new("a PyTorch file", Arrays("data = torch.load(FILE) has the tensors"));
        }
        [0x80, 2..=5, ..] => {
            return new("a Python pickle", Arrays("data = pickle.load(open(FILE, \"rb\")) has the data"));
        }
        [0xff, 0xfb | 0xf3 | 0xf2, ..] if ends(&[".mp3"]) => return new("an MP3 file", SOUND),
        [0xff, 0xd8, 0xff, ..] => return new("a JPEG image", IMAGE),
        [b'B', b'M', ..] if ends(&[".bmp"]) => return new("a BMP image", IMAGE),
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', ..] => {
            return new("a file compressed with bzip2", Unpack("bunzip2 FILE"));
        }
        [b'R', b'I', b'F', b'F', ..] if at(8, b"WAVE") => return new("a WAV file", SOUND),
        [b'R', b'I', b'F', b'F', ..] if at(8, b"WEBP") => return new("a WebP image", IMAGE),
        [8, ..] if ends(&[".onnx"]) => return new("an ONNX model", MODEL),
        _ => {}
    }
    if at(4, b"ftyp") {
        return new("an MP4 file", SOUND);
    }
    if at(257, b"ustar") {
        return new("a tar archive", Unpack("tar xf FILE"));
    }
    // Eight bytes of a length, then JSON.
    if head.len() > 9 && head[5..8] == [0, 0, 0] && at(8, b"{\"") {
        return new("a safetensors file", Arrays("data = safetensors.numpy.load_file(FILE) has the arrays"));
    }
    textual(head, &ends)
}

/// Formats that begin with fixed bytes.
const MAGIC: &[(&[u8], &str, WayOut)] = &[
    (b"PAR1", "a Parquet file", Pandas("read_parquet(FILE)")),
    (b"ARROW1", "an Arrow file (Feather)", Pandas("read_feather(FILE)")),
    (b"FEA1", "a Feather file", Pandas("read_feather(FILE)")),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", Arrays("data = h5py.File(FILE) has the arrays")),
    (b"MATLAB 7.3", "a MATLAB file of version 7.3", Arrays("data = h5py.File(FILE) has the arrays")),
    (b"MATLAB", "a MATLAB file", Arrays("data = scipy.io.loadmat(FILE) has the arrays")),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Excel or other Office file of before 2007",
        Pandas("read_excel(FILE)"),
    ),
    (b"\x93NUMPY", "an array of NumPy", Arrays("X = numpy.load(FILE)")),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", Unpack("7z x FILE")),
    (b"Rar!\x1a\x07", "a RAR archive", Unpack("unrar x FILE")),
    (b"\xfd7zXZ\0", "a file compressed with xz", Unpack("unxz FILE")),
    (b"\x28\xb5\x2f\xfd", "a file compressed with Zstandard", Unpack("unzstd FILE")),
    (b"\x04\x22\x4d\x18", "a file compressed with LZ4", Unpack("unlz4 FILE")),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        Say("write a table of it as CSV: sqlite3 -header -csv FILE \"select * from TABLE\" > table.csv"),
    ),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", IMAGE),
    (b"GIF8", "a GIF image", IMAGE),
    (b"II*\0", "a TIFF image", IMAGE),
    (b"MM\0*", "a TIFF image", IMAGE),
    (b"ID3", "an MP3 file", SOUND),
    (b"fLaC", "a FLAC file", SOUND),
    (b"OggS", "an Ogg file", SOUND),
    (
        b"MThd",
        "a MIDI file",
        Say(
            "write its notes as a piano roll in JSON, for --labelled: {\"train\": [[[60, 64], [62]], ...]} lists the \
             MIDI numbers of the keys that sound at each step of each piece",
        ),
    ),
    (b"%PDF-", "a PDF document", Say("extract its text (pdftotext FILE) and name the text file")),
    (b"GGUF", "a GGUF model", MODEL),
    (b"\x7fELF", "a program", Say("name a file of data")),
    (b"MZ\x90\0", "a program", Say("name a file of data")),
];

/// The format of a zip archive, by the names of its first files.
fn zipped(has: &dyn Fn(&[u8]) -> bool) -> Foreign {
    if has(b"data.pkl") {
        return Foreign::new("a PyTorch file", Arrays("data = torch.load(FILE) has the tensors"));
    }
    if has(b".npy") {
        return Foreign::new(
            "an archive of NumPy arrays",
            Say("--labelled reads it: sequences X [N, T, D] with one label y [N] each"),
        );
    }
    if has(b"opendocument.spreadsheet") {
        return Foreign::new("an OpenDocument spreadsheet", Pandas("read_excel(FILE)"));
    }
    if has(b"xl/") {
        return Foreign::new("an Excel workbook", Pandas("read_excel(FILE)"));
    }
    if has(b"word/") || has(b"opendocument.text") || has(b"epub") {
        return Foreign::new("a document of a word processor", DOCUMENT);
    }
    // The names of a workbook may come after a long first file.
    if has(b"[Content_Types].xml") {
        return Foreign::new("an Office document", Pandas("read_excel(FILE)"));
    }
    Foreign::new("a zip archive", Unpack("unzip FILE"))
}

/// Formats that are texts, but no tables and no sequences.
fn textual(head: &[u8], ends: &dyn Fn(&[&str]) -> bool) -> Option<Foreign> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let begins = |word: &[u8]| text.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    let new = |what, advice| Some(Foreign::new(what, SayOfText(advice)));
    if begins(b"<!doctype html") || begins(b"<html") {
        return new(
            "an HTML page",
            "download the file itself instead of the page that shows it, or save the table as CSV",
        );
    }
    if begins(b"<?xml") {
        return new("an XML file", "write its data as a table (CSV)");
    }
    let tag = |tag: &[u8]| text.windows(tag.len()).take(1 << 16).any(|bytes| bytes.eq_ignore_ascii_case(tag));
    if ends(&[".tsf"]) || text.starts_with(b"#") && tag(b"\n@attribute ") && tag(b"\n@frequency ") {
        return new(
            "a .tsf archive of series",
            "write its series as a table with the columns series, time and value, one row for each step \
             (aeon.datasets.load_from_tsf_file reads it)",
        );
    }
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    if lines.clone().any(|line| line.len() > 9 && line[..9].eq_ignore_ascii_case(b"@relation")) {
        return new(
            "an ARFF file",
            "write it as CSV (scipy.io.arff.loadarff reads it), or use the .ts file of the same data",
        );
    }
    let array = text.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    if array.is_some_and(|rest| rest.starts_with(b"{") || rest.starts_with(b"[") && ends(&[".json"])) {
        return new(
            "a JSON array",
            "write it as a table: python -c 'import pandas; pandas.read_json(\"FILE\").to_csv(\"table.csv\", index=False)'",
        );
    }
    let object = |line: &[u8]| line.starts_with(b"{") && line.ends_with(b"}") && line.len() > 2;
    if ends(&[".jsonl", ".ndjson"]) || lines.next().is_some_and(object) && lines.next().is_some_and(object) {
        return new(
            "a file of JSON lines",
            "write it as a table: python -c 'import pandas; pandas.read_json(\"FILE\", lines=True).to_csv(\"table.csv\", index=False)'",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_named_with_a_way_out() {
        for (name, head, what) in [
            ("m.pt", &b"PK\x03\x04....archive/data.pkl"[..], "a PyTorch file"),
            ("m.pth", b"\x80\x02}q\0", "a PyTorch file"),
            ("m.pkl", b"\x80\x04\x95", "a Python pickle"),
            ("a.npz", b"PK\x03\x04....X.npy", "an archive of NumPy arrays"),
            ("a.npy", b"\x93NUMPY\x01\0v\0{", "an array of NumPy"),
            ("x.parquet", b"PAR1\x15\x04", "a Parquet file"),
            ("x.arrow", b"ARROW1\0\0", "an Arrow file"),
            ("x.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
            ("x.mat", b"MATLAB 5.0 MAT-file, Platform", "a MATLAB file"),
            ("x.xlsx", b"PK\x03\x04....[Content_Types].xml.....xl/workbook.xml", "an Excel workbook"),
            ("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel or other"),
            (
                "x.ods",
                b"PK\x03\x04..mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                "an OpenDocument spreadsheet",
            ),
            ("x.zip", b"PK\x03\x04..train.csv", "a zip archive"),
            ("x.tar.gz", b"\x1f\x8b\x08", "a tar archive"),
            ("x.7z", b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
            ("x.rar", b"Rar!\x1a\x07\x01\0", "a RAR archive"),
            ("x.xz", b"\xfd7zXZ\0", "a file compressed with xz"),
            ("x.zst", b"\x28\xb5\x2f\xfd", "a file compressed with Zstandard"),
            ("x.bz2", b"BZh91AY&SY", "a file compressed with bzip2"),
            ("x.db", b"SQLite format 3\0", "an SQLite database"),
            ("x.png", b"\x89PNG\r\n\x1a\n", "a PNG image"),
            ("x.jpg", b"\xff\xd8\xff\xe0", "a JPEG image"),
            ("x.gif", b"GIF89a", "a GIF image"),
            ("x.webp", b"RIFF....WEBP", "a WebP image"),
            ("x.bmp", b"BM....", "a BMP image"),
            ("x.tif", b"II*\0", "a TIFF image"),
            ("x.wav", b"RIFF....WAVEfmt ", "a WAV file"),
            ("x.mp3", b"\xff\xfb\x90", "an MP3 file"),
            ("x.flac", b"fLaC", "a FLAC file"),
            ("x.ogg", b"OggS", "an Ogg file"),
            ("x.mid", b"MThd\0\0\0\x06", "a MIDI file"),
            ("x.pdf", b"%PDF-1.7", "a PDF document"),
            ("x.html", b"\n<!DOCTYPE html>", "an HTML page"),
            ("x.csv", b"<html><head>", "an HTML page"),
            ("x.safetensors", b"\x40\0\0\0\0\0\0\0{\"a\":", "a safetensors file"),
            ("x.onnx", b"\x08\x07\x12", "an ONNX model"),
            ("x.gguf", b"GGUF\x03", "a GGUF model"),
            ("x.arff", b"% c\n@RELATION iris\n@attribute a real\n@data\n1,2", "an ARFF file"),
            ("x.jsonl", b"{\"text\": \"a\"}\n{\"text\": \"b\"}\n", "a file of JSON lines"),
            ("x.json", b"{\"text\": \"a\"}\n{\"text\": \"b\"}\n", "a file of JSON lines"),
            ("x.json", b"[\n  {\"a\": 1, \"b\": 2},", "a JSON array"),
            (
                "x.tsf",
                b"# c\n@relation x\n@attribute series_name string\n@frequency yearly\n",
                "a .tsf archive",
            ),
            ("x.txt", b"# c\n@attribute series_name string\n@frequency yearly\n@data\n", "a .tsf archive"),
        ] {
            let error = of(Path::new(name), head).map(|format| format.refusal(Path::new(name)).to_string());
            let error = error.unwrap_or_else(|| panic!("{name}"));
            assert!(error.starts_with(&format!("{name} is {what}")), "{error}");
            assert!(error.contains(": "), "{error}");
        }
        let parquet =
            of(Path::new("d/x.parquet"), b"PAR1").unwrap().refusal(Path::new("d/x.parquet")).to_string();
        assert!(
            parquet.ends_with("pandas.read_parquet(\"d/x.parquet\").to_csv(\"d/x.csv\", index=False)'"),
            "{parquet}"
        );
    }

    #[test]
    fn data_that_can_be_read_have_no_foreign_format() {
        for (name, head) in [
            ("x.txt", &b"PART 1\nOnce upon a time"[..]),
            ("x.txt", b"BMW and BZ. GIF, MThe"),
            ("x.csv.gz", b"\x1f\x8b\x08"),
            ("train-images-idx3-ubyte", b"\0\0\x08\x03"),
            ("x.ts", b"@problemName x\n@data\n1:a"),
            ("x.json", b"{\"train\": [[[60]]]}"),
            ("x.txt", b"[1] See the notes. [2] See [1]."),
            ("x.json", b"{\n \"a\": 0,\n \"b\": 1\n}"),
            ("x", b""),
        ] {
            assert!(of(Path::new(name), head).is_none(), "{name}");
        }
        let page = of(Path::new("x.html"), b"<html>").unwrap();
        assert!(page.is_text() && !of(Path::new("x.pdf"), b"%PDF-1.4").unwrap().is_text());
    }
}
