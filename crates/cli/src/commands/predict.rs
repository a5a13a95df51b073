//! `longspan predict`: predicts from new data, row by row.

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

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use longspan_data::labelled::Scaling;
use longspan_data::schema::{Predicts, Reads, Schema};

use super::eval::load;
use crate::args::{Json, ReadingFlags, Threads, Weights, positive};
use crate::failure::{Failure, fail};
use crate::shell::quoted;
use crate::stop::Stop;
use output::Output;

/// Predict from new data: classes, forecasts, keys, or the probability of each token of a text
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
#[command(mut_arg("json", |arg| arg.help("Write one JSON object per line instead of CSV")))]
#[command(mut_arg("threads", |arg| arg.help("Threads; 0 means one per core [default: 0, with --stream 1]")))]
pub(crate) struct PredictArgs {
    #[command(flatten)]
    weights: Weights,
    /// Data of the kind that the run was trained on, labels not needed; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "stream")]
    input: Option<String>,
    /// Answer each line of standard input at once, and keep the state
    #[arg(long, conflicts_with_all = ["input", "every", "batch"])]
    stream: bool,
    /// File for the predictions; - for standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: String,
    /// Series: forecast from every window, and write the actual values too
    #[arg(long)]
    every: bool,
    /// Sequences in a batch [default: as the run]
    #[arg(long, value_name = "N", value_parser = positive)]
    batch: Option<usize>,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    json: Json,
    #[command(flatten)]
    reading: ReadingFlags,
}

const AFTER_HELP: &str = "\
The output is CSV, or JSON objects with --json. It has one line for each sequence, each forecast row, each step of music, or \
each token of a text.

With --stream, each line of standard input is one step: numbers in the order of the model's channels (or in the order of a first \
line that names them), or text, whose tokens are read one after another. Each line is answered with one line at once: the classes \
if the sequence ended here, the forecast, the probability of each key, or the most likely next tokens. The state is kept from \
line to line; an empty line begins a new sequence.

Examples:
  longspan predict runs/vowels-lstm-1 --input new.ts -o classes.csv
  longspan predict runs/sunspots-lstm-1 --input sunspots.csv
  sensor | longspan predict runs/pump-gru-1 --stream --json";

/// The input and the output of a prediction.
struct Job {
    /// The path of the input, or "standard input"; for messages.
    path: PathBuf,
    /// Standard input, if there is no file.
    input: Option<Box<dyn Read>>,
    output: Output,
    json: bool,
    every: bool,
    stop: Stop,
}

/// Whether everything was written, or a signal stopped it.
enum End {
    Done,
    Interrupted,
}

pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode, Failure> {
    let mut loaded = load(&args.weights, args.threads.count(usize::from(args.stream)))?;
    let schema = loaded.checkpoint.require_header()?.schema.clone();
    // The flags override how the run's own data were read.
    args.reading.set(&mut loaded.config)?;
    loaded.config.data.batch = args.batch.unwrap_or(loaded.config.data.batch);
    // Only tasks have an encoder and a decoder: a checkpoint without its run is recognised by them.
    let task = loaded.config.data.task.is_some() || loaded.config.model.encoder_decoder;
    if task || schema.predicts == Predicts::Value {
        let run = quoted(&args.weights.run.to_string_lossy());
        return Err(fail(format!(
            "this run was trained on a synthetic task, which generates its own samples: score it instead (next: longspan eval \
             {run})"
        )));
    }
    if args.every && !matches!(schema.predicts, Predicts::Forecast(_)) {
        return Err(fail("--every is for runs that forecast a series: leave it out"));
    }
    let output = Output::open(&args.output, args.stream)?;
    let json = args.json.json;
    if args.stream {
        stream::run(&mut loaded, &schema, output, json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (path, input): (&str, Option<Box<dyn Read>>) = match args.input.as_deref().unwrap_or("-") {
        "-" => ("standard input", Some(Box::new(std::io::stdin()))),
        name => (name, None),
    };
    let mut job = Job { path: path.into(), input, output, json, every: args.every, stop: Stop::listen()? };
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

/// The names of the channels, and the scaling of their numbers.
fn channels(schema: &Schema) -> (&[String], &Scaling) {
    match &schema.reads {
        Reads::Numbers { channels, scaling } => (channels, scaling),
        Reads::Tokens(_) => unreachable!("the model reads numbers"),
    }
}

/// The name of the probability column of each class or key.
fn shares(names: &[String]) -> impl Iterator<Item = String> + '_ {
    names.iter().map(|name| format!("p:{name}"))
}

/// σ(x), the probability of a key.
fn probability(x: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(x)).exp())
}

/// Checks the outputs of a model.
///
/// # Errors
/// A message if an output is not finite, which happens if training diverged.
fn finite(values: &[f32]) -> Result<(), Failure> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(fail(
            "the outputs of the model are not finite, because its training diverged: choose another --checkpoint",
        )),
    }
}

/// Opens a file.
///
/// # Errors
/// A message if the path does not name a readable file.
fn open(path: &Path) -> Result<std::fs::File, Failure> {
    if path.is_dir() {
        return Err(fail(format!("{} is a directory: name a file in it", path.display())));
    }
    std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fail(format!("there is no file {}: check the path", path.display())),
        _ => fail(format!("{} cannot be read ({error}): check its permissions", path.display())),
    })
}

/// A progress bar. It appears only on a terminal.
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
