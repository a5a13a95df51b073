//! `longspan probe`: measures the gradient horizon and the dynamics of any weights.

mod plan;
pub(crate) mod show;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

use clap::{Args, ColorChoice, Parser};
use longspan::batch::Source;
use longspan::model::ModelSpec;
use longspan::probe::credit::{Stage, Watch, widen};
use longspan::probe::{ProbeOptions, examine};
use longspan_data::schema::{Predicts, Schema};
use longspan_data::task::Lengths;
use longspan_diagnose::Language;
use longspan_kernel::Context;
use longspan_record::{ProbeRecord, json_float};
use longspan_run::config::Config;
use longspan_run::dataset::Dataset;
use longspan_run::directory::{history, is_run, probes};

use super::diagnose::judge::judge;
use super::eval::{self, Loaded};
use crate::args;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::flags::{Data, Json, Threads, Weights, Which, positive, within};
use crate::progress::Bar;
use crate::stop::Stop;
use crate::streams::{self, put};
use plan::{Limit, Planned};

/// The smallest and the largest window of a text for the lag profile, in steps. Between them the window is twice that of training.
const TEXT_WINDOWS: [usize; 2] = [256, 1000];

/// Measure how far back the gradient of a run's weights reaches, and the dynamics behind it
#[derive(Args, Debug)]
#[command(after_help = "\
Measures on the validation or test data of the run, or on its training data if it has neither. Writes the result to \
RUN/probe/STEP.json and then diagnoses the run like `longspan diagnose RUN`. Exit code 1: a severe finding.

Examples:
  longspan probe runs/book-lstm-1
  longspan probe runs/book-lstm-1 --window 500 --exponents all --json")]
pub(crate) struct ProbeArgs {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    data: Data,
    /// Task: length of the samples [default: as the run]
    #[arg(long, value_name = "N")]
    length: Option<Lengths>,
    /// Sequences to measure on [default: 64]
    #[arg(long, value_name = "N", value_parser = positive)]
    sequences: Option<usize>,
    /// Longest lag to measure, in steps [default: the lag that half of the sequences reach, at most 1000]
    #[arg(long, value_name = "W", value_parser = positive)]
    window: Option<usize>,
    /// Largest time of the probe, in percent of the time that the run took to train, but at least 1 second; or none. What
    /// does not fit is left out. There is no limit with --sequences, --window or --exponents [default: 20]
    #[arg(long, value_name = "PERCENT")]
    limit: Option<Limit>,
    /// Measure in f32, as training does, instead of f64: faster, but gradients below 1e-38 become 0
    #[arg(long = "f32")]
    single: bool,
    /// Number of largest Lyapunov exponents of each layer, or all [default: 8]
    #[arg(long, value_name = "K")]
    exponents: Option<Exponents>,
    /// Steps between two QR decompositions for the exponents, 1 to 16; 2 is faster [default: 1]
    #[arg(long, value_name = "N", value_parser = within::<usize>(1, 16))]
    qr_every: Option<usize>,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    json: Json,
}

/// The number of Lyapunov exponents; None for all.
#[derive(Clone, Copy, Debug)]
struct Exponents(Option<usize>);

impl FromStr for Exponents {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self(None)),
            text => text.parse().map(|n| Self(Some(n))).map_err(|_| "needs a whole number, or all".into()),
        }
    }
}

impl ProbeArgs {
    /// The arguments that measure everything of the last weights of a run, whatever it takes.
    pub(crate) fn whole_of(run: &Path, data: Option<&Path>) -> Self {
        Self {
            weights: Weights { run: run.into(), checkpoint: Some(Which::Last) },
            data: Data { data: data.map(Into::into), ..Data::default() },
            length: None,
            sequences: None,
            window: None,
            limit: Some(Limit::None),
            single: false,
            exponents: None,
            qr_every: None,
            seed: 0,
            threads: Threads::default(),
            json: Json { json: false },
        }
    }

    /// The time limit. Who asks for more than the default waits for it.
    fn limit(&self) -> Limit {
        let more = self.sequences.is_some() || self.window.is_some() || self.exponents.is_some();
        self.limit.unwrap_or(if more { Limit::None } else { Limit::default() })
    }
}

