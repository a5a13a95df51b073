//! The run directory: everything that a run leaves, append-only or replaced atomically.
//!
//! ```text
//! run.json                      what the run is; written last when it begins, so that its presence makes a run
//! config.toml                   the resolved settings
//! metrics.jsonl                 one record for each step and validation, only ever appended to
//! checkpoints/{last,best}.safetensors
//! flow/                         gradient profiles along time, in segments
//! probe/STEP.json               what was measured of the weights after so many steps
//! summary.json                  how it ended
//! fault/                        the record and the batch of a step that could not be taken
//! lock                          held while a process trains here
//! ```
//!
//! Every metrics record carries `step` and `attempt`, one higher after each resume: readers keep the highest attempt of a
//! step and ignore a torn last line. Numbers that are not finite are the strings "NaN", "Infinity", "-Infinity".

mod error;
pub mod history;
pub mod probes;
pub mod profiles;
mod summary;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub use error::RunError;
pub use summary::{SummaryRecord, read_summary};

use error::io_error;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::{Config, ConfigError};
use crate::dataset::DataRecord;
use longspan::model::head::Unit;

/// The version of the format.
pub const FORMAT: u32 = 1;

/// What a run is: `run.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of the format.
    pub format: u32,
    /// Name and start time, to tell runs apart.
    pub id: String,
    /// The run or weights that it started from.
    pub parent: Option<Parent>,
    /// Start of every random number.
    pub seed: u64,
    /// The data.
    pub data: DataRecord,
    /// Instruction set: other ones give other rounding.
    pub isa: String,
    /// Threads at the start.
    pub threads: usize,
    /// Windows of one pass over what is trained on, and steps of the longest of them; 0 in runs that did not say so.
    #[serde(default)]
    pub windows: u64,
    /// See [`RunRecord::windows`].
    #[serde(default)]
    pub window_steps: usize,
    /// Parameters of the model.
    pub parameters: usize,
    /// Version of the program.
    pub version: String,
    /// Seconds since 1970.
    pub created: u64,
}

/// Where a run's first weights came from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parent {
    /// The run's directory, or the file of weights.
    pub run: PathBuf,
    /// The step that the weights are from; None for weights alone.
    pub step: Option<u64>,
}

/// A run's directory, open for writing.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    metrics: File,
    attempt: u64,
    /// Held as long as the run is open.
    _lock: File,
}

impl RunDir {
    /// Prepares a run in `path`, which must be new or empty. It is a run once [`RunDir::begin`] has written its record.
    ///
    /// # Errors
    /// [`RunError::Exists`], [`RunError::NotARun`], [`RunError::Io`].
    pub fn create(path: &Path, config: &Config) -> Result<Self, RunError> {
        if is_run(path) {
            return Err(RunError::Exists { path: path.into() });
        }
        match fs::read_dir(path) {
            // What an interrupted beginning leaves is ours to overwrite: without run.json there is no run.
            Ok(mut entries) => {
                let ours = ["config.toml", "metrics.jsonl", "checkpoints", "lock"];
                let foreign = entries.any(|entry| {
                    entry.is_ok_and(|entry| !ours.iter().any(|name| entry.file_name() == *name))
                });
                if foreign {
                    return Err(RunError::NotARun { path: path.into() });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(path, "used")(error)),
        }
        let checkpoints = path.join("checkpoints");
        fs::create_dir_all(&checkpoints).map_err(io_error(&checkpoints, "written"))?;
        let lock = lock(path)?;
        let metrics_path = path.join("metrics.jsonl");
        let metrics = File::create(&metrics_path).map_err(io_error(&metrics_path, "written"))?;
        let run = Self { path: path.into(), metrics, attempt: 1, _lock: lock };
        run.replace("config.toml", config.to_toml(false).as_bytes())?;
        Ok(run)
    }

    /// Writes `run.json`: from now on there is a run. The first checkpoint is there before, so that every run can be
    /// resumed.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn begin(&self, record: &RunRecord) -> Result<(), RunError> {
        self.replace_json("run.json", record)
    }

