//! The runs below a directory. A run is read again only if its files have changed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use axum::body::Bytes;
use longspan_run::directory::history::History;
use longspan_run::directory::profiles;
use longspan_run::report::{Brief, RunReport};
use longspan_run::visible;
use serde::Serialize;

use super::caught::{INTERNAL, caught};
use super::documents::{Documents, Unread};
use super::timeline::Timeline;
use crate::commands::ls::{self, Found, Links};

/// A run is in training if its metrics were written within this time, and its summary was not written since.
const RECENT: Duration = Duration::from_secs(120);

/// Time between two diagnoses of a run in training.
const BETWEEN: Duration = Duration::from_secs(5);

/// The number of gradient profiles that are read: twice the columns of a gradient map or more.
const PROFILES: usize = 960;

/// The length and modification time of each file of a run.
type Fingerprint = Vec<(PathBuf, u64, Option<SystemTime>)>;

pub(super) struct Runs {
    directory: PathBuf,
    known: Mutex<BTreeMap<String, Known>>,
    /// The document of all runs; None if it has changed.
    list: Mutex<Option<Bytes>>,
    documents: Documents<State>,
}

/// The state of a run that a document shows.
#[derive(Clone, Default, PartialEq)]
struct State {
    fingerprint: Fingerprint,
    training: bool,
}

#[derive(Default)]
struct Known {
    path: PathBuf,
    state: State,
    /// The entry of the list.
    brief: Brief,
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
        let (known, list, documents) = (Mutex::default(), Mutex::default(), Documents::default());
        let runs = Self { directory, known, list, documents };
        runs.update();
        runs
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        // After a panic the map is still usable: it is a cache.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listed(&self) -> MutexGuard<'_, Option<Bytes>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists the directory again. Returns the names of runs that are new, changed or gone. The lock is not held while files are read.
    pub(super) fn update(&self) -> Vec<String> {
        let Found { runs, failed } = ls::runs(&self.directory, Links::Skipped);
        let found: BTreeMap<String, PathBuf> =
            runs.into_iter().map(|path| (self.name(&path), path)).collect();
        let mut changed = Vec::new();
        self.known().retain(|name, run| {
            // A run below a directory that cannot be listed may still be there.
            let error = failed.iter().find(|(directory, _)| run.path.starts_with(directory));
            if let Some((directory, error)) = error.filter(|_| !found.contains_key(name)) {
                run.state.fingerprint.clear();
                let verdict = format!("{} cannot be listed ({error})", directory.display());
                if run.brief.verdict != verdict {
                    run.brief.verdict = verdict;
                    changed.push(name.clone());
                }
                return true;
            }
            let stays = found.contains_key(name);
            if !stays {
                changed.push(name.clone());
                self.documents.forget(name);
            }
            stays
        });
        for (name, path) in found {
            let state = State { fingerprint: fingerprint(&path), training: is_training(&path) };
            // Without a fingerprint nothing is known to be the same.
            let same = !state.fingerprint.is_empty()
                && self.known().get(&name).is_some_and(|run| run.state == state);
            if same {
                continue;
            }
            let brief = caught(|| Brief::read(&path))
                .unwrap_or_else(|| Brief { verdict: INTERNAL.into(), ..Brief::default() });
            let mut known = self.known();
            let is_new = !known.contains_key(&name);
            let run = known.entry(name.clone()).or_insert_with(|| Known { path, ..Known::default() });
            if is_new || run.state != state || run.brief != brief {
                changed.push(name);
            }
            if state.training {
                run.timeline.get_or_insert_default();
            }
            (run.state, run.brief) = (state, brief);
        }
        if !changed.is_empty() {
            *self.listed() = None;
        }
        changed
    }

