//! Every reader of bytes that others wrote, as a function of nothing but the bytes. An error of a reader is a good end; a
//! panic, a hang, or memory that is out of proportion is not.
//!
//! The fuzz targets call these functions, and so does the test `mutations` of `longspan-run`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use longspan::model::Model;
use longspan::params::Params;
use longspan_data::fingerprint::Fingerprint;
use longspan_data::inspect::{Given, inspect as inspect_file};
use longspan_data::labelled::idx::ImageSteps;
use longspan_data::labelled::music::Music;
use longspan_data::labelled::{Labelled, LabelledError, LabelledOptions, LabelledParts, Missing, idx};
use longspan_data::schema::Schema;
use longspan_data::series::{self, Series, SeriesOptions, describe, periods};
use longspan_data::stamps::Feature;
use longspan_data::text::{TextCorpus, TextOptions};
use longspan_data::vocabulary::{TokenLevel, Vocabulary};
use longspan_diagnose::{Language, diagnose};
use longspan_kernel::InstructionSet;
use longspan_run::checkpoint::{Checkpoint, replace_header};
use longspan_run::config::{Config, Origin};
use longspan_run::dataset::Dataset;
use longspan_run::directory::{self, profiles};
use longspan_run::report::{Brief, Flow, RunReport};
use longspan_run::train::resumed_config;
use safetensors::SafeTensors;

/// A reader. Its name is that of its target and of its corpus.
pub type Reader = (&'static str, fn(&[u8]));

/// All readers.
pub const READERS: &[Reader] = &[
    ("text", text),
    ("series", series),
    ("inspect", inspect),
    ("labelled", labelled),
    ("ts", ts),
    ("arrays", arrays),
    ("gzip", gzip),
    ("music", music),
    ("images", images),
    ("vocabulary", vocabulary),
    ("schema", schema),
    ("config", config),
    ("checkpoint", checkpoint),
    ("run", run),
    ("profiles", profiles),
];

/// A directory of this thread, for readers that open files.
fn scratch() -> PathBuf {
    thread_local! {
        static SCRATCH: tempfile::TempDir = tempfile::tempdir().expect("a temporary directory");
    }
    SCRATCH.with(|scratch| scratch.path().to_owned())
}

/// A file with these bytes.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = scratch().join(name);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    std::fs::write(&path, bytes).expect("a temporary file");
    path
}

/// A text in any encoding, as bytes, characters and words.
pub fn text(bytes: &[u8]) {
    let path = file("text.txt", bytes);
    for level in [TokenLevel::Byte, TokenLevel::Char, TokenLevel::Word] {
        let options = TextOptions {
            train: path.clone(),
            valid: None,
            test: Some(path.clone()),
            level,
            vocabulary_size: Some(50),
            valid_fraction: 0.2,
            encoding: None,
        };
        if let Ok(corpus) = TextCorpus::load(&options, None, &mut |_| {}) {
            let mut tokens = Vec::new();
            corpus
                .train
                .each(0, corpus.train.len(), |_, token| tokens.push(token))
                .expect("tokens in memory");
            corpus.vocabulary.decode(&tokens);
        }
    }
}

/// A table as a series, with the usual options and with all that treat times and gaps.
pub fn series(bytes: &[u8]) {
    let path = file("series.csv", bytes);
    for full in [false, true] {
        let mut options = SeriesOptions::new(&path, 2, 1);
        if full {
            options.missing = series::Missing::Interpolate;
            options.sort_time = true;
            options.keep_times = true;
            options.calendar = vec![Feature::Hour, Feature::Weekday, Feature::Month];
        }
        let _ = describe(&options);
        read_series(&options);
    }
}

fn read_series(options: &SeriesOptions) {
    let Ok(series) = Series::load(options) else { return };
    periods(&series);
    series.shifts();
    series.scaling();
    for part in [series::Part::Train, series::Part::Valid, series::Part::Test] {
        (0..series.windows(part).min(50)).for_each(|index| _ = series.window(part, index));
        for segment in series.segments(part) {
            series.time(segment, 0);
        }
    }
}

