//! `longspan predict`: what a run's weights make of new data, row by row.

mod classes;
mod forecasts;
mod language;
mod music;
mod output;
mod stream;
mod table;

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use longspan_data::labelled::Scaling;
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_run::config::{Config, Origin};

use super::eval::load;
use crate::args::READING;
use crate::failure::{Failure, fail};
use crate::stop::Stop;
use output::Output;

/// What is predicted from, and where what is predicted goes.
struct Job {
    /// The file, or what messages call standard input.
    path: PathBuf,
    /// Standard input, if that is read.
    input: Option<Box<dyn Read>>,
    output: Output,
    json: bool,
    every: bool,
    stop: Stop,
}

/// How a command ended: with everything written, or interrupted.
enum End {
    Done,
    Interrupted,
}

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let streaming = matches.get_flag("stream");
    let mut loaded = load(matches, usize::from(streaming))?;
    let schema = loaded.checkpoint.require_header()?.schema.clone();
    settings(matches, &mut loaded.config)?;
    // An encoder and its decoder know no data but a task's, whether or not the run is there to say so.
    let task = loaded.config.data.task.is_some() || loaded.config.model.encoder_decoder;
    if task || schema.predicts == Predicts::Value {
        return Err(fail(
            "this run has learned a task, which makes its own samples: `longspan eval` scores it",
        ));
    }
    let every = matches.get_flag("every");
    if every && !matches!(schema.predicts, Predicts::Forecast(_)) {
        return Err(fail("--every is for runs that forecast a series: leave it out"));
    }
    let output = Output::open(matches.get_one::<String>("output").map_or("-", String::as_str), streaming)?;
    let json = matches.get_flag("json");
    if streaming {
        stream::run(&mut loaded, &schema, output, json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let name = matches.get_one::<String>("input").expect("required without --stream");
    let (path, input): (&str, Option<Box<dyn Read>>) = match name.as_str() {
        "-" => ("standard input", Some(Box::new(std::io::stdin()))),
        name => (name, None),
    };
    let mut job = Job { path: path.into(), input, output, json, every, stop: Stop::listen()? };
    let end = match &schema.predicts {
        Predicts::Classes(names) => classes::run(&mut loaded, &schema, names, &mut job)?,
        Predicts::Forecast(forecast) => forecasts::run(&mut loaded, &schema, forecast, &mut job)?,
        _ if schema.vocabulary().is_some() => language::run(&mut loaded, &schema, &mut job)?,
        _ => music::run(&mut loaded, &schema, &mut job)?,
    };
    match end {
        End::Done => {
            job.output.finish()?;
            Ok(ExitCode::SUCCESS)
        }
        End::Interrupted => Ok(ExitCode::from(job.stop.code())),
    }
}

/// How the input is read, where that is not as the run's own data were.
fn settings(matches: &ArgMatches, config: &mut Config) -> Result<(), Failure> {
    for name in READING {
        if let Some(value) = matches.get_one::<String>(name) {
            config.set(name, value, Origin::Flag)?;
        }
    }
    match matches.get_one::<u64>("batch") {
        Some(0) => return Err(fail("--batch 0: needs 1 or more")),
        Some(&n) => config.data.batch = usize::try_from(n).unwrap_or(usize::MAX),
        None => {}
    }
    Ok(())
}

/// The channels' names, and how their numbers are scaled.
fn channels(schema: &Schema) -> (&[String], &Scaling) {
    match &schema.reads {
        Reads::Numbers { channels, scaling } => (channels, scaling),
        Reads::Tokens(_) => unreachable!("the model reads numbers"),
    }
}

/// A column of probability for each class or key.
fn shares(names: &[String]) -> impl Iterator<Item = String> + '_ {
    names.iter().map(|name| format!("p:{name}"))
}

/// σ(x): the probability of a label.
fn probability(x: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(x)).exp())
}

/// Refuses what only a diverged model says.
fn finite(values: &[f32]) -> Result<(), Failure> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => {
            Err(fail("the model's outputs are not finite: its training diverged, take an earlier checkpoint"))
        }
    }
}

/// A file that is read piece by piece.
fn open(path: &Path) -> Result<std::fs::File, Failure> {
    if path.is_dir() {
        return Err(fail(format!("{} is a directory: name one file", path.display())));
    }
    std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fail(format!("there is no file {}: check the path", path.display())),
        _ => fail(format!("{} cannot be read ({error}): check its permissions", path.display())),
    })
}

/// A bar on a terminal, nothing elsewhere.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new(length: u64, what: &'static str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let style =
            ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}  {eta} left").expect("a valid template");
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(8));
        bar.set_style(style.progress_chars("━╸ "));
        bar.set_message(what);
        Self(Some(bar))
    }

    fn advance(&self, by: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(by);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
