//! `longspan eval`: the loss of a run's weights on a text or on fresh samples.

use std::path::Path;
use std::process::ExitCode;

use clap::ArgMatches;
use longspan::checkpoint::Checkpoint;
use longspan::config::{Config, Origin};
use longspan::data::Source;
use longspan::data::stream::EvaluationStream;
use longspan::data::text::TextPart;
use longspan::dataset::Dataset;
use longspan::head::Score;
use longspan::kernel::Context;
use longspan::model::Model;
use longspan::params::Params;
use longspan::run;
use longspan::trainer::evaluate;
use serde_json::json;

use crate::failure::{Failure, fail, put};
use crate::machine::{self, Stop};
use crate::progress::loss;

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
        None => run::find_checkpoint(path)?,
        Some(name @ ("best" | "last")) => {
            run::read_record(path)?;
            let file = run::checkpoint_path(path, name);
            if !file.is_file() {
                return Err(fail(format!("{} has no checkpoint \"{name}\" yet", path.display())));
            }
            file
        }
        Some(other) => return Err(fail(format!("--checkpoint {other}: choose best or last"))),
    };
    let checkpoint = Checkpoint::read(&file)?;
    let header = checkpoint.require_header()?;
    let config = if run::is_run(path) { run::read_config(path)? } else { Config::default() };
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
    for (name, field) in [("batch", &mut config.batch), ("unroll", &mut config.unroll)] {
        match matches.get_one::<u64>(name) {
            Some(0) => return Err(fail(format!("--{name} 0: needs 1 or more"))),
            Some(&n) => *field = usize::try_from(n).unwrap_or(usize::MAX),
            None => {}
        }
    }
    if let Some(length) = matches.get_one::<String>("length") {
        config.set("length", length, Origin::Flag)?;
    }
    let text = matches.get_one::<String>("text");
    if text.is_some() && (config.task.is_some() || !header.model.is_language()) {
        return Err(fail("this run learned a task and no text: leave out --text"));
    }
    let (source, bytes): (Box<dyn Source>, Option<usize>) = match text {
        Some(text) => {
            let part = TextPart::read(Path::new(text), &header.vocabulary)?;
            (Box::new(EvaluationStream::new(&part, config.batch, config.unroll)?), Some(part.bytes()))
        }
        None if config.text.is_none() && config.task.is_none() => {
            return Err(fail("a checkpoint does not say where its data are: name a text with --text FILE"));
        }
        None => {
            // Only its end is scored: a window of training need not fit.
            let data =
                Dataset::open(&config, Some(header.vocabulary.clone()).filter(|_| config.task.is_none()))?;
            let valid = data.valid.ok_or_else(|| {
                fail("the run was trained without validation data: name a text with --text FILE")
            })?;
            (valid, None)
        }
    };
    let stop = Stop::listen()?;
    let cancelled = || stop.cancel.load(std::sync::atomic::Ordering::Relaxed);
    let Some(score) = evaluate(&ctx, &mut model, &params, source.as_ref(), &cancelled) else {
        return Ok(ExitCode::from(stop.code()));
    };
    let output = match matches.get_flag("json") {
        true => document(&score, bytes, header.position.step).to_string() + "\n",
        false => describe(&score, bytes),
    };
    put(&output)?;
    Ok(if score.mean_loss().is_finite() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn document(score: &Score, bytes: Option<usize>, step: u64) -> serde_json::Value {
    let nats = score.mean_loss();
    let bits = nats / std::f64::consts::LN_2;
    let mut document = json!({
        "loss_nats": run::number(nats),
        "perplexity": run::number(nats.exp()),
        "bits_per_token": run::number(bits),
        "tokens": score.scored,
        "accuracy": run::number(score.accuracy()),
        "step": step,
    });
    if let Some(bytes) = bytes {
        document["bits_per_byte"] = run::number(score.loss / std::f64::consts::LN_2 / bytes as f64);
    }
    document
}

fn describe(score: &Score, bytes: Option<usize>) -> String {
    let nats = score.mean_loss();
    let mut text = format!(
        "loss         {} per token\nperplexity   {:.3}\naccuracy     {:.2} %\ntokens       {}\n",
        loss(nats),
        nats.exp(),
        100.0 * score.accuracy(),
        crate::progress::grouped(score.scored)
    );
    if let Some(bytes) = bytes {
        text += &format!("per byte     {:.4} bits\n", score.loss / std::f64::consts::LN_2 / bytes as f64);
    }
    text
}
