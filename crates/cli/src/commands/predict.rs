//! `longspan predict`: predicts from new data, row by row.

mod bar;
mod classes;
mod forecasts;
mod job;
mod language;
mod music;
mod output;
mod sequences;
mod stream;
mod table;
mod targets;
mod times;
mod values;

use std::io::Read;

use clap::Args;
use longspan_data::schema::Predicts;

use super::eval::load;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::flags::{Json, ReadingFlags, Threads, Weights, positive};
use crate::shell;
use crate::stop::Stop;
use job::{End, Job};
use output::Output;

/// Predict from new data: classes, targets, forecasts, keys, or the probability of each token of a text
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
    /// Group of the series that a stream has, for a model that scales each group by its own mean
    #[arg(long, value_name = "NAME", requires = "stream")]
    group: Option<String>,
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
each token of a text. A forecast row has the time that the row will have, in the columns of the file.

With --stream, each line of standard input is one step: numbers in the order of the model's channels (or in the order of a first \
line that names them; the time of a series may come first), or text, whose tokens are read one after another. Each line is answered with one line at once: the classes or the target \
if the sequence ended here, the forecast, the probability of each key, or the most likely next tokens. The state is kept from \
line to line; an empty line begins a new sequence.

Examples:
  longspan predict runs/vowels-lstm-1 --input new.ts -o classes.csv
  longspan predict runs/sunspots-lstm-1 --input sunspots.csv
  sensor | longspan predict runs/pump-gru-1 --stream --json";

pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode, Failure> {
    let stop = Stop::listen()?;
    let mut loaded = load(&args.weights, args.threads.count(usize::from(args.stream)))?;
    let schema = loaded.checkpoint.require_header()?.schema.clone();
    // The flags override how the run's own data were read.
    args.reading.set(&mut loaded.config)?;
    loaded.config.data.batch = args.batch.unwrap_or(loaded.config.data.batch);
    // Only tasks have an encoder and a decoder: a checkpoint without its run is recognised by them.
    let task = loaded.config.data.task.is_some() || loaded.config.model.encoder_decoder;
    if task || schema.predicts == Predicts::Value {
        let run = shell::path(&args.weights.run);
        return Err(fail(format!(
            "this run was trained on a synthetic task, which generates its own samples: score it instead (next: longspan eval \
             {run})"
        )));
    }
    if args.every && !matches!(schema.predicts, Predicts::Forecast(_)) {
        return Err(fail("--every is for runs that forecast a series: leave it out"));
    }
    let output = Output::open(&args.output, args.stream, stop.hold())?;
    let json = args.json.json;
    if args.stream {
        let schema = stream::of_group(schema, args.group.as_deref())?;
        stream::run(&mut loaded, &schema, output, json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (path, input): (&str, Option<Box<dyn Read>>) = match args.input.as_deref().unwrap_or("-") {
        "-" => ("standard input", Some(Box::new(std::io::stdin()))),
        name => (name, None),
    };
    let mut job = Job { path: path.into(), input, output, json, every: args.every, stop };
    let end = match &schema.predicts {
        Predicts::Classes(names) => classes::run(&mut loaded, &schema, names, &mut job)?,
        Predicts::Regression(scaling) => targets::run(&mut loaded, &schema, scaling, &mut job)?,
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
