//! The run directory: all files of a run, which are only appended to or replaced atomically.
//!
//! ```text
//! run.json                      description of the run; written last at the start, so its presence makes a directory a run
//! config.toml                   the resolved settings
//! frequencies.json              how often each token, class or key occurs in training, for baselines of other data
//! metrics.jsonl                 one record for each step and validation; append-only
//! checkpoints/{last,best}.safetensors
//! checkpoints/last-STEP.safetensors      earlier ones, as many as the setting `keep` says
//! checkpoints/rewind-STEP.safetensors    rewind points, with on_fault = "rewind"
//! flow/                         gradient profiles, in segments
//! probe/STEP.json               probe of the weights after step STEP
//! summary.json                  how it ended
//! fault/                        record and batch of a failed step
//! lock                          locked while a process trains here
//! ```
//!
//! Every record of the metrics has `step` and `attempt`. The attempt increases by 1 with each resume and each rewind;
//! readers keep the highest attempt of a step and ignore a torn last line. Losses are in the unit that `run.json` names
//! (`data.unit`). Numbers that are not finite are null, and named in a field `not_finite`: see [`longspan_record::json_float`].

mod changes;
mod error;
mod format;
mod held;
pub mod history;
mod numbered;
pub mod probes;
pub mod profiles;
mod summary;
mod waiting;
mod watched;

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

pub use changes::{CHANGEABLE, settings_at};
pub use error::RunError;
pub use summary::{SummaryRecord, UNFINISHED, UNREADABLE, read_summary};
pub use watched::Watched;

pub(crate) use changes::resumed_changes;
use error::io_error;
pub(crate) use format::check_format;
use held::{Held, is_left_over};
pub(crate) use numbered::{numbered, numbered_path};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use waiting::Waiting;
pub(crate) use waiting::is_full;

use crate::config::{Config, ConfigError, Gaps};
use crate::dataset::{DataRecord, Frequencies};
use crate::disk::{self, OutFile};
use crate::{links, plain_file, whole_file};
use longspan_record::{SettingChange, json_float};

/// The version of the format.
pub const FORMAT: u32 = 1;

/// The description of a run: `run.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of the format.
    pub format: u32,
    /// Name and start time, to tell runs apart.
    pub id: String,
    /// The run or weights file that it started from.
    pub parent: Option<Parent>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// The data.
    pub data: DataRecord,
    /// Instruction set; another one rounds differently.
    pub isa: String,
    /// Threads at the start.
    pub threads: usize,
    /// Windows in one epoch of the training part, and steps of the longest one; 0 in runs of older versions.
    #[serde(default)]
    pub windows: u64,
    /// Steps of the longest window, see [`RunRecord::windows`].
    #[serde(default)]
    pub window_steps: usize,
    /// Parameters of the model.
    pub parameters: usize,
    /// Version of the program.
    pub version: String,
    /// Time at which the run was created, in seconds since 1970.
    pub created: u64,
    /// The settings that the run was started with, apart from files and those that change no result, by name; empty in runs of older versions.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The settings that were changed when the run was resumed, in ascending order of steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<SettingChange>,
    /// What another program knows that trains this run; None for a run of Longspan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
}

/// Where a run got its first weights from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parent {
    /// The directory of the run, or the weights file.
    #[serde(serialize_with = "crate::visible::serialize")]
    pub run: PathBuf,
    /// The training step of the weights; None for a file that has only weights.
    pub step: Option<u64>,
}

/// A run's directory, open for writing.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    metrics: OutFile,
    /// Lines that the disk had no room for; None if that ends the run.
    waiting: Option<Waiting>,
    attempt: u64,
    held: Held,
}

impl RunDir {
    /// Prepares a run in `path`, which must be new or empty. It becomes a run when [`RunDir::begin`] writes
    /// its record.
    ///
    /// # Errors
    /// [`RunError::Exists`], [`RunError::NotARun`], [`RunError::Io`].
    pub fn create(path: &Path, config: &Config) -> Result<Self, RunError> {
        if is_run(path) {
            return Err(RunError::Exists { path: path.into() });
        }
        match is_left_over(path) {
            Ok(true) => {}
            Ok(false) => return Err(RunError::NotARun { path: path.into() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(path, "used")(error)),
        }
        let checkpoints = path.join("checkpoints");
        disk::create_dir_all(&checkpoints).map_err(io_error(&checkpoints, "written"))?;
        let held = Held::take(path)?;
        let metrics_path = path.join("metrics.jsonl");
        let metrics = plain_file::create(&metrics_path).map_err(io_error(&metrics_path, "written"))?;
        let run = Self { path: path.into(), metrics, waiting: None, attempt: 1, held };
        run.replace("config.toml", config.to_toml(false).as_bytes())?;
        Ok(run)
    }

    /// Writes `run.json`, which makes the directory a run. The first checkpoint is written before it, so
    /// every run can be resumed.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn begin(&self, record: &RunRecord) -> Result<(), RunError> {
        self.replace_json("run.json", record)
    }