    /// Diagnoses the runs in training, each at most every [`BETWEEN`], and once more after training. Returns the names of runs whose
    /// findings have changed.
    pub(super) fn diagnose(&self) -> Vec<String> {
        let due = |run: &Known| {
            let ended = !run.state.training;
            let waits = |(at, fingerprint): &(Instant, Fingerprint)| {
                *fingerprint == run.state.fingerprint || !ended && at.elapsed() < BETWEEN
            };
            run.timeline.is_some() && !run.diagnosed.as_ref().is_some_and(waits)
        };
        let due: Vec<_> = (self.known().iter().filter(|(_, run)| due(run)))
            .map(|(name, run)| (name.clone(), run.path.clone(), run.state.fingerprint.clone()))
            .collect();
        let mut news = Vec::new();
        for (name, path, fingerprint) in due {
            // The lock is not held while reading. A run that cannot be read now is read again when it has changed.
            let judge = |history: &History| {
                let step = history.steps.last().map_or(0, |step| step.step);
                (step, longspan_diagnose::diagnose(&history.evidence()))
            };
            let read = self.documents.reading(|reading| reading.read(&path, judge)).ok();
            let mut known = self.known();
            let Some(run) = known.get_mut(&name) else { continue };
            run.diagnosed = Some((Instant::now(), fingerprint));
            if let (Some(timeline), Some(((step, verdict), _))) = (&mut run.timeline, read)
                && timeline.update(step, &verdict)
            {
                news.push(name);
            }
        }
        if !news.is_empty() {
            *self.listed() = None;
        }
        news
    }

    /// The name of a run: its path below the directory, as it is shown. Different paths have different names.
    fn name(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.directory).unwrap_or(path);
        match below.as_os_str().is_empty() {
            true => visible::path(Path::new(path.file_name().unwrap_or(path.as_os_str()))),
            false => visible::path(below),
        }
    }

    /// All runs as a JSON document.
    pub(super) fn list(&self) -> Bytes {
        if let Some(list) = &*self.listed() {
            return list.clone();
        }
        let known = self.known();
        let listed = |(name, run): (&String, &Known)| {
            let (training, timeline) = (run.state.training, run.timeline.clone());
            let mut brief = run.brief.clone();
            if let Some(timeline) = timeline.as_ref().filter(|_| training) {
                brief.verdict = timeline.codes();
            }
            Listed { name: name.clone(), training, brief, timeline }
        };
        let directory = visible::path(&self.directory);
        let list = List { directory, runs: known.iter().map(listed).collect() };
        let list = bytes(&list);
        // The map is still locked, so that no change is missed.
        *self.listed() = Some(list.clone());
        list
    }

    /// Where a run is, and its state; None if there is no run of that name.
    fn state(&self, name: &str) -> Option<(PathBuf, State)> {
        self.known().get(name).map(|run| (run.path.clone(), run.state.clone()))
    }

    /// The document of a run as JSON, if it is ready.
    pub(super) fn ready(&self, name: &str) -> Option<Bytes> {
        let (_, state) = self.state(name)?;
        self.documents.ready(name, &state)
    }

    /// The document of a run as JSON; None if there is no run of that name.
    pub(super) fn document(&self, name: &str) -> Option<Bytes> {
        let (path, state) = self.state(name)?;
        let training = state.training;
        Some(self.documents.get(name, state, |reading| {
            let show = |history: &History| RunReport::new(history, profiles::read_some(&path, PROFILES));
            let (mut report, complete) = match reading.read(&path, show) {
                Ok(read) => read,
                // An error may pass, as one of the system does.
                Err(Unread::Error(error)) => (RunReport::failed(&path, error.to_string()), false),
                Err(Unread::Panicked) => (RunReport::failed(&path, INTERNAL.into()), true),
            };
            report.name = name.to_owned();
            if training {
                report.outcome = "training".into();
            }
            (bytes(&report), complete)
        }))
    }
}

/// A document for a page.
fn bytes(document: &impl Serialize) -> Bytes {
    visible::document(&serde_json::to_string(document).expect("names and numbers")).into()
}

/// Whether a run seems to be in training, by the times of its files. Its lock file is not tried, because that could make a training
/// that begins at this moment fail.
fn is_training(path: &Path) -> bool {
    let time = |name: &str| path.join(name).symlink_metadata().and_then(|file| file.modified()).ok();
    let (Some(metrics), summary) = (time("metrics.jsonl"), time("summary.json")) else { return false };
    let recent = metrics.elapsed().is_ok_and(|age| age < RECENT);
    recent && summary.is_none_or(|summary| summary < metrics)
}

/// The files of a run; empty if one of its directories cannot be listed.
fn fingerprint(path: &Path) -> Fingerprint {
    let mut fingerprint = Vec::new();
    for directory in [path.to_owned(), path.join("flow"), path.join("probe"), path.join("fault")] {
        if directory != path && directory.is_symlink() {
            continue;
        }
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound && directory != path => continue,
            Err(_) => return Vec::new(),
        };
        for entry in entries.flatten() {
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
