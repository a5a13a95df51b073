//! `longspan eval`: scores a run's weights on held-out data, on another file or on new samples of a task.

mod show;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use longspan::model::{Model, ModelSpec};
use longspan::params::Params;
use longspan_data::schema::{Predicts, Schema};
use longspan_data::task::Lengths;
use longspan_data::text::Reading;
use longspan_kernel::Context;
use longspan_run::assess::{Assessment, assess};
use longspan_run::checkpoint::Checkpoint;
use longspan_run::config::{Config, Origin};
use longspan_run::dataset::{Dataset, HeldOut, difference, moved};
use longspan_run::directory;
use longspan_run::train::check_window;
use longspan_run::visible;

use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::flags::{Data, Json, Threads, Weights, positive};
use crate::progress::{Progress, counted};
use crate::stop::Stop;
use crate::streams::{self, put};
use longspan_run::machine;
use show::Shown;

/// Score a run's weights: loss, accuracy by class or forecast errors, compared with a baseline
#[derive(Args, Debug)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    data: Data,
    /// Part of the run's own data to score [default: test if there is one, otherwise valid; texts: valid]
    #[arg(long, value_name = "NAME")]
    part: Option<Part>,
    /// Series: rows in a season: also score the forecast that repeats the last season [default: as the run]
    #[arg(long, value_name = "N", value_parser = positive)]
    season: Option<usize>,
    /// Task: length of the samples, or a range A..B [default: as the run]
    #[arg(long, value_name = "N")]
    length: Option<Lengths>,
    /// Sequences in a batch; 1 reads a text as one sequence [default: as the run]
    #[arg(long, value_name = "N", value_parser = positive)]
    batch: Option<usize>,
    /// Text: steps in a window [default: as the run]
    #[arg(long, value_name = "N", value_parser = positive)]
    unroll: Option<usize>,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    json: Json,
}

/// A part of a run's data that training does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    Valid,
    Test,
}

/// A run's weights, loaded into a model.
pub(crate) struct Loaded {
    pub(crate) checkpoint: Checkpoint,
    /// The file of the checkpoint.
    pub(crate) file: PathBuf,
    pub(crate) config: Config,
    pub(crate) ctx: Context<f32>,
    pub(crate) model: Model<f32>,
    pub(crate) params: Params<f32>,
}

/// Loads the weights into a model that computes with `threads` threads.
///
/// # Errors
/// A message if the run or its checkpoint cannot be read.
pub(crate) fn load(weights: &Weights, threads: usize) -> Result<Loaded, Failure> {
    let path = weights.run.as_path();
    let file = match weights.checkpoint {
        None => directory::find_checkpoint(path)?,
        Some(which) => {
            directory::read_record(path)?;
            let file = directory::checkpoint_path(path, which.name());
            if !file.is_file() {
                let (path, name) = (path.display(), which.name());
                return Err(fail(format!(
                    "{path} has no checkpoint \"{name}\" yet: choose another --checkpoint"
                )));
            }
            file
        }
    };
    let (checkpoint, file) = if directory::is_run(path) && file == directory::checkpoint_path(path, "last") {
        let last = Checkpoint::read_last(path)?;
        if let Some(warning) = last.warning {
            streams::note(format_args!("warning: {warning}"));
        }
        (last.checkpoint, last.file)
    } else {
        (Checkpoint::read(&file)?, file)
    };
    let header = checkpoint.require_header()?;
    let mut config = if directory::is_run(path) { directory::read_config(path)? } else { Config::default() };
    config.follow(&header.model);
    if let Predicts::Forecast(forecast) = &header.schema.predicts {
        (config.data.window, config.data.horizon) = (forecast.window, forecast.ahead);
    }
    let ctx = Context::new(machine::instruction_set()?, threads);
    let mut model = Model::new(ctx.instruction_set(), &header.model);
    let mut params = Params::zeros(model.layout().clone());
    checkpoint.weights(&mut params)?;
    model.pack(&ctx, &params);
    let (step, shown) = (header.position.step, visible::path(&file));
    let threads = counted(ctx.threads(), "thread");
    streams::detail(format_args!(
        "weights after step {step}, of {shown}; {threads}, {}",
        ctx.instruction_set()
    ));
    Ok(Loaded { checkpoint, file, config, ctx, model, params })
}