pub(crate) fn run(args: &ProbeArgs) -> Result<ExitCode, Failure> {
    let stop = Stop::listen()?;
    let Some(Probed { record, model, written }) = measure(args, Some(&mut Bar::new()), &|| stop.came())?
    else {
        return Ok(ExitCode::from(stop.code()));
    };
    // The new measurement may change the findings of the run.
    let judged = match &written {
        Some(_) => Some(judge(&history::read(&args.weights.run)?, Language::English)),
        None => None,
    };
    put(&if args.json.json {
        let mut document = json_float::to_document(&record)?;
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

/// A probe, the model that it measured, and the file in the run that keeps it.
pub(crate) struct Probed {
    record: ProbeRecord,
    model: ModelSpec,
    written: Option<PathBuf>,
}

/// Measures the weights and writes the result into the run, if `args` names one. A bar says what will be measured, and shows how
/// far it is. Returns None if `cancelled` stopped it.
///
/// # Errors
/// A message if the run, its data or its directory cannot be used.
pub(crate) fn measure(
    args: &ProbeArgs,
    mut bar: Option<&mut Bar>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Probed>, Failure> {
    let path = args.weights.run.as_path();
    let Loaded { checkpoint, mut config, ctx, params, .. } =
        eval::load(&args.weights, args.threads.count(0))?;
    let header = checkpoint.require_header()?;
    config.data.length = args.length.unwrap_or(config.data.length);
    let beside = probes::beside(&config);
    // A probe measures what training computes: a recursive forecaster predicts one row at a time, however far ahead it
    // forecasts.
    if let Predicts::Forecast(forecast) = &header.schema.predicts {
        config.data.horizon = forecast.horizon;
    }
    if header.schema.vocabulary().is_some() && config.data.task.is_none() {
        config.data.unroll = (2 * config.data.unroll).clamp(TEXT_WINDOWS[0], TEXT_WINDOWS[1]);
    }
    eval::at_new_path(&args.data, path, &mut config)?;
    let (source, data) = source(&args.data, path, &config, &header.schema)?;
    eval::fits(&header.model, source.shape(), if args.single { size_of::<f32>() } else { size_of::<f64>() })?;
    let planned = Planned::new(path, args.limit(), &options(args), &header.model, source.as_ref(), &config)?;
    if bar.is_some() {
        streams::note(format_args!("{}", planned.text()));
    }
    let (options, start) = (&planned.plan.options, Instant::now());
    let mut watch = Watch {
        progress: &mut |stage, done, all| {
            if let Some(bar) = &mut bar {
                bar.show(name(stage), done as u64, all as u64);
            }
        },
        cancelled,
        late: &|| planned.seconds.is_some_and(|limit| start.elapsed().as_secs_f64() > limit),
    };
    let examined = if args.single {
        examine(&ctx, &header.model, &params, source.as_ref(), options, &mut watch)
    } else {
        let wide = Context::new(ctx.instruction_set(), ctx.threads());
        examine(&wide, &header.model, &widen(&params), source.as_ref(), options, &mut watch)
    };
    if let Some(bar) = bar {
        bar.finish();
    }
    let Ok(mut record) = examined else { return Ok(None) };
    if let Some(failure) = source.failure() {
        return Err(fail(format!(
            "the data can no longer be read ({failure}): make the file readable, and run the command again"
        )));
    }
    planned.plan.mark(&mut record);
    (record.step, record.data, record.beside) = (header.position.step, data, beside);
    let written = if is_run(path) { Some(probes::write(path, &record)?) } else { None };
    Ok(Some(Probed { record, model: header.model.clone(), written }))
}

/// The command line of a probe alone.
#[derive(Parser)]
#[command(name = "longspan probe", color = ColorChoice::Never, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    args: ProbeArgs,
}

/// Measures the weights of a run or a checkpoint file like the command `probe` with these arguments, and prints nothing but
/// warnings about the data. Returns None if `cancelled` stopped it.
///
/// # Errors
/// The message that the command prints.
pub fn probe(
    arguments: impl IntoIterator<Item = OsString>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<ProbeRecord>, String> {
    let program = std::iter::once(OsString::from("longspan probe"));
    let line = Line::try_parse_from(program.chain(arguments)).map_err(|error| args::text(&error))?;
    let probed = measure(&line.args, None, cancelled).map_err(|failure| failure.to_string())?;
    Ok(probed.map(|probed| probed.record))
}

fn options(args: &ProbeArgs) -> ProbeOptions {
    let mut options = ProbeOptions::default();
    if let Some(Exponents(exponents)) = args.exponents {
        options.exponents = exponents;
    }
    options.steps_per_qr = args.qr_every.unwrap_or(options.steps_per_qr);
    if let Some(sequences) = args.sequences {
        options.reach.sequences = sequences;
        options.reach.least_sequences = options.reach.least_sequences.min(sequences);
    }
    options.reach.window = args.window.or(options.reach.window);
    options.reach.seed = args.seed;
    options
}

/// Returns the data to measure on and their name: the given file, otherwise the held-out part, otherwise the training part.
fn source(
    given: &Data,
    run: &Path,
    config: &Config,
    schema: &Schema,
) -> Result<(Box<dyn Source>, String), Failure> {
    let anything = config.data.task.is_some()
        || [&config.data.text, &config.data.labelled, &config.data.series].iter().any(|path| path.is_some());
    if given.is_given() || !anything {
        let scored = eval::source(given, None, run, config, schema)?;
        return Ok((scored.data.source, scored.on));
    }
    let learned = (config.data.task.is_none()).then_some(schema);
    let data = Dataset::open(config, learned)?;
    eval::check_same(given, run, &data)?;
    let (source, name) = data.held_out();
    Ok((source, name.into()))
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Read => "reading the data",
        Stage::Survey => "measuring gates",
        Stage::Lag => "measuring the lag profile",
        Stage::Intervals => "computing confidence intervals",
        Stage::Truncation => "measuring truncation bias",
        Stage::Sensitivity => "measuring parameter sensitivity",
        Stage::UsedLag => "measuring the used lag",
        Stage::Exponents => "measuring Lyapunov exponents",
        Stage::Products => "computing Jacobian products",
    }
}