    /// Opens a run to continue it: the next attempt.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn resume(path: &Path) -> Result<Self, RunError> {
        if !is_run(path) {
            return Err(RunError::Missing { path: path.into() });
        }
        let lock = lock(path)?;
        let metrics_path = path.join("metrics.jsonl");
        let failed = io_error(&metrics_path, "written");
        let mut metrics =
            OpenOptions::new().read(true).append(true).create(true).open(&metrics_path).map_err(&failed)?;
        let attempt = 1 + last_attempt(&metrics).map_err(&failed)?;
        // A line that a kill tore stays alone on its line.
        let mut last = [b'\n'];
        if metrics.seek(SeekFrom::End(-1)).is_ok() {
            metrics.read_exact(&mut last).map_err(&failed)?;
        }
        if last != [b'\n'] {
            metrics.write_all(b"\n").map_err(&failed)?;
        }
        Ok(Self { path: path.into(), metrics, attempt, _lock: lock })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// 1 at first, one higher after each resume.
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// Appends one record of `kind`, with this attempt's number, in which the names of losses end with what they are counted in.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn append(&mut self, kind: &str, unit: Unit, record: &impl Serialize) -> Result<(), RunError> {
        let path = self.path.join("metrics.jsonl");
        let failed = io_error(&path, "written");
        let fields = serde_json::to_value(record).map_err(|error| failed(io::Error::other(error)))?;
        let mut line = Map::new();
        line.insert("type".into(), kind.into());
        for (name, value) in fields.as_object().into_iter().flatten() {
            match name.as_str() {
                "attempt" => {}
                "loss" => drop(line.insert(format!("loss_{unit}"), value.clone())),
                _ => drop(line.insert(name.clone(), value.clone())),
            }
            if name == "step" {
                line.insert("attempt".into(), self.attempt.into());
            }
        }
        let mut line = Value::Object(line).to_string();
        line.push('\n');
        // One call for one line: what a kill leaves is a prefix of it.
        self.metrics.write_all(line.as_bytes()).map_err(failed)
    }

    /// Replaces `summary.json`.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn write_summary(&self, summary: &impl Serialize) -> Result<(), RunError> {
        self.replace_json("summary.json", summary)
    }

    /// Replaces the files in `fault`: the record last, whose presence makes a fault.
    pub(crate) fn write_fault(&self, batch: &[u8], record: &impl Serialize) -> Result<(), RunError> {
        let folder = self.path.join("fault");
        fs::create_dir_all(&folder).map_err(io_error(&folder, "written"))?;
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
        let mut text = serde_json::to_string_pretty(value)
            .map_err(|error| io_error(&path, "written")(io::Error::other(error)))?;
        text.push('\n');
        self.replace(name, text.as_bytes())
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        let path = self.path.join(name);
        replace_file(&path, bytes).map_err(io_error(&path, "written"))
    }
}

/// Whether a directory holds a run.
pub fn is_run(path: &Path) -> bool {
    path.join("run.json").is_file()
}

/// Where the checkpoint of that name is.
pub fn checkpoint_path(run: &Path, name: &str) -> PathBuf {
    run.join("checkpoints").join(format!("{name}.safetensors"))
}

/// The checkpoint file that RUN or FILE means: the file itself, or of a run its best, else its last one.
///
/// # Errors
/// [`RunError::Missing`], [`RunError::NoCheckpoint`].
pub fn find_checkpoint(path: &Path) -> Result<PathBuf, RunError> {
    if path.is_file() {
        return Ok(path.into());
    }
    if !is_run(path) {
        return Err(RunError::Missing { path: path.into() });
    }
    let best =
        ["best", "last"].map(|name| checkpoint_path(path, name)).into_iter().find(|file| file.is_file());
    best.ok_or_else(|| RunError::NoCheckpoint { path: path.into() })
}

/// What a run is.
///
/// # Errors
/// [`RunError::Missing`], [`RunError::Damaged`].
pub fn read_record(run: &Path) -> Result<RunRecord, RunError> {
    let path = run.join("run.json");
    let damaged = |reason: String| RunError::Damaged { path: path.clone(), reason };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RunError::Missing { path: run.into() });
        }
        Err(error) => return Err(io_error(&path, "read")(error)),
    };
    let record: RunRecord = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if record.format != FORMAT {
        return Err(damaged(format!("format {}, and this version reads {FORMAT}", record.format)));
    }
    Ok(record)
}

/// The settings of a run.
///
/// # Errors
/// [`ConfigError`].
pub fn read_config(run: &Path) -> Result<Config, ConfigError> {
    let mut config = Config::default();
    config.read(&run.join("config.toml"))?;
    Ok(config)
}

/// Writes a file so that at every instant there is either the old or the new one, whole: under another name first,
/// forced to disk, then renamed.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(error) = written {
        // What could be written of it is of no use, and the disk may be full.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    fs::rename(&temporary, path)?;
    // The rename itself has to reach the disk; where directories cannot be synced it does so by itself.
    if let Some(directory) = path.parent().filter(|p| !p.as_os_str().is_empty())
        && let Ok(directory) = File::open(directory)
    {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// Takes the run's lock, which ends with the process that holds it.
fn lock(run: &Path) -> Result<File, RunError> {
    let path = run.join("lock");
    let file = File::create(&path).map_err(io_error(&path, "written"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(RunError::Busy { path: run.into() }),
        // Some network file systems have no locks: go without.
        Err(fs::TryLockError::Error(_)) => Ok(file),
    }
}

/// The highest attempt in the metrics; torn and foreign lines do not count.
fn last_attempt(metrics: &File) -> io::Result<u64> {
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