    /// Opens a run to continue it with the next attempt.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn resume(path: &Path) -> Result<Self, RunError> {
        if !is_run(path) {
            return Err(RunError::Missing { path: path.into() });
        }
        let held = Held::take(path)?;
        let metrics_path = path.join("metrics.jsonl");
        let failed = io_error(&metrics_path, "written");
        let mut metrics = plain_file::append(&metrics_path).map_err(&failed)?;
        let attempt = 1 + last_attempt(&mut metrics).map_err(&failed)?;
        // A torn line is ended here, so that the next record begins on its own line.
        let mut last = [b'\n'];
        if metrics.seek(SeekFrom::End(-1)).is_ok() {
            metrics.read_exact(&mut last).map_err(&failed)?;
        }
        if last != [b'\n'] {
            metrics.write_all(b"\n").map_err(&failed)?;
        }
        Ok(Self { path: path.into(), metrics, waiting: None, attempt, held })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of this attempt: 1 at first, 1 higher after each resume.
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// Begins the next attempt: steps that were taken are repeated.
    pub(crate) fn next_attempt(&mut self) {
        self.attempt += 1;
    }

    /// Appends one record of `kind` with the number of this attempt.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn append(&mut self, kind: &str, record: &impl Serialize) -> Result<(), RunError> {
        let path = self.path.join("metrics.jsonl");
        let failed = io_error(&path, "written");
        let fields = json_float::to_document(record).map_err(|error| failed(io::Error::other(error)))?;
        let mut line = Map::new();
        line.insert("type".into(), kind.into());
        for (name, value) in fields.as_object().into_iter().flatten() {
            match name.as_str() {
                "attempt" => {}
                _ => drop(line.insert(name.clone(), value.clone())),
            }
            if name == "step" {
                line.insert("attempt".into(), self.attempt.into());
            }
        }
        let mut line = Value::Object(line).to_string();
        line.push('\n');
        self.held.check()?;
        // One call for each line, so that an interrupted write leaves a prefix of the line.
        match &mut self.waiting {
            None => self.metrics.write_all(line.as_bytes()).map_err(failed),
            Some(waiting) => waiting.append(&mut self.metrics, line.as_bytes()).map_err(failed),
        }
    }

    /// Keeps records in memory while the disk is full, instead of failing.
    pub(crate) fn wait_for_disk(&mut self) {
        self.waiting.get_or_insert_default();
    }

    /// Writes the records that are in memory.
    ///
    /// # Errors
    /// [`RunError::Io`] if the disk is still full.
    pub(crate) fn write_waiting(&mut self) -> Result<(), RunError> {
        let path = self.path.join("metrics.jsonl");
        let written = self.waiting.as_mut().map_or(Ok(()), |waiting| waiting.write(&mut self.metrics));
        written.map_err(io_error(&path, "written"))
    }

    /// Whether records are in memory, because the disk is full.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| !waiting.is_empty())
    }

    /// Replaces `summary.json`.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn write_summary(&self, summary: &impl Serialize) -> Result<(), RunError> {
        self.replace_json("summary.json", summary)
    }

    /// Replaces `frequencies.json`, one line: a vocabulary may have very many tokens.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn write_frequencies(&self, frequencies: &Frequencies) -> Result<(), RunError> {
        let path = self.path.join("frequencies.json");
        let text = serde_json::to_string(frequencies)
            .map_err(|error| io_error(&path, "written")(io::Error::other(error)))?;
        self.replace("frequencies.json", (text + "\n").as_bytes())
    }

    /// Replaces the files in `fault`. The record is written last: its presence makes a fault.
    pub(crate) fn write_fault(&self, batch: &[u8], record: &impl Serialize) -> Result<(), RunError> {
        let folder = self.path.join("fault");
        self.held.check()?;
        make_folder(&folder)?;
        self.replace("fault/batch.safetensors", batch)?;
        self.replace_json("fault/fault.json", record)
    }

    /// Replaces `config.toml`.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn write_config(&self, config: &Config) -> Result<(), RunError> {
        self.replace("config.toml", config.to_toml(false).as_bytes())
    }

    fn replace_json(&self, name: &str, value: &impl Serialize) -> Result<(), RunError> {
        let path = self.path.join(name);
        let mut text = json_float::to_document(value)
            .and_then(|document| serde_json::to_string_pretty(&document))
            .map_err(|error| io_error(&path, "written")(io::Error::other(error)))?;
        text.push('\n');
        self.replace(name, text.as_bytes())
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        self.held.check()?;
        let path = self.path.join(name);
        whole_file::replace(&path, bytes).map_err(io_error(&path, "written"))
    }

    /// Fails if the directory was removed, or replaced by another one.
    ///
    /// # Errors
    /// [`RunError::Gone`].
    pub fn check(&self) -> Result<(), RunError> {
        self.held.check()
    }
}

/// Makes a folder in a run, but not the run.
fn make_folder(folder: &Path) -> Result<(), RunError> {
    match disk::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(io_error(folder, "written")(error)),
        // It would lead the files of the folder out of the run.
        Err(_) if folder.is_symlink() => Err(io_error(folder, "written")(links::refusal("it"))),
        _ => Ok(()),
    }
}

