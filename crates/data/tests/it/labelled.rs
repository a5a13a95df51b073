//! Labelled sequences and music: real files, found through `LONGSPAN_DATA`, and damaged ones.
#![allow(missing_docs, reason = "a test file")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::data::data;
use flate2::Compression;
use flate2::write::GzEncoder;
use longspan_data::labelled::folder;
use longspan_data::labelled::folder::Tokens;
use longspan_data::labelled::idx;
use longspan_data::labelled::idx::ImageSteps;
use longspan_data::labelled::music::{KEYS, Music, Numbering};
use longspan_data::labelled::table;
use longspan_data::labelled::table::Columns;
use longspan_data::labelled::{
    Kind, Labelled, LabelledError, LabelledOptions, LabelledParts, Lengths, Missing, Scaling, ts,
};
use longspan_data::vocabulary::TokenLevel;
use longspan_kernel::rng::{Key, Purpose, Stream};

fn parts(train: PathBuf, test: &str, image_steps: ImageSteps) -> LabelledParts {
    let test = Some(train.with_file_name(test));
    let options = LabelledOptions { test, image_steps, ..LabelledOptions::new(train) };
    LabelledParts::load(&options).expect("a sound data set")
}

fn close(value: f64, expected: f64) {
    // The values of the file are rounded to 32 bits; the expected values were computed in 64 bits.
    assert!((value - expected).abs() < 1e-6, "{value} instead of {expected}");
}

#[test]
fn japanese_vowels() {
    let Some(train) = data("ts_classification/JapaneseVowels/JapaneseVowels_TRAIN.ts") else { return };
    let LabelledParts { train, test } = parts(train, "JapaneseVowels_TEST.ts", ImageSteps::default());
    let test = test.expect("a test part");
    let (of_train, of_test) = (train.describe(), test.describe());
    assert_eq!((of_train.sequences, of_test.sequences), (270, 370));
    assert_eq!(of_train.lengths, Lengths { min: 7, median: 15, max: 26, total: 4274 });
    assert_eq!(of_test.lengths, Lengths { min: 7, median: 15, max: 29, total: 5687 });
    assert_eq!((train.width(), test.width(), of_train.missing), (12, 12, 0));
    assert_eq!(train.balance(), [30; 9]);
    assert_eq!(test.balance(), [31, 35, 88, 44, 29, 24, 40, 50, 29]);
    assert_eq!(of_train.channels[0].range, Some((-0.783783, 2.203141)));
    assert_eq!(of_test.channels[11].range, Some((-0.325031, 0.425088)));
    assert_eq!((train.sequence(0)[0], train.sequence(0)[11]), (1.860936, 0.088728));
    assert_eq!(test.sequence(369).last(), Some(&0.224688));

    let all: Vec<usize> = (0..270).collect();
    let scaling = Scaling::of(&train, &all).expect("values");
    close(scaling.mean[0], 0.8691055004679454);
    close(scaling.std[0], 0.48761988416516905);
    close(scaling.mean[11], 0.08621397660271403);
    close(scaling.std[11], 0.12754668924971316);
    let mut scaled = train.clone();
    scaling.apply(&mut scaled).expect("finite values");
    let again = Scaling::of(&scaled, &all).expect("values");
    again.mean.iter().for_each(|&mean| close(mean, 0.0));
    again.std.iter().for_each(|&std| close(std, 1.0));

    let split = train.split(0.2, 0.0, 1).expect("a fraction");
    assert_eq!((split.train.len(), split.valid.len()), (216, 54));
    for class in 0..9 {
        assert_eq!(split.valid.iter().filter(|&&i| train.labels()[i] == class).count(), 6);
    }
}