pub(crate) fn run(args: &EvalArgs) -> Result<ExitCode, Failure> {
    let stop = Stop::listen()?;
    let Loaded { checkpoint, file, mut config, ctx, mut model, params } =
        load(&args.weights, args.threads.count(0))?;
    let header = checkpoint.require_header()?;
    config.data.batch = args.batch.unwrap_or(config.data.batch);
    config.data.unroll = args.unroll.unwrap_or(config.data.unroll);
    config.data.length = args.length.unwrap_or(config.data.length);
    if header.model.encoder.is_some() && config.data.task.is_none() {
        return Err(fail(
            "a checkpoint of an encoder and a decoder does not contain the settings of its data: name the directory of the run \
             instead of the checkpoint",
        ));
    }
    if let (Some(season), false) = (args.season, matches!(header.schema.predicts, Predicts::Forecast(_))) {
        return Err(fail(format!("--season {season}: this run does not forecast a series: leave it out")));
    }
    let season = args.season.or(Some(config.data.season).filter(|&season| season > 0));
    let run = args.weights.run.as_path();
    at_new_path(&args.data, run, &mut config)?;
    let Evaluated { data, on, bytes } = source(&args.data, args.part, run, &config, &header.schema)?;
    streams::detail(format_args!("read {on}"));
    fits(&header.model, data.source.shape(), size_of::<f32>())?;
    data.shifts.iter().for_each(|shift| streams::note(format_args!("warning: {on}: {shift}")));
    let assessed = assess(&ctx, &mut model, &params, &header.schema, &data, season, &|| stop.came())?;
    let Some(assessment) = assessed else { return Ok(ExitCode::from(stop.code())) };
    if let Some(failure) = data.source.failure() {
        return Err(fail(format!(
            "the data can no longer be read ({failure}): make the file readable, and run the command again"
        )));
    }
    let shown = Shown {
        assessment: &assessment,
        schema: &header.schema,
        output: header.model.output,
        on,
        warnings: data.shifts.clone(),
        baselines: &data.baselines,
        most_frequent_class: data.most_frequent_class,
        units: data.units,
        bytes,
        checkpoint: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        step: header.position.step,
    };
    put(&if args.json.json { shown.document().to_string() + "\n" } else { shown.text() })?;
    let finite = match &assessment {
        Assessment::Score(scored) | Assessment::Targets(scored, _) => scored.score.mean_loss().is_finite(),
        Assessment::Forecasts(forecasts) => {
            let targets = 0..shown.targets().len();
            targets
                .filter_map(|target| forecasts.all.model.overall(target))
                .all(|score| score.mae.is_finite())
        }
    };
    Ok(if finite { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Checks that a window fits into memory, in numbers of `bytes` bytes.
///
/// # Errors
/// A message if it does not.
pub(crate) fn fits(model: &ModelSpec, (steps, rows): (usize, usize), bytes: usize) -> Result<(), Failure> {
    check_window(model, (steps, rows), bytes).map_err(|error| {
        fail(format!(
            "a window of {steps} steps and {rows} rows needs {error}: use shorter sequences, or fewer in a batch"
        ))
    })
}

/// The data to score.
pub(crate) struct Evaluated {
    pub(crate) data: HeldOut,
    /// Their name.
    pub(crate) on: String,
    /// The number of bytes of a text.
    bytes: Option<usize>,
}

/// Names the new path of the run's own data in its settings, if `given` has one.
///
/// # Errors
/// A message if the run has no data of its own.
pub(crate) fn at_new_path(given: &Data, run: &Path, config: &mut Config) -> Result<(), Failure> {
    let Some(path) = &given.data else { return Ok(()) };
    directory::read_record(run)?;
    let moved = moved(config, path);
    if moved.is_empty() {
        return Err(fail("a task has no file of data: leave out --data"));
    }
    for (key, path) in moved {
        config.set(key, &path.to_string_lossy(), Origin::Flag)?;
    }
    Ok(())
}

/// Checks that data at a new path are those that the run was trained on.
///
/// # Errors
/// A message with what differs.
pub(crate) fn check_same(given: &Data, run: &Path, data: &Dataset) -> Result<(), Failure> {
    let Some(path) = &given.data else { return Ok(()) };
    match difference(&directory::read_record(run)?.data, &data.record) {
        None => Ok(()),
        Some(what) => Err(fail(format!(
            "{} does not have the data of {} ({what}): name the file that has them, or score other data with --text, --labelled              or --series",
            path.display(),
            run.display()
        ))),
    }
}

/// Opens the data to score: the given file, otherwise a part of the run's own data. `run` is the run or the checkpoint that
/// is named; the baselines of another file predict the frequencies that the run has stored.
///
/// # Errors
/// A message if the data cannot be read, or are not of the kind that the model was trained on.
pub(crate) fn source(
    given: &Data,
    part: Option<Part>,
    run: &Path,
    config: &Config,
    schema: &Schema,
) -> Result<Evaluated, Failure> {
    let data = match &schema.predicts {
        _ if config.data.task.is_some() => "task",
        Predicts::Next if schema.vocabulary().is_some() => "text",
        Predicts::Classes(_) | Predicts::Regression(_) | Predicts::Next => "labelled",
        Predicts::Forecast(_) => "series",
        Predicts::Value => "task",
    };
    for other in ["text", "labelled", "series"] {
        if other != data && given.file(other).is_some() {
            let learned = match data {
                "text" => "a text",
                "series" => "a series",
                "labelled" => "labelled sequences or music",
                _ => "a task",
            };
            return Err(fail(format!("the model was trained on {learned}: leave out --{other}")));
        }
    }
    let mut progress = Progress::new();
    let named = |path: &Path| path.display().to_string();
    if let Some(path) = given.file(data) {
        let trained = if directory::is_run(run) { directory::read_frequencies(run)? } else { None };
        if data == "text" {
            let mut watch = |reading: Reading<'_>| progress.reading(&reading);
            let read = Dataset::other_text(config, path, schema, trained.as_ref(), &mut watch);
            progress.read();
            let (data, bytes) = read?;
            return Ok(Evaluated { data, on: named(path), bytes: Some(bytes) });
        }
        let data = Dataset::other(config, path, schema, trained.as_ref())?;
        return Ok(Evaluated { data, on: named(path), bytes: None });
    }
    let known =
        [&config.data.text, &config.data.labelled, &config.data.series].iter().any(|path| path.is_some());
    if !known && config.data.task.is_none() {
        let flag = if data == "task" { "text" } else { data };
        return Err(fail(format!(
            "a checkpoint does not contain the path of its data: name them with --{flag} FILE"
        )));
    }
    let data = match (config.data.task, &config.data.text) {
        (Some(_), _) => Dataset::open(config, None),
        (None, Some(_)) => {
            Dataset::open_watched(config, Some(schema), &mut |reading| progress.reading(&reading))
        }
        // The targets of a series reach as far ahead as its forecasts.
        (None, None) => Dataset::to_judge(config, schema),
    };
    progress.read();
    let data = data?;
    check_same(given, run, &data)?;
    let test = match part {
        Some(part) => part == Part::Test,
        None => data.test.is_some() && data.record.parts.items != "tokens",
    };
    let name = if test { "test" } else { "validation" };
    let missing = || {
        fail(format!(
            "the run has no {name} data: name a file, or train again with --valid-fraction or --test-fraction"
        ))
    };
    Ok(Evaluated { data: data.part(test).ok_or_else(missing)?, on: format!("the {name} part"), bytes: None })
}
