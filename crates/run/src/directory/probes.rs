//! The probes of a run: files `probe/STEP.json`, each replaced as a whole.

use std::io;
use std::path::{Path, PathBuf};

use super::{RunError, check_format, io_error};
use crate::config::Config;
use crate::{links, plain_file, whole_file};
use longspan_record::{Beside, ProbeRecord, json_float};

/// The probes of a run, in ascending order of steps.
#[derive(Debug, Default)]
pub struct Probes {
    /// The probes.
    pub records: Vec<ProbeRecord>,
    /// Errors of the files that were skipped.
    pub skipped: Vec<RunError>,
}

/// The lags with which the gradient horizon is compared in a run with these settings.
pub fn beside(config: &Config) -> Beside {
    Beside {
        truncation_steps: config.is_truncated().then_some(config.data.unroll),
        needed_lag_steps: config.needed_lag_steps(),
    }
}

/// Writes a probe into a run and returns the path of its file.
///
/// # Errors
/// [`RunError::Io`].
pub fn write(run: &Path, record: &ProbeRecord) -> Result<PathBuf, RunError> {
    let directory = run.join("probe");
    super::make_folder(&directory)?;
    let path = directory.join(format!("{}.json", record.step));
    let failed = io_error(&path, "written");
    let text = json_float::to_document(record).map_err(|error| failed(io::Error::other(error)))?;
    whole_file::replace(&path, format!("{text}\n").as_bytes()).map_err(failed)?;
    Ok(path)
}

/// Reads all probes of a run. Damaged files are skipped and reported.
pub fn read(run: &Path) -> Probes {
    let mut probes = Probes::default();
    let folder = run.join("probe");
    let mut paths = match links::listed(&folder) {
        Ok(paths) => paths,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            probes.skipped.push(io_error(&folder, "read")(error));
            Vec::new()
        }
    };
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    for path in paths {
        let damaged = |reason: String| RunError::Damaged { path: path.clone(), reason };
        let record = plain_file::read(&path).map_err(io_error(&path, "read")).and_then(|text| {
            check_format(&path, &text, ProbeRecord::FORMAT)?;
            json_float::from_slice::<ProbeRecord>(&text).map_err(|error| damaged(error.to_string()))
        });
        match record {
            Ok(record) => probes.records.push(record),
            Err(error) => probes.skipped.push(error),
        }
    }
    probes.records.sort_by_key(|record| record.step);
    probes
}
