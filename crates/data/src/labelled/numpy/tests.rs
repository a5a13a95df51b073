use std::io::{self, Write};
use std::path::PathBuf;

use super::npy::tests::npy;
use super::*;
use crate::labelled::{LabelType, LabelledOptions, LabelledParts, load_to_predict};

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn archive(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = io::Cursor::new(Vec::new());
    let mut writer = zip::ZipWriter::new(&mut bytes);
    for (at, (name, member)) in members.iter().enumerate() {
        // numpy.savez stores, numpy.savez_compressed deflates.
        let method = [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated][at % 2];
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(format!("{name}.npy"), options).unwrap();
        writer.write_all(member).unwrap();
    }
    writer.finish().unwrap();
    bytes.into_inner()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn fails(&self, members: &[(&str, Vec<u8>)], parts: &[&str]) {
        let path = self.write("x.npz", archive(members));
        let error = LabelledParts::load(&LabelledOptions::new(path)).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{error:?} without {part:?}");
        }
    }
}

fn folder() -> Folder {
    Folder(tempfile::tempdir().unwrap())
}

#[test]
fn archives_are_labelled_sequences() {
    let x =
        npy("<f4", "(3, 2, 2)", false, &floats(&[1., 2., 3., 4., 5., f32::NAN, 7., 8., 9., 10., 11., 12.]));
    let y =
        npy("<i8", "(3,)", false, &[10i64, 9, 10].iter().flat_map(|y| y.to_le_bytes()).collect::<Vec<_>>());
    let lengths = npy("|u1", "(3,)", false, &[2, 2, 1]);
    let folder = folder();
    let path = folder.write("x.npz", archive(&[("y", y.clone()), ("lengths", lengths), ("X", x.clone())]));
    let labelled = open(&path, Labels::Required, false).unwrap();
    assert_eq!((labelled.len(), labelled.width(), labelled.missing()), (3, 2, 1));
    assert_eq!((labelled.classes().join(" "), labelled.labels()), ("9 10".into(), &[1, 0, 1][..]));
    assert_eq!((labelled.sequence(0), labelled.sequence(2)), (&[1., 2., 3., 4.][..], &[9., 10.][..]));
    let error = LabelledParts::load(&LabelledOptions::new(&path)).unwrap_err().to_string();
    assert!(error.contains("x.npz: sequence 2: value 1 of channel 2 is missing"), "{error}");

    // [N, T], in the order of Fortran, with labels that are text.
    let x = npy("<f4", "(2, 3)", true, &floats(&[1., 4., 2., 5., 3., 6.]));
    let y = npy("|S1", "(2, 1)", false, b"ba");
    let path = folder.write("x.npz", archive(&[("data", x.clone()), ("labels", y)]));
    let parts = LabelledParts::load(&LabelledOptions::new(&path)).unwrap().train;
    assert_eq!((parts.sequence(1), parts.labels(), parts.width()), (&[4., 5., 6.][..], &[1, 0][..], 1));

    // For predictions, labels may be missing.
    let path = folder.write("new.npz", archive(&[("X", x)]));
    let options = LabelledOptions::new(&path);
    let predicted = load_to_predict(&path, None, &options, parts.kind(), Some(parts.classes())).unwrap();
    assert_eq!((predicted.label(0), predicted.length(0)), (None, 3));
}

#[test]
fn numbers_that_are_not_whole_are_targets() {
    let folder = folder();
    let x = || ("X", npy("|u1", "(3, 2)", false, &[1, 2, 3, 4, 5, 6]));
    let read = |name: &str, y: Vec<u8>, label_type| {
        let path = folder.write(name, archive(&[x(), ("y", y)]));
        LabelledParts::load(&LabelledOptions { label_type, ..LabelledOptions::new(path) }).unwrap().train
    };
    let floats = |y: &[f32]| npy("<f4", "(3,)", false, &floats(y));
    let targets = read("a.npz", floats(&[0.1, -2.0, 3.5]), None);
    assert_eq!(
        (targets.targets().unwrap().to_vec(), targets.classes().len()),
        (vec![f64::from(0.1f32), -2.0, 3.5], 0)
    );
    // Whole numbers are classes, unless they are said to be targets.
    let whole = floats(&[1.0, 2.0, 1.0]);
    assert_eq!(read("b.npz", whole.clone(), None).classes().join(" "), "1 2");
    assert_eq!(read("b.npz", whole, Some(LabelType::Number)).targets(), Some(&[1.0, 2.0, 1.0][..]));
    let classes = read("c.npz", floats(&[0.5, 2.0, 0.5]), Some(LabelType::Class));
    assert_eq!((classes.classes().join(" "), classes.targets()), ("0.5 2".into(), None));
}