/// A file of any kind: what it is, and whether the settings that are proposed can be used.
pub fn inspect(bytes: &[u8]) {
    for name in ["inspect.csv", "inspect.txt", "inspect"] {
        let path = file(name, bytes);
        let Ok(found) = inspect_file(&path, &Given::default(), &mut |_, _| {}) else { continue };
        let _ = serde_json::to_string(&found).expect("a description");
        for settings in found.settings.iter().chain(found.otherwise.iter().map(|other| &other.settings)) {
            let mut config = Config::default();
            for setting in settings.iter() {
                config.set(setting.key, &setting.value, Origin::Flag).expect("a setting that is proposed");
            }
            let _ = Dataset::open(&config, None);
        }
    }
}

/// Labelled sequences of a table or of texts.
pub fn labelled(bytes: &[u8]) {
    for name in ["labelled.csv", "labelled.txt"] {
        read_labelled(&file(name, bytes));
    }
}

/// Labelled sequences of the UCR and UEA archives.
pub fn ts(bytes: &[u8]) {
    read_labelled(&file("labelled.ts", bytes));
}

/// Arrays of NumPy, as sequences and as a series.
pub fn arrays(bytes: &[u8]) {
    let name = if bytes.starts_with(b"PK") { "arrays.npz" } else { "arrays.npy" };
    let path = file(name, bytes);
    read_labelled(&path);
    read_series(&SeriesOptions::new(&path, 2, 1));
    let _ = inspect_file(&path, &Given::default(), &mut |_, _| {});
}

/// Packed files, as a text and as a table.
pub fn gzip(bytes: &[u8]) {
    read_series(&SeriesOptions::new(file("series.csv.gz", bytes), 2, 1));
    read_labelled(&file("labelled.ts.gz", bytes));
    text(bytes);
}

/// Piano rolls.
pub fn music(bytes: &[u8]) {
    if let Ok(music) = Music::read(bytes, Path::new("music.json")) {
        let _ = inspect_file(&file("music.json", bytes), &Given::default(), &mut |_, _| {});
        assert!(!music.train.is_empty());
    }
}

/// Images, and their labels.
pub fn images(bytes: &[u8]) {
    let (path, other) = (Path::new("images-idx3"), Path::new("labels-idx1"));
    let count = bytes.get(4..8).map_or(0, |count| count[3] % 64);
    let labels: Vec<u8> = [0, 0, 8, 1, 0, 0, 0, count].into_iter().chain((0..count).map(|i| i % 2)).collect();
    for steps in [ImageSteps::Rows, ImageSteps::Pixels { permuted: Some(1) }] {
        treat(idx::read(bytes, path, &labels[..], other, steps));
    }
    let two: Vec<u8> = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4].to_vec();
    treat(idx::read(&two[..], path, bytes, other, ImageSteps::Rows));
}

/// What training does with labelled sequences in a file.
fn read_labelled(path: &Path) {
    let options = LabelledOptions { missing: Missing::Interpolate, ..LabelledOptions::new(path) };
    treat(LabelledParts::load(&options).map(|parts| parts.train));
}

fn treat(read: Result<Labelled, LabelledError>) {
    let Ok(mut labelled) = read else { return };
    labelled.describe();
    labelled.spreads();
    let Ok(split) = labelled.split(0.2, 0.2, 1) else { return };
    if let Some(scaling) = longspan_data::labelled::Scaling::of(&labelled, &split.train) {
        let _ = scaling.apply(&mut labelled);
    }
    (0..labelled.len()).for_each(|sequence| _ = (labelled.id(sequence), labelled.label(sequence)));
}

/// The tokens of a model, as `--vocab` reads them and as a checkpoint has them.
pub fn vocabulary(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else { return };
    let stored = serde_json::from_str::<Vocabulary>(json).ok();
    let given = [TokenLevel::Char, TokenLevel::Word].map(|level| Vocabulary::from_json(json, level).ok());
    for vocabulary in given.into_iter().chain([stored]).flatten() {
        if let Ok(tokens) = vocabulary.encode("the cat\n") {
            vocabulary.decode(&tokens);
        }
        (0..vocabulary.len().min(300)).for_each(|id| _ = vocabulary.label(id as u32));
    }
}

/// The meaning of inputs and outputs.
pub fn schema(bytes: &[u8]) {
    let Ok(schema) = serde_json::from_slice::<Schema>(bytes) else { return };
    if schema.check().is_ok() {
        schema.fingerprint();
        schema.input(4);
        let text = serde_json::to_string(&schema).expect("a schema");
        serde_json::from_str::<Schema>(&text).expect("the schema that was written");
    }
}