/// Whether a directory is a run. One whose `run.json` is a symbolic link is a run that cannot be read.
pub fn is_run(path: &Path) -> bool {
    let record = path.join("run.json").symlink_metadata();
    record.is_ok_and(|record| record.is_file() || record.is_symlink())
}

/// The path of a checkpoint, by name.
pub fn checkpoint_path(run: &Path, name: &str) -> PathBuf {
    run.join("checkpoints").join(format!("{name}.safetensors"))
}

/// The checkpoint file for an argument RUN or FILE: the file itself, or the best checkpoint of a run, else
/// its last one.
///
/// # Errors
/// [`RunError::Missing`], [`RunError::Format`], [`RunError::NoCheckpoint`].
pub fn find_checkpoint(path: &Path) -> Result<PathBuf, RunError> {
    if path.is_file() {
        return Ok(path.into());
    }
    if !is_run(path) {
        return Err(RunError::Missing { path: path.into() });
    }
    // A damaged description does not keep the weights from use, but one of another format may change what they mean.
    let record = path.join("run.json");
    if let Ok(text) = plain_file::read(&record) {
        check_format(&record, &text, FORMAT)?;
    }
    let best =
        ["best", "last"].map(|name| checkpoint_path(path, name)).into_iter().find(|file| file.is_file());
    best.ok_or_else(|| RunError::NoCheckpoint { path: path.into() })
}

/// Reads the description of a run.
///
/// # Errors
/// [`RunError::Missing`], [`RunError::Format`], [`RunError::Damaged`], [`RunError::Io`].
pub fn read_record(run: &Path) -> Result<RunRecord, RunError> {
    let path = run.join("run.json");
    let damaged = |reason: String| RunError::Damaged { path: path.clone(), reason };
    let text = match plain_file::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RunError::Missing { path: run.into() });
        }
        Err(error) => return Err(io_error(&path, "read")(error)),
    };
    check_format(&path, text.as_bytes(), FORMAT)?;
    json_float::from_slice(text.as_bytes()).map_err(|error| damaged(error.to_string()))
}

/// Reads the frequencies in the training part of a run; None if it has none: series and tasks, and runs of earlier
/// versions.
///
/// # Errors
/// [`RunError::Io`], [`RunError::Damaged`].
pub fn read_frequencies(run: &Path) -> Result<Option<Frequencies>, RunError> {
    let path = run.join("frequencies.json");
    match plain_file::read_to_string(&path) {
        Ok(text) => match serde_json::from_str::<Frequencies>(&text) {
            // No data have so many targets that their number overflows.
            Ok(frequencies) if frequencies.counts.iter().any(|&count| count > 1 << 48) => {
                Err(RunError::Damaged { path, reason: "a count is above 2^48".into() })
            }
            Ok(frequencies) => Ok(Some(frequencies)),
            Err(error) => Err(RunError::Damaged { path, reason: error.to_string() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(&path, "read")(error)),
    }
}

/// Reads the settings of a run.
///
/// # Errors
/// [`ConfigError`].
pub fn read_config(run: &Path) -> Result<Config, ConfigError> {
    let mut config = settings_of_an_older_run();
    let path = run.join("config.toml");
    let text = plain_file::read_to_string(&path);
    let text = text.map_err(|error| ConfigError::Unreadable { path: path.clone(), error })?;
    config.parse(&path, &text)?;
    config.check_numbers()?;
    Ok(config)
}

/// The values of settings that the files of a run lack.
///
/// A run writes all settings. Where one of these is missing, the run is older: its windows span gaps, and none
/// reads rows of another part.
pub(crate) fn settings_of_an_older_run() -> Config {
    let mut config = Config::default();
    config.data.gaps = Gaps::Ignore;
    config.data.reach_back = false;
    config
}

/// The highest attempt in the metrics. Torn lines and lines that are no records are ignored.
fn last_attempt(metrics: &mut OutFile) -> io::Result<u64> {
    #[derive(Deserialize)]
    struct Attempt {
        attempt: u64,
    }
    let mut last = 0;
    let mut reader = BufReader::new(metrics);
    reader.seek(SeekFrom::Start(0))?;
    for line in reader.split(b'\n') {
        if let Ok(record) = serde_json::from_slice::<Attempt>(&line?) {
            last = last.max(record.attempt);
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_dir::TestDir;

    #[test]
    fn older_runs_have_the_windows_that_they_had() {
        let run = TestDir::new();
        let read = |text: &str| {
            run.write("config.toml", text);
            let data = read_config(run.path()).expect("a configuration").data;
            (data.gaps, data.reach_back)
        };
        assert_eq!(read("schema = 2\n[data]\nwindow = 3\n"), (Gaps::Ignore, false));
        let settings = "gaps = \"split\"\nreach_back = true\n";
        assert_eq!(read(&format!("schema = 2\n[data]\nwindow = 3\n{settings}")), (Gaps::Split, true));
    }
}
