//! `longspan probe`: how far the gradient reaches, and what the dynamics are, on any weights.

pub(crate) mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;
use longspan::batch::Source;
use longspan::model::ModelSpec;
use longspan::probe::reach::{Stage, Watch, widen};
use longspan::probe::{ProbeOptions, examine};
use longspan_data::schema::Schema;
use longspan_diagnose::Language;
use longspan_kernel::Context;
use longspan_record::ProbeRecord;
use longspan_run::config::{Config, Origin};
use longspan_run::dataset::Dataset;
use longspan_run::directory::{history, is_run, probes};

use super::diagnose::judge;
use super::eval::{self, Loaded};
use crate::failure::{Failure, fail, put};
use crate::progress::Bar;
use crate::stop::Stop;

/// Windows of a text that a lag profile is measured on, beside those of training: twice as long, within these.
const TEXT_WINDOWS: [usize; 2] = [256, 1000];

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let Probed { record, model, written } = match measure(matches)? {
        Ok(probed) => probed,
        Err(stopped) => return Ok(stopped),
    };
    // What was measured of a run changes what can be said of it.
    let judged = match &written {
        Some(_) => {
            let path = Path::new(matches.get_one::<String>("RUN").expect("required"));
            Some(judge(&history::read(path)?, Language::English))
        }
        None => None,
    };
    put(&if matches.get_flag("json") {
        let mut document = serde_json::to_value(&record)?;
        if let Some(judged) = &judged {
            document["verdict"] = judged.document.clone();
        }
        document.to_string() + "\n"
    } else {
        let text = judged.as_ref().map_or(String::new(), |judged| format!("\n{}", judged.text));
        show::text(&record, &model, written.as_deref()) + &text
    })?;
    Ok(judged.map_or(ExitCode::SUCCESS, |judged| judged.code))
}

/// What was measured, of which model, and where a run keeps it.
pub(crate) struct Probed {
    record: ProbeRecord,
    model: ModelSpec,
    written: Option<PathBuf>,
}

/// Measures, and writes it into the run; the exit code where it was stopped.
pub(crate) fn measure(matches: &ArgMatches) -> Result<Result<Probed, ExitCode>, Failure> {
    let path = Path::new(matches.get_one::<String>("RUN").expect("required"));
    let Loaded { checkpoint, mut config, ctx, params, .. } = eval::load(matches, 0)?;
    let header = checkpoint.require_header()?;
    let options = options(matches)?;
    if let Some(length) = matches.get_one::<String>("length") {
        config.set("length", length, Origin::Flag)?;
    }
    let beside = probes::beside(&config);
    if header.schema.vocabulary().is_some() && config.data.task.is_none() {
        config.data.unroll = (2 * config.data.unroll).clamp(TEXT_WINDOWS[0], TEXT_WINDOWS[1]);
    }
    let (source, data) = source(matches, &config, &header.schema)?;
    let stop = Stop::listen()?;
    let mut bar = Bar::new();
    let mut watch = Watch {
        progress: &mut |stage, done, all| bar.show(name(stage), done as u64, all as u64),
        cancelled: &|| stop.came(),
    };
    let examined = if matches.get_flag("f32") {
        examine(&ctx, &header.model, &params, source.as_ref(), &options, &mut watch)
    } else {
        let wide = Context::new(ctx.level(), ctx.threads());
        examine(&wide, &header.model, &widen(&params), source.as_ref(), &options, &mut watch)
    };
    bar.finish();
    let Ok(mut record) = examined else { return Ok(Err(ExitCode::from(stop.code()))) };
    if let Some(failure) = source.failure() {
        return Err(fail(format!("the data cannot be read any more ({failure}): try again")));
    }
    (record.step, record.data, record.beside) = (header.position.step, data, beside);
    let written = if is_run(path) { Some(probes::write(path, &record)?) } else { None };
    Ok(Ok(Probed { record, model: header.model.clone(), written }))
}

fn options(matches: &ArgMatches) -> Result<ProbeOptions, Failure> {
    let mut options = ProbeOptions::default();
    if let Some(text) = matches.get_one::<String>("exponents") {
        options.exponents = match text.as_str() {
            "all" => None,
            text => {
                Some(text.parse().map_err(|_| fail(format!("--exponents {text}: give a number, or all")))?)
            }
        };
    }
    if let Some(&steps) = matches.get_one::<u64>("qr-every") {
        if !(1..=16).contains(&steps) {
            return Err(fail(format!("--qr-every {steps}: from 1 to 16")));
        }
        options.steps_per_qr = steps as usize;
    }
    let count = |name: &str| matches.get_one::<u64>(name).map(|&n| usize::try_from(n).unwrap_or(usize::MAX));
    if let Some(sequences) = count("sequences") {
        if sequences == 0 {
            return Err(fail("--sequences 0: needs 1 or more"));
        }
        options.reach.sequences = sequences;
        options.reach.least_sequences = options.reach.least_sequences.min(sequences);
    }
    if let Some(window) = count("window") {
        if window == 0 {
            return Err(fail("--window 0: needs 1 or more"));
        }
        options.reach.window = Some(window);
    }
    options.reach.seed = matches.get_one::<u64>("seed").copied().unwrap_or(0);
    Ok(options)
}

/// What is measured on, and what it is called: a file, else what was held out, else what was trained on.
fn source(
    matches: &ArgMatches,
    config: &Config,
    schema: &Schema,
) -> Result<(Box<dyn Source>, String), Failure> {
    let named = ["text", "labelled", "series"].iter().any(|name| matches.get_one::<String>(name).is_some());
    let anything = config.data.task.is_some()
        || [&config.data.text, &config.data.labelled, &config.data.series].iter().any(|path| path.is_some());
    if named || !anything {
        let (source, on, _) = eval::source(matches, config, schema)?;
        return Ok((source, on));
    }
    let learned = (config.data.task.is_none()).then_some(schema);
    let data = Dataset::open(config, learned)?;
    let (source, name) = data.held_out();
    Ok((source, name.into()))
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Read => "reading",
        Stage::Survey => "gates and truncations",
        Stage::Lag => "lag profile",
        Stage::Intervals => "intervals",
        Stage::Sensitivity => "sensitivity",
        Stage::UsedLag => "used lag",
        Stage::Exponents => "exponents",
        Stage::Products => "products of Jacobians",
    }
}