/// Settings, as a file of `--config` and as a file of a run.
pub fn config(bytes: &[u8]) {
    let path = file("configured/config.toml", bytes);
    let mut config = Config::default();
    if config.read(&path).is_ok() && config.check().is_ok() {
        let again = file("again.toml", config.to_toml(true).as_bytes());
        let mut read = Config::default();
        read.read(&again).expect("the settings that were written");
        assert!(config.differences(&read).is_empty(), "the settings that were written differ");
    }
    let _ = directory::read_config(&scratch().join("configured"));
}

/// A checkpoint: as it is, and with a checksum that is right.
pub fn checkpoint(bytes: &[u8]) {
    for bytes in [Some(bytes.to_vec()), sealed(bytes)].into_iter().flatten() {
        let path = file("checkpoint.safetensors", &bytes);
        let Ok(checkpoint) = Checkpoint::read(&path) else { continue };
        let Some(header) = checkpoint.header() else { continue };
        let model = Model::<f32>::new(InstructionSet::Portable, &header.model);
        let mut params = Params::zeros(model.layout().clone());
        checkpoint.weights(&mut params).expect("the tensors of the model, which were checked");
    }
}

/// The metadata of a safetensors file.
fn metadata(bytes: &[u8]) -> Option<HashMap<String, String>> {
    SafeTensors::read_metadata(bytes).ok()?.1.metadata().clone()
}

/// A checkpoint with its own header, sealed again.
fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let header = serde_json::from_str(metadata(bytes)?.get("longspan")?).ok()?;
    replace_header(bytes, &header)
}

/// The text files of a run in one: each begins with a line `@@ NAME`.
pub fn run(bytes: &[u8]) {
    const FILES: [&str; 6] =
        ["run.json", "config.toml", "metrics.jsonl", "summary.json", "frequencies.json", "probe/1.json"];
    let mut contents: HashMap<&str, Vec<u8>> = HashMap::new();
    let mut name = "";
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_prefix(b"@@ ").and_then(|name| std::str::from_utf8(name).ok()) {
            Some(next) => name = FILES.into_iter().find(|own| *own == next.trim_end()).unwrap_or(""),
            None => contents.entry(name).or_default().extend_from_slice(line),
        }
    }
    for name in FILES {
        match contents.get(name) {
            Some(content) => drop(file(&format!("run/{name}"), content)),
            None => drop(std::fs::remove_file(scratch().join("run").join(name))),
        }
    }
    read_run(&scratch().join("run"));
}

/// What `diagnose`, `report`, `ls` and `serve` read.
fn read_run(run: &Path) {
    Brief::read(run);
    let report = RunReport::read(run);
    serde_json::to_string(&report).expect("a document");
    let _ = directory::read_frequencies(run);
    let _ = resumed_config(run, &Config::default());
    if let Ok(history) = directory::history::read(run) {
        for finding in diagnose(&history.evidence()).findings {
            for language in [Language::English, Language::Chinese] {
                finding.observation.text(language);
            }
        }
    }
}

/// Gradient profiles: as they are, and with a fingerprint that is right.
pub fn profiles(bytes: &[u8]) {
    for bytes in [Some(bytes.to_vec()), marked(bytes)].into_iter().flatten() {
        file("profiled/flow/000001.safetensors", &bytes);
        let flows = profiles::read(&scratch().join("profiled"));
        Flow::of(&flows);
    }
}

/// Profiles with the fingerprint of their tensors.
fn marked(bytes: &[u8]) -> Option<Vec<u8>> {
    const FIELD: &str = r#"\"fingerprint\":\""#;
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let mut names = tensors.names();
    names.sort_unstable();
    let mut fingerprint = Fingerprint::default();
    for name in names {
        fingerprint.write(name.as_bytes());
        let (words, rest) = tensors.tensor(name).ok()?.data().as_chunks::<8>();
        words.iter().for_each(|word| fingerprint.write_word(u64::from_le_bytes(*word)));
        fingerprint.write(rest);
    }
    let at = bytes.windows(FIELD.len()).position(|window| window == FIELD.as_bytes())? + FIELD.len();
    let mut bytes = bytes.to_vec();
    bytes.get_mut(at..at + 16)?.copy_from_slice(format!("{:016x}", fingerprint.finish()).as_bytes());
    Some(bytes)
}
