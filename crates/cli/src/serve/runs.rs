//! The runs below a directory, and what was read of them: again only where their files have changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use longspan_diagnose::diagnose;
use longspan_run::directory::history;
use longspan_run::report::{Brief, RunReport};
use serde::Serialize;

use super::story::Story;
use crate::commands::ls;

/// Documents that are kept.
const KEPT: usize = 8;
/// A run whose metrics were written this lately, and not its summary, is in training.
const LATELY: Duration = Duration::from_secs(120);

/// Time between two judgements of a run that trains.
const BETWEEN: Duration = Duration::from_secs(5);

/// Lengths and times of a run's files.
type Print = Vec<(PathBuf, u64, Option<SystemTime>)>;

pub(super) struct Runs {
    directory: PathBuf,
    known: Mutex<BTreeMap<String, Known>>,
}

#[derive(Default)]
struct Known {
    path: PathBuf,
    print: Print,
    /// What the list shows of it.
    brief: Brief,
    /// Whether somebody seems to be training there.
    training: bool,
    /// The document, with the print that it was made from.
    document: Option<(Print, String)>,
    /// When it was asked for.
    used: u64,
    /// What was found while it trained; None while it was not seen training.
    story: Option<Story>,
    /// When it was last judged, and by which files.
    judged: Option<(Instant, Print)>,
}

/// What the list says.
#[derive(Serialize)]
struct List {
    directory: String,
    runs: Vec<Listed>,
}

/// What the list says of one run.
#[derive(Serialize)]
struct Listed {
    name: String,
    training: bool,
    #[serde(flatten)]
    brief: Brief,
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<Story>,
}

impl Runs {
    pub(super) fn new(directory: PathBuf) -> Self {
        let runs = Self { directory, known: Mutex::default() };
        runs.look();
        runs
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        // What a panic has left is a cache of what can be read again.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the directory: names of the runs that are new, changed or gone.
    pub(super) fn look(&self) -> Vec<String> {
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
            let print = print(&path);
            let training = is_training(&path);
            let same = known.get(&name).is_some_and(|run| run.print == print && run.training == training);
            if same {
                continue;
            }
            changed.push(name.clone());
            let brief = Brief::read(&path);
            let run = known.entry(name).or_insert_with(|| Known { path, ..Known::default() });
            (run.print, run.brief, run.training) = (print, brief, training);
            if training {
                run.story.get_or_insert_default();
            }
        }
        changed
    }

    /// Judges those that train, each now and then, and once more when it has ended: names of those of which there is news.
    pub(super) fn judge(&self) -> Vec<String> {
        let due = |run: &Known| {
            let ended = !run.training;
            let waits =
                |(at, print): &(Instant, Print)| *print == run.print || !ended && at.elapsed() < BETWEEN;
            run.story.is_some() && !run.judged.as_ref().is_some_and(waits)
        };
        let due: Vec<_> = (self.known().iter().filter(|(_, run)| due(run)))
            .map(|(name, run)| (name.clone(), run.path.clone(), run.print.clone()))
            .collect();
        let mut news = Vec::new();
        for (name, path, print) in due {
            // Read without holding the others up; what cannot be read now is tried again when it has changed.
            let read = history::read(&path).ok().map(|history| {
                let step = history.steps.last().map_or(0, |step| step.step);
                (step, diagnose(&history.evidence()))
            });
            let mut known = self.known();
            let Some(run) = known.get_mut(&name) else { continue };
            run.judged = Some((Instant::now(), print));
            if let (Some(story), Some((step, verdict))) = (&mut run.story, read)
                && story.go_on(step, &verdict)
            {
                news.push(name);
            }
        }
        news
    }

    /// The path below the directory, which is what a run is called here.
    fn name(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.directory).unwrap_or(path);
        match below.as_os_str().is_empty() {
            true => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            false => below.to_string_lossy().into_owned(),
        }
    }

    /// All of them, as a JSON document.
    pub(super) fn list(&self) -> String {
        let known = self.known();
        let listed = |(name, run): (&String, &Known)| {
            let (training, story) = (run.training, run.story.clone());
            let mut brief = run.brief.clone();
            if let Some(story) = story.as_ref().filter(|_| training) {
                brief.verdict = story.codes();
            }
            Listed { name: name.clone(), training, brief, story }
        };
        let directory = self.directory.display().to_string();
        let list = List { directory, runs: known.iter().map(listed).collect() };
        serde_json::to_string(&list).expect("names and numbers")
    }

    /// The document of a run; None where there is none of that name.
    pub(super) fn document(&self, name: &str) -> Option<String> {
        let (path, print, training) = {
            let mut known = self.known();
            let used = known.values().map(|run| run.used).max().unwrap_or(0) + 1;
            let run = known.get_mut(name)?;
            run.used = used;
            if let Some((of, text)) = &run.document
                && *of == run.print
            {
                return Some(text.clone());
            }
            (run.path.clone(), run.print.clone(), run.training)
        };
        // Read without holding the others up.
        let mut report = RunReport { name: name.to_owned(), ..RunReport::read(&path) };
        if training {
            report.state = "training".into();
        }
        let text = serde_json::to_string(&report).expect("names and numbers");
        let mut known = self.known();
        if let Some(run) = known.get_mut(name) {
            run.document = Some((print, text.clone()));
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

/// Whether somebody seems to be training there. Its lock is left alone: to try it would be in the way of a run that begins.
fn is_training(path: &Path) -> bool {
    let time = |name: &str| fs::metadata(path.join(name)).and_then(|file| file.modified()).ok();
    let (Some(metrics), summary) = (time("metrics.jsonl"), time("summary.json")) else { return false };
    let lately = metrics.elapsed().is_ok_and(|age| age < LATELY);
    lately && summary.is_none_or(|summary| summary < metrics)
}

fn print(path: &Path) -> Print {
    let mut print = Vec::new();
    for directory in [path.to_owned(), path.join("flow"), path.join("probe"), path.join("fault")] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if let Ok(file) = entry.metadata()
                && file.is_file()
            {
                print.push((entry.path(), file.len(), file.modified().ok()));
            }
        }
    }
    print.sort();
    print
}