#[test]
fn italy_power_demand() {
    let Some(train) = data("ts_classification/ItalyPowerDemand/ItalyPowerDemand_TRAIN.ts") else { return };
    let LabelledParts { train, test } = parts(train, "ItalyPowerDemand_TEST.ts", ImageSteps::default());
    let test = test.expect("a test part");
    let length = |total| Lengths { min: 24, median: 24, max: 24, total };
    assert_eq!((train.describe().lengths, test.describe().lengths), (length(1608), length(24696)));
    assert_eq!((train.balance(), test.balance()), (vec![34, 33], vec![513, 516]));
    assert_eq!((train.classes(), train.width()), (&["1".to_owned(), "2".to_owned()][..], 1));
    assert_eq!((train.sequence(0)[0], test.sequence(1028)[23]), (-0.7105176, -0.002542118));
    // The same values as a table.
    let mut table = (1..=24).map(|t| format!("t{t},")).collect::<String>() + "season\n";
    for i in 0..train.len() {
        train.sequence(i).iter().for_each(|value| table += &format!("{value},"));
        table += &format!("{}\n", train.labels()[i] + 1);
    }
    let columns = Columns { label: Some("season".to_owned()), ..Columns::default() };
    let again = table::read(table.as_bytes(), Path::new("x.csv"), &columns).expect("a sound table");
    assert_eq!((again.labels(), again.classes()), (train.labels(), train.classes()));
    assert!((0..train.len()).all(|i| again.sequence(i) == train.sequence(i)));
}

#[test]
fn names_of_18_languages() {
    let Some(names) = data("names") else { return };
    let LabelledParts { train, test } =
        LabelledParts::load(&LabelledOptions::new(names)).expect("sound files");
    assert!(test.is_none());
    let Kind::Tokens { vocabulary } = train.kind() else { panic!("{:?}", train.kind()) };
    let description = train.describe();
    assert_eq!((train.len(), vocabulary.len(), description.lengths.total), (20_050, 83, 143_206));
    assert_eq!((description.lengths.min, description.lengths.max), (2, 20));
    let class = |name: &str| train.classes().iter().position(|class| class == name).expect("a language");
    assert_eq!((train.classes().len(), class("Arabic"), class("Vietnamese")), (18, 0, 17));
    let balance = train.balance();
    assert_eq!(
        (balance[class("Russian")], balance[class("Scottish")], balance[class("Korean")]),
        (9384, 100, 94)
    );
    assert_eq!(vocabulary.decode(train.tokens(0)), "Khoury");
    assert_eq!(vocabulary.id("ß").map(|id| vocabulary.label(id)), Some("ß".to_owned()));
    let split = train.split(0.1, 0.0, 7).expect("a fraction");
    assert!((0..18).all(|class| split.valid.iter().any(|&i| train.labels()[i] == class)));
}