#[test]
fn two_files_belong_together_by_their_names() {
    let folder = folder();
    let path = folder.write("X_train.npy", npy("|u1", "(2, 2)", false, &[1, 2, 3, 4]));
    folder.write("y_train.npy", npy("|u1", "(2,)", false, &[0, 1]));
    let labelled = LabelledParts::load(&LabelledOptions::new(&path)).unwrap().train;
    assert_eq!((labelled.sequence(1), labelled.labels()), (&[3., 4.][..], &[0, 1][..]));
    let alone = folder.write("series.npy", npy("|u1", "(2, 2)", false, &[1, 2, 3, 4]));
    let error = LabelledParts::load(&LabelledOptions::new(&alone)).unwrap_err().to_string();
    assert!(error.contains("there is no array y") && error.contains("--series"), "{error}");
}

#[test]
fn arrays_that_do_not_fit_are_refused() {
    let folder = folder();
    let x = || ("X", npy("|u1", "(2, 2)", false, &[1, 2, 3, 4]));
    let y = |descr, shape, bytes: &[u8]| ("y", npy(descr, shape, false, bytes));
    folder.fails(&[("z", x().1)], &["no array X", "\"z\""]);
    folder.fails(&[("X", npy("|u1", "(4,)", false, &[1; 4]))], &["X has the shape (4): it needs [N, T, D]"]);
    folder.fails(&[x(), y("|u1", "(3,)", &[0, 1, 2])], &["y has the shape (3), and X has 2 sequences"]);
    folder.fails(&[x(), y("|u1", "(2, 2)", &[0, 1, 1, 0])], &["y.argmax(axis=1)"]);
    folder.fails(&[x(), y("<f4", "(2, 2)", &floats(&[0.5; 4]))], &["such as y[:, 0]"]);
    folder.fails(&[x(), y("<f4", "(2,)", &floats(&[0.5, f32::NAN]))], &["sequence 2: the label \"NaN\""]);
    folder.fails(&[x(), y("<f4", "(2,)", &floats(&[0.5, 0.5]))], &["every sequence has the target 0.5"]);
    folder.fails(&[x(), y("|O", "(2,)", &[0; 9])], &["y contains Python objects"]);
    folder.fails(
        &[x(), y("|u1", "(2,)", &[0, 1]), ("lengths", npy("|u1", "(2,)", false, &[2, 3]))],
        &["sequence 2", "length 3"],
    );
    folder.fails(
        &[("X", npy("<f4", "(1, 1)", false, &floats(&[f32::INFINITY]))), y("|u1", "(1,)", &[0])],
        &["sequence 1: inf"],
    );
    folder.fails(
        &[("X", npy("<f8", "(1, 1)", false, &1e39f64.to_le_bytes())), y("|u1", "(1,)", &[0])],
        &["1e39 is beyond"],
    );
    folder.fails(
        &[("X", npy("<f8", "(999999999, 99999)", false, &[])), y("|u1", "(1,)", &[0])],
        &["too small"],
    );
    let path = folder.write("cut.npz", &archive(&[x()])[..60]);
    let error = LabelledParts::load(&LabelledOptions::new(path)).unwrap_err().to_string();
    assert!(error.contains("cut.npz: the archive cannot be read"), "{error}");
}

#[test]
fn the_test_part_of_an_archive_is_that_of_its_names() {
    let array =
        |rows: usize| npy("<f4", &format!("({rows}, 2)"), false, &floats(&vec![rows as f32; 2 * rows]));
    let labels = |rows: usize| {
        let labels: Vec<u8> = (0..rows as i64).flat_map(|i| (i % 2).to_le_bytes()).collect();
        npy("<i8", &format!("({rows},)"), false, &labels)
    };
    let parts = [("x_train", array(4)), ("y_train", labels(4)), ("x_test", array(2)), ("y_test", labels(2))];
    let folder = folder();
    let path = folder.write("x.npz", archive(&parts));
    let options = LabelledOptions { test: Some(path.clone()), ..LabelledOptions::new(&path) };
    let read = LabelledParts::load(&options).unwrap();
    assert_eq!((read.train.len(), read.test.as_ref().map(Labelled::len)), (4, Some(2)));
    assert!(read.train.written()[0].starts_with("x_test, y_test not read"), "{:?}", read.train.written());
}
