//! `longspan eval`: how good a run's weights are, on what was held out, on another file or on fresh samples.

mod show;

use std::path::Path;
use std::process::ExitCode;

use clap::ArgMatches;
use longspan::batch::Source;
use longspan::model::Model;
use longspan::params::Params;
use longspan_data::schema::{Predicts, Schema};
use longspan_data::stream::EvaluationStream;
use longspan_data::text::TextPart;
use longspan_kernel::Context;
use longspan_run::assess::{Assessment, assess};
use longspan_run::checkpoint::Checkpoint;
use longspan_run::config::{Config, Origin};
use longspan_run::dataset::Dataset;
use longspan_run::directory;

use crate::failure::{Failure, fail, put};
use crate::progress::Progress;
use crate::stop::Stop;
use longspan_run::machine;
use show::Shown;

/// A run's weights, ready to compute.
pub(crate) struct Loaded {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) config: Config,
    pub(crate) ctx: Context<f32>,
    pub(crate) model: Model<f32>,
    pub(crate) params: Params<f32>,
}

/// Opens RUN, which is a run's directory or a checkpoint.
pub(crate) fn load(matches: &ArgMatches, default_threads: usize) -> Result<Loaded, Failure> {
    let path = Path::new(matches.get_one::<String>("RUN").expect("required"));
    let file = match matches.get_one::<String>("checkpoint").map(String::as_str) {
        None => directory::find_checkpoint(path)?,
        Some(name @ ("best" | "last")) => {
            directory::read_record(path)?;
            let file = directory::checkpoint_path(path, name);
            if !file.is_file() {
                return Err(fail(format!("{} has no checkpoint \"{name}\" yet", path.display())));
            }
            file
        }
        Some(other) => return Err(fail(format!("--checkpoint {other}: choose best or last"))),
    };
    let checkpoint = Checkpoint::read(&file)?;
    let header = checkpoint.require_header()?;
    let mut config = if directory::is_run(path) { directory::read_config(path)? } else { Config::default() };
    config.adopt(&header.model);
    if let Predicts::Forecast(forecast) = &header.schema.predicts {
        (config.data.window, config.data.horizon) = (forecast.window, forecast.ahead);
    }
    let threads = matches.get_one::<u64>("threads").map_or(default_threads, |&n| n.min(1024) as usize);
    let ctx = Context::new(machine::level()?, machine::threads(threads));
    let mut model = Model::new(ctx.level(), &header.model);
    let mut params = Params::zeros(model.layout().clone());
    checkpoint.weights(&mut params)?;
    model.pack(&ctx, &params);
    Ok(Loaded { checkpoint, config, ctx, model, params })
}

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let Loaded { checkpoint, mut config, ctx, mut model, params } = load(matches, 0)?;
    let header = checkpoint.require_header()?;
    for (name, field) in [("batch", &mut config.data.batch), ("unroll", &mut config.data.unroll)] {
        match matches.get_one::<u64>(name) {
            Some(0) => return Err(fail(format!("--{name} 0: needs 1 or more"))),
            Some(&n) => *field = usize::try_from(n).unwrap_or(usize::MAX),
            None => {}
        }
    }
    if let Some(length) = matches.get_one::<String>("length") {
        config.set("length", length, Origin::Flag)?;
    }
    if header.model.encoder.is_some() && config.data.task.is_none() {
        return Err(fail(
            "a checkpoint of an encoder and its decoder does not say what they read: name the run",
        ));
    }
    let season = season(matches, &header.schema)?;
    let (source, on, bytes) = source(matches, &config, &header.schema)?;
    let stop = Stop::listen()?;
    let cancelled = || stop.came();
    let assessed = assess(&ctx, &mut model, &params, &header.schema, source.as_ref(), season, &cancelled);
    let Some(assessment) = assessed else { return Ok(ExitCode::from(stop.code())) };
    if let Some(failure) = source.failure() {
        return Err(fail(format!("the data cannot be read any more ({failure}): try again")));
    }
    let shown = Shown {
        assessment: &assessment,
        schema: &header.schema,
        output: header.model.output,
        on,
        bytes,
        step: header.position.step,
        season,
    };
    put(&if matches.get_flag("json") { shown.document().to_string() + "\n" } else { shown.text() })?;
    let finite = match &assessment {
        Assessment::Score(score) | Assessment::Classes(score, _) => score.mean_loss().is_finite(),
        Assessment::Forecasts(forecasts) => {
            let targets = 0..shown.targets().len();
            targets.filter_map(|target| forecasts.model.overall(target)).all(|score| score.mae.is_finite())
        }
    };
    Ok(if finite { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What is scored, what it is called, and the bytes of a text.
pub(crate) type Judged = (Box<dyn Source>, String, Option<usize>);

pub(crate) fn source(matches: &ArgMatches, config: &Config, schema: &Schema) -> Result<Judged, Failure> {
    let file = |name: &str| matches.get_one::<String>(name).map(Path::new);
    let data = match &schema.predicts {
        _ if config.data.task.is_some() => "task",
        Predicts::Next if schema.vocabulary().is_some() => "text",
        Predicts::Classes(_) | Predicts::Next => "labelled",
        Predicts::Forecast(_) => "series",
        Predicts::Value => "task",
    };
    for other in ["text", "labelled", "series"] {
        if other != data && file(other).is_some() {
            let learned = match data {
                "text" => "a text",
                "series" => "a series",
                "labelled" => "labelled sequences or music",
                _ => "a task",
            };
            return Err(fail(format!("the model has learned {learned}: leave out --{other}")));
        }
    }
    let mut progress = Progress::new();
    let named = |path: &Path| path.display().to_string();
    if let Some(path) = file("text") {
        let vocabulary = schema.vocabulary().expect("a model of tokens");
        let part = TextPart::read(path, vocabulary, &mut |reading| progress.reading(&reading));
        progress.read();
        let part = part?;
        let stream = EvaluationStream::new(&part, config.data.batch, config.data.unroll)?;
        return Ok((Box::new(stream), named(path), Some(part.bytes())));
    }
    if let Some(path) = file(data) {
        return Ok((Dataset::other(config, path, schema)?, named(path), None));
    }
    let known =
        [&config.data.text, &config.data.labelled, &config.data.series].iter().any(|path| path.is_some());
    if !known && config.data.task.is_none() {
        let flag = if data == "task" { "text" } else { data };
        return Err(fail(format!(
            "a checkpoint does not say where its data are: name them with --{flag} FILE"
        )));
    }
    // Of a task only the end is scored: a window of training need not fit.
    let data = match (config.data.task, &config.data.text) {
        (Some(_), _) => Dataset::open(config, None),
        (None, Some(_)) => {
            Dataset::open_watched(config, Some(schema), &mut |reading| progress.reading(&reading))
        }
        (None, None) => Dataset::to_judge(config, schema),
    };
    progress.read();
    let data = data?;
    let part = matches.get_one::<String>("part").map(String::as_str);
    let (source, name) = match part {
        Some("test") => (data.test, "test"),
        Some("valid") => (data.valid, "validation"),
        Some(other) => return Err(fail(format!("--part {other}: choose valid or test"))),
        None if data.test.is_some() && data.record.parts.items != "tokens" => (data.test, "test"),
        None => (data.valid, "validation"),
    };
    let missing = || {
        fail(format!(
            "the run has no {name} data: name a file, or train with a --valid-fraction or --test-fraction"
        ))
    };
    Ok((source.ok_or_else(missing)?, format!("the {name} part"), None))
}

/// The season of --season.
fn season(matches: &ArgMatches, schema: &Schema) -> Result<Option<usize>, Failure> {
    match (matches.get_one::<u64>("season"), &schema.predicts) {
        (None, _) => Ok(None),
        (Some(&season), Predicts::Forecast(forecast)) if (1..=forecast.window as u64).contains(&season) => {
            Ok(Some(season as usize))
        }
        (Some(season), Predicts::Forecast(forecast)) => Err(fail(format!(
            "--season {season}: needs 1 to the {} rows that the model reads",
            forecast.window
        ))),
        (Some(season), _) => Err(fail(format!("--season {season}: this run forecasts no series"))),
    }
}
