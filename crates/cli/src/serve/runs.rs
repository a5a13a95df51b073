//! The runs below a directory. A run is read again only if its files have changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use longspan_run::directory::history;
use longspan_run::report::{Brief, RunReport};
use serde::Serialize;

use super::timeline::Timeline;
use crate::commands::ls;

/// The number of documents that are kept.
const KEPT: usize = 8;
/// A run is in training if its metrics were written within this time, and its summary was not written since.
const RECENT: Duration = Duration::from_secs(120);

/// Time between two diagnoses of a run in training.
const BETWEEN: Duration = Duration::from_secs(5);

/// The length and modification time of each file of a run.
type Fingerprint = Vec<(PathBuf, u64, Option<SystemTime>)>;

pub(super) struct Runs {
    directory: PathBuf,
    known: Mutex<BTreeMap<String, Known>>,
}

#[derive(Default)]
struct Known {
    path: PathBuf,
    fingerprint: Fingerprint,
    /// The entry of the list.
    brief: Brief,
    /// Whether the run seems to be in training.
    training: bool,
    /// The document, and the fingerprint of the files that it was made from.
    document: Option<(Fingerprint, String)>,
    /// The time of the last request for the document, as a counter.
    used: u64,
    /// Findings during training; None if the run was never seen in training.
    timeline: Option<Timeline>,
    /// The time of the last diagnosis, and the fingerprint of its files.
    diagnosed: Option<(Instant, Fingerprint)>,
}

/// The document of all runs.
#[derive(Serialize)]
struct List {
    directory: String,
    runs: Vec<Listed>,
}

/// An entry of the list.
#[derive(Serialize)]
struct Listed {
    name: String,
    training: bool,
    #[serde(flatten)]
    brief: Brief,
    #[serde(rename = "story", skip_serializing_if = "Option::is_none")]
    timeline: Option<Timeline>,
}

impl Runs {
    pub(super) fn new(directory: PathBuf) -> Self {
        let runs = Self { directory, known: Mutex::default() };
        runs.update();
        runs
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        // After a panic the map is still usable: it is a cache.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists the directory again. Returns the names of runs that are new, changed or gone.
    pub(super) fn update(&self) -> Vec<String> {
        let found: BTreeMap<String, PathBuf> =
            ls::runs(&self.directory).into_iter().map(|path| (self.name(&path), path)).collect();
        let mut changed = Vec::new();
        let mut known = self.known();
        known.retain(|name, _| {
            let stays = found.contains_key(name);
            if !stays {
                changed.push(name.clone());
            }
            stays
        });
        for (name, path) in found {
            let fingerprint = fingerprint(&path);
            let training = is_training(&path);
            let same = known
                .get(&name)
                .is_some_and(|run| run.fingerprint == fingerprint && run.training == training);
            if same {
                continue;
            }
            changed.push(name.clone());
            let brief = Brief::read(&path);
            let run = known.entry(name).or_insert_with(|| Known { path, ..Known::default() });
            (run.fingerprint, run.brief, run.training) = (fingerprint, brief, training);
            if training {
                run.timeline.get_or_insert_default();
            }
        }
        changed
    }

    /// Diagnoses the runs in training, each at most every [`BETWEEN`], and once more after training. Returns the names of runs whose
    /// findings have changed.
    pub(super) fn diagnose(&self) -> Vec<String> {
        let due = |run: &Known| {
            let ended = !run.training;
            let waits = |(at, fingerprint): &(Instant, Fingerprint)| {
                *fingerprint == run.fingerprint || !ended && at.elapsed() < BETWEEN
            };
            run.timeline.is_some() && !run.diagnosed.as_ref().is_some_and(waits)
        };
        let due: Vec<_> = (self.known().iter().filter(|(_, run)| due(run)))
            .map(|(name, run)| (name.clone(), run.path.clone(), run.fingerprint.clone()))
            .collect();
        let mut news = Vec::new();
        for (name, path, fingerprint) in due {
            // The lock is not held while reading. A run that cannot be read now is read again when it has changed.
            let read = history::read(&path).ok().map(|history| {
                let step = history.steps.last().map_or(0, |step| step.step);
                (step, longspan_diagnose::diagnose(&history.evidence()))
            });
            let mut known = self.known();
            let Some(run) = known.get_mut(&name) else { continue };
            run.diagnosed = Some((Instant::now(), fingerprint));
            if let (Some(timeline), Some((step, verdict))) = (&mut run.timeline, read)
                && timeline.update(step, &verdict)
            {
                news.push(name);
            }
        }
        news
    }

    /// The name of a run: its path below the directory.
    fn name(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.directory).unwrap_or(path);
        match below.as_os_str().is_empty() {
            true => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            false => below.to_string_lossy().into_owned(),
        }
    }

    /// All runs as a JSON document.
    pub(super) fn list(&self) -> String {
        let known = self.known();
        let listed = |(name, run): (&String, &Known)| {
            let (training, timeline) = (run.training, run.timeline.clone());
            let mut brief = run.brief.clone();
            if let Some(timeline) = timeline.as_ref().filter(|_| training) {
                brief.verdict = timeline.codes();
            }
            Listed { name: name.clone(), training, brief, timeline }
        };
        let directory = self.directory.display().to_string();
        let list = List { directory, runs: known.iter().map(listed).collect() };
        serde_json::to_string(&list).expect("names and numbers")
    }

    /// The document of a run as JSON; None if there is no run of that name.
    pub(super) fn document(&self, name: &str) -> Option<String> {
        let (path, fingerprint, training) = {
            let mut known = self.known();
            let used = known.values().map(|run| run.used).max().unwrap_or(0) + 1;
            let run = known.get_mut(name)?;
            run.used = used;
            if let Some((of, text)) = &run.document
                && *of == run.fingerprint
            {
                return Some(text.clone());
            }
            (run.path.clone(), run.fingerprint.clone(), run.training)
        };
        // The lock is not held while reading.
        let mut report = RunReport { name: name.to_owned(), ..RunReport::read(&path) };
        if training {
            report.state = "training".into();
        }
        let text = serde_json::to_string(&report).expect("names and numbers");
        let mut known = self.known();
        if let Some(run) = known.get_mut(name) {
            run.document = Some((fingerprint, text.clone()));
        }
        if known.values().filter(|run| run.document.is_some()).count() > KEPT
            && let Some(oldest) =
                known.values_mut().filter(|run| run.document.is_some()).min_by_key(|run| run.used)
        {
            oldest.document = None;
        }
        Some(text)
    }
}

/// Whether a run seems to be in training, by the times of its files. Its lock file is not tried, because that could make a training
/// that begins at this moment fail.
fn is_training(path: &Path) -> bool {
    let time = |name: &str| fs::metadata(path.join(name)).and_then(|file| file.modified()).ok();
    let (Some(metrics), summary) = (time("metrics.jsonl"), time("summary.json")) else { return false };
    let recent = metrics.elapsed().is_ok_and(|age| age < RECENT);
    recent && summary.is_none_or(|summary| summary < metrics)
}

fn fingerprint(path: &Path) -> Fingerprint {
    let mut fingerprint = Vec::new();
    for directory in [path.to_owned(), path.join("flow"), path.join("probe"), path.join("fault")] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if let Ok(file) = entry.metadata()
                && file.is_file()
            {
                fingerprint.push((entry.path(), file.len(), file.modified().ok()));
            }
        }
    }
    fingerprint.sort();
    fingerprint
}