#[test]
fn mnist() {
    let Some(train) = data("mnist/train10k-images-idx3-ubyte.gz") else { return };
    let load = |steps| parts(train.clone(), "t10k-images-idx3-ubyte.gz", steps);
    let LabelledParts { train: pixels, test } = load(ImageSteps::default());
    let test = test.expect("a test part");
    assert_eq!((pixels.len(), pixels.length(9_999), pixels.width()), (10_000, 784, 1));
    assert_eq!(pixels.balance(), [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
    assert_eq!(test.balance(), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    assert_eq!((&pixels.labels()[..5], &test.labels()[..5]), (&[5, 0, 4, 1, 9][..], &[7, 2, 1, 0, 4][..]));
    let sum = |labelled: &Labelled, count| -> f64 {
        (0..count).flat_map(|i| labelled.sequence(i)).map(|&value| f64::from(value) * 255.0).sum()
    };
    assert_eq!(sum(&pixels, 1).round(), 27_525.0);
    assert_eq!((sum(&pixels, 10_000) / 10.0).round(), 26_214_660.0);
    assert_eq!((sum(&test, 10_000) / 10.0).round(), 26_492_320.0);
    assert_eq!(pixels.sequence(0)[151..154], [0.0, 3.0 / 255.0, 18.0 / 255.0]);

    let rows = load(ImageSteps::Rows).train;
    assert_eq!((rows.length(0), rows.width(), rows.sequence(3)), (28, 28, pixels.sequence(3)));
    let permuted = load(ImageSteps::Pixels { permuted: Some(1) });
    let sorted = |labelled: &Labelled, i| {
        let mut values = labelled.sequence(i).to_vec();
        values.sort_by(f32::total_cmp);
        values
    };
    let permuted_test = permuted.test.expect("a test part");
    for i in [0, 9_999] {
        assert_ne!(permuted.train.sequence(i), pixels.sequence(i));
        assert_eq!(sorted(&permuted.train, i), sorted(&pixels, i));
        assert_eq!(sorted(&permuted_test, i), sorted(&test, i));
    }
}

#[test]
fn jsb_chorales() {
    let Some(file) = data("poly_music/JSB_Chorales.json") else { return };
    let Music { numbering, train, valid, test, .. } = Music::open(&file).expect("a sound file");
    let (valid, test) = (valid.expect("a validation part"), test.expect("a test part"));
    assert_eq!(numbering, Numbering::Index);
    assert_eq!((train.len(), valid.len(), test.len()), (229, 76, 77));
    assert_eq!(train.lengths(), Some(Lengths { min: 25, median: 57, max: 129, total: 13_807 }));
    assert_eq!(valid.lengths(), Some(Lengths { min: 32, median: 54, max: 144, total: 4602 }));
    assert_eq!(test.lengths(), Some(Lengths { min: 32, median: 57, max: 160, total: 4725 }));
    assert_eq!(
        [&train, &valid, &test].map(|part| part.range().expect("keys")),
        [(22, 75), (27, 75), (24, 75)]
    );
    assert_eq!([&train, &valid, &test].map(|part| part.sounding()), [53_824, 17_811, 18_367]);
    assert_eq!((train.keys(0, 0), train.keys(0, 1)), (&[39, 51, 58, 67][..], &[51, 58, 67][..]));
    let rests = (0..229).flat_map(|p| (0..train.length(p)).map(move |t| (p, t)));
    assert_eq!(rests.filter(|&(p, t)| train.keys(p, t).is_empty()).count(), 18);
    let mut roll = vec![0.0; train.length(0) * KEYS];
    train.roll(0, &mut roll);
    assert_eq!(
        roll.iter().sum::<f32>(),
        (0..train.length(0)).map(|t| train.keys(0, t).len()).sum::<usize>() as f32
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Three images of 2 x 3 pixels, and their labels.
fn images() -> (Vec<u8>, Vec<u8>) {
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3];
    images.extend(0..18);
    (images, vec![0, 0, 8, 1, 0, 0, 0, 3, 1, 0, 1])
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(&path, content).expect("a file");
        path
    };
    let fails = |options: &LabelledOptions, parts: &[&str]| {
        let error = LabelledParts::load(options).expect_err("an error").to_string();
        for part in parts {
            assert!(error.contains(part), "{error:?} without {part:?}");
        }
    };
    let of = LabelledOptions::new;
    fails(&of(directory.path().join("none.ts")), &["there is no file", "none.ts"]);
    fails(&of(write("empty.txt", b"")), &["empty.txt: there is no sequence"]);
    fails(
        &of(write("story.txt", b"once\n")),
        &["story.txt is in none of the supported formats", ".ts", ".csv", "IDX"],
    );
    fails(&of(write("x.json", b"{\"train\": []}")), &["x.json: piano rolls have no labels"]);
    fs::create_dir(directory.path().join("void")).expect("a directory");
    fails(&of(directory.path().join("void")), &["void: the folder has no .txt file"]);
    let error = Music::open(directory.path()).expect_err("an error").to_string();
    assert!(error.contains("is a directory"), "{error}");

    // Any compressed file is decompressed, and damage is reported as damage.
    let packed = gzip(b"v,label\n1,a\n2,b\n");
    let sound = LabelledParts::load(&of(write("sound.csv.gz", &packed))).expect("a sound file");
    assert_eq!(sound.train.len(), 2);
    fails(
        &of(write("cut.csv.gz", &packed[..packed.len() - 5])),
        &["cut.csv.gz is compressed", "download it again"],
    );
    let (pixels, labels) = images();
    write("t-labels-idx1-ubyte", &labels);
    let cut = gzip(&pixels);
    let cut = write("t-images-idx3-ubyte", &cut[..cut.len() / 2]);
    fails(&of(cut.clone()), &["t-images-idx3-ubyte is compressed", "cut off"]);
    fails(
        &of(write("t-images-idx3-ubyte", &labels)),
        &["t-images-idx3-ubyte: it begins with the bytes 00 00 08 01"],
    );
    fails(&of(write("s-images-idx3-ubyte", &pixels)), &["there is no file", "s-labels-idx1-ubyte"]);
    let named = LabelledOptions { labels: Some(directory.path().join("t-labels-idx1-ubyte")), ..of(cut) };
    write("t-images-idx3-ubyte", &pixels);
    assert_eq!(LabelledParts::load(&named).expect("sound files").train.labels(), [1, 0, 1]);

    // The test part must match the training part.
    let test = |train: &[u8], test: &[u8], parts: &[&str]| {
        let options =
            LabelledOptions { test: Some(write("test.csv", test)), ..of(write("train.csv", train)) };
        fails(&options, parts);
    };
    test(
        b"v,label\n1,a\n2,b\n",
        b"v,label\n1,a\n2,c\n",
        &["test.csv: line 3: the label \"c\" does not occur"],
    );
    test(b"v,label\n1,a\n", b"v,label\n1,a\n", &["train.csv: every sequence has the label \"a\""]);
    test(
        b"v,label\n1,a\n,b\n",
        b"",
        &["train.csv: line 3: value 1 of channel value is missing", "--missing"],
    );
    test(
        b"v,label\n1,a\n2,b\n",
        b"v,label\n,a\n",
        &["test.csv: line 2: value 1 of channel value is missing"],
    );
    write("train/a.txt", "né\n".as_bytes());
    write("train/b.txt", b"n\n");
    write("test/a.txt", b"en\n");
    let options = |test: &str| LabelledOptions {
        test: Some(directory.path().join(test)),
        ..of(directory.path().join("train"))
    };
    fails(&options("test"), &["a.txt: line 1: the character 'e'", "--level byte"]);
    write("test/a.txt", b"n\n");
    assert_eq!(
        LabelledParts::load(&options("test")).expect("sound files").test.map(|test| test.len()),
        Some(1)
    );
    write("test/c.txt", b"n\nn\n");
    fails(&options("test"), &["c.txt: line 1: the label \"c\" does not occur in training"]);
    fails(&options("test.csv"), &["test.csv: this is values, and training is text"]);
}

/// Flips, removes, inserts and repeats bytes.
fn damage(bytes: &[u8], stream: &mut Stream) -> Vec<u8> {
    const LIKELY: &[u8] = b",:;\n\r\"?@#{}[]-0123456789.eEinfNaN \xff\0\x1f\x8b";
    let mut bytes = bytes.to_vec();
    for _ in 0..=stream.below(3) {
        let at = stream.below(bytes.len() as u32 + 1) as usize;
        let end = (at + stream.below(8) as usize).min(bytes.len());
        match stream.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << stream.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.insert(at, LIKELY[stream.below(LIKELY.len() as u32) as usize]),
            3 => bytes.truncate(at),
            _ => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

/// Number of damaged files for each format.
const CASES: u64 = 4000;

/// Reads damaged files: none panics, every error names the file, and accepted data are consistent.
fn survives<T>(
    name: &str,
    sound: &[u8],
    read: impl Fn(&[u8]) -> Result<T, LabelledError>,
    check: impl Fn(T),
    cases: u64,
) {
    let key = Key::new(1, Purpose::Probe, 0, 0);
    let mut refused = 0;
    for case in 0..cases {
        match read(&damage(sound, &mut key.stream(0, case))) {
            Ok(data) => check(data),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains(name), "{error:?} without {name:?}");
                assert!(error.len() < 600 && !error.contains('\n'), "{error:?}");
                refused += 1;
            }
        }
    }
    assert!(
        (cases / 10..cases).contains(&refused),
        "{name}: {refused} of {cases} damaged files were refused"
    );
}

fn consistent(mut labelled: Labelled) {
    assert!(!labelled.is_empty());
    let (width, classes) = (labelled.width(), labelled.classes().len());
    for i in 0..labelled.len() {
        assert!((labelled.labels()[i] as usize) < classes && labelled.length(i) > 0);
        match labelled.kind() {
            Kind::Values { .. } => {
                assert_eq!(labelled.sequence(i).len(), labelled.length(i) * width);
                assert!(labelled.sequence(i).iter().all(|value| !value.is_infinite()));
            }
            Kind::Tokens { vocabulary } => {
                assert!(labelled.tokens(i).iter().all(|&token| (token as usize) < vocabulary.len()));
            }
        }
    }
    assert_eq!(labelled.describe().sequences, labelled.len());
    if labelled.treat(Missing::Interpolate).is_ok() {
        let split = labelled.split(0.5, 0.0, 1).expect("a fraction");
        if let Some(scaling) = Scaling::of(&labelled, &split.train) {
            let _ = scaling.apply(&mut labelled);
        }
    }
}

#[test]
fn damaged_files_are_refused_or_read() {
    let text =
        b"# c\n@problemName x\n@timeStamps false\n@univariate false\n@dimensions 2\n@equalLength false\n\
                 @classLabel true one two\n@data\n1.5,2,-3e2:4,5,?:one\n7,8:9,10:two\n";
    survives("dir/x.ts", text, |bytes| ts::read(bytes, Path::new("dir/x.ts")), consistent, CASES);
    let table = b"id,u,label,v\r\n7,1.5,\"b\n\",2\r\n7,3,\"b\n\",\r\n\r\n5,5e1,a,-6\r\n";
    for id in [None, Some("id".to_owned())] {
        let columns = Columns { label: Some("label".to_owned()), id, ..Columns::default() };
        let read = |bytes: &[u8]| table::read(bytes, Path::new("dir/x.csv"), &columns);
        survives("dir/x.csv", table, read, consistent, CASES);
    }
    let read = |bytes: &[u8]| {
        let file = (String::from("a"), PathBuf::from("dir/a.txt"), bytes);
        folder::read([Ok(file)], Path::new("dir"), Tokens::Build(TokenLevel::Char))
    };
    survives("dir/a.txt", "Gauß\r\nEuler\nErdős\n\n".as_bytes(), read, consistent, CASES);
    let (pixels, labels) = images();
    let (images_path, labels_path) = (Path::new("dir/images"), Path::new("dir/labels"));
    let read = |bytes: &[u8]| idx::read(bytes, images_path, &labels[..], labels_path, ImageSteps::default());
    survives("dir/images", &pixels, read, consistent, CASES);
    let read = |bytes: &[u8]| idx::read(&pixels[..], images_path, bytes, labels_path, ImageSteps::Rows);
    survives("dir/labels", &labels, read, consistent, CASES);
    let json = br#"{"train": [[[39, 3], [], [60]], [[20]]], "valid": [[[40]]], "test": [[[50], [51]]]}"#;
    let read = |bytes: &[u8]| Music::read(bytes, Path::new("dir/x.json"));
    let rolls = |music: Music| {
        for part in [Some(&music.train), music.valid.as_ref(), music.test.as_ref()].into_iter().flatten() {
            for piece in 0..part.len() {
                part.roll(piece, &mut vec![0.0; part.length(piece) * KEYS]);
            }
        }
    };
    survives("dir/x.json", json, read, rolls, CASES);
}

#[test]
fn damaged_archives_are_refused_or_read() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("x.csv.gz");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("a file");
        LabelledParts::load(&LabelledOptions::new(&path)).map(|parts| parts.train)
    };
    survives("x.csv.gz", &gzip(b"v,w,label\n1,2,a\n3,4,b\n"), read, consistent, CASES / 10);
}
