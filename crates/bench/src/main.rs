//! Measures speed, latency, memory and startup of Longspan on this machine, along with the processor's
//! multiply-add peak.

mod fault;
mod lag;
mod memory;
mod observe;
mod ragged;
mod recompute;
mod rows;
mod show;
mod specs;
mod stack;
mod start;
mod step;
mod stream;
mod subnormal;
mod timing;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use longspan_kernel::{Context, InstructionSet};
use serde_json::{Value, json};

use longspan_run::machine;
use rows::Row;
use show::Display;
use timing::{Budget, Timing, Workload};

/// The options of all measurements.
struct Options {
    isa: InstructionSet,
    threads: usize,
    quick: bool,
    /// Time for each row, if it is given.
    time: Option<Duration>,
    /// The training text of the startup row.
    text: Option<PathBuf>,
    /// The program whose startup is measured.
    program: PathBuf,
}

impl Options {
    /// Enough repeats for a median, or fewer with --quick.
    fn budget(&self) -> Budget {
        let (time, least) = match self.quick {
            true => (Duration::from_millis(300), 3),
            false => (Duration::from_secs(1), 5),
        };
        Budget { time: self.time.unwrap_or(time), least }
    }

    fn stream_steps(&self) -> usize {
        if self.quick { 5_000 } else { 20_000 }
    }

    /// Number of processes that are started, and training steps of each.
    fn starts(&self) -> (usize, u64) {
        if self.quick { (2, 8) } else { (5, 30) }
    }
}

/// The command line.
#[derive(Parser)]
#[command(
    name = "longspan-bench",
    version,
    about = "Measure speed, latency, memory and startup of this build on this machine"
)]
struct Arguments {
    /// Threads; 0 means one per core
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// Measure only rows whose name contains NAME; --list shows the names
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Use fewer repeats; the results are less precise
    #[arg(long)]
    quick: bool,
    /// Time for each row; a few repeats are always made [default: 1, or 0.3 with --quick]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<Duration>,
    /// List the rows without measuring them
    #[arg(long)]
    list: bool,
    /// Training text of the startup row [default: 1.1 MB of random characters]
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// Program whose startup is measured [default: longspan, in the directory of this program]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Measure the memory of one row in this process
    #[arg(long, value_name = "NAME", hide = true)]
    memory_of: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Reads a time in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "a number of seconds is needed".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Why something cannot be measured.
type Failure = Box<dyn Error>;

/// A failure with this message.
fn fail(message: impl Into<String>) -> Failure {
    message.into().into()
}

/// Writes to standard output.
fn put(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    Ok(out.write_all(text.as_bytes()).and_then(|()| out.flush())?)
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let options = Options {
        isa: machine::instruction_set()?,
        threads: machine::threads(arguments.threads.min(1024)),
        quick: arguments.quick,
        time: arguments.seconds,
        text: arguments.text.clone(),
        program: match &arguments.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()?.with_file_name("longspan"),
        },
    };
    if let Some(name) = &arguments.memory_of {
        let rows = rows::all();
        let row = rows.iter().find(|row| row.name() == *name);
        let row = row.ok_or_else(|| fail(format!("there is no row {name}; --list shows all rows")))?;
        return put(&format!("{}\n", memory::measure_here(row, &options)?));
    }
    let rows = select(arguments.only.as_deref())?;
    let json = arguments.json;
    if arguments.list {
        let list = match json {
            true => document(&options, rows.iter().map(Row::describe).collect()),
            false => rows.iter().map(|row| row.name() + "\n").collect(),
        };
        return put(&list);
    }
    let mut display = Display::new(&options, rows.len(), !json)?;
    let mut records = Vec::new();
    for row in &rows {
        display.begin(row);
        let mut record = row.describe();
        for (name, value) in measure(row, &options)? {
            record[name] = value;
        }
        display.end(row, &record)?;
        records.push(record);
    }
    display.finish();
    if json {
        put(&document(&options, records))?;
    }
    Ok(())
}

/// The rows whose names contain `only`.
fn select(only: Option<&str>) -> Result<Vec<Row>, Failure> {
    let mut rows = rows::all();
    let names: Vec<String> = rows.iter().map(Row::name).collect();
    if let Some(only) = only {
        rows.retain(|row| row.name().contains(only));
        if rows.is_empty() {
            return Err(fail(format!(
                "--only {only}: no row has this in its name: choose from {}",
                names.join(", ")
            )));
        }
    }
    Ok(rows)
}

fn document(options: &Options, rows: Vec<Value>) -> String {
    let document = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "isa": options.isa.to_string(),
        "threads": options.threads,
        "quick": options.quick,
        "rows": rows,
    });
    format!("{document}\n")
}

/// Measures a row and returns the results as fields of its record.
fn measure(row: &Row, options: &Options) -> Result<Vec<(&'static str, Value)>, Failure> {
    let context = || Context::new(options.isa, options.threads);
    Ok(match row {
        Row::Stack(stack) => timed(row, &mut stack::Pass::new(context(), *stack, None), options),
        Row::Step(step) => {
            let mut fields = timed(row, &mut step::Training::new(context(), step, None), options);
            let seconds = fields[0].1.as_f64().unwrap_or(f64::NAN) / 1e3;
            fields.push(("tokens_per_second", json!((step.steps * step.rows) as f64 / seconds)));
            fields
        }
        Row::Ragged(ragged) => ragged::measure(ragged, options),
        Row::Stream(stream) => {
            let seconds = stream::latencies(options.isa, stream, options.stream_steps());
            let [p50, p99] = stream::percentiles(&seconds);
            vec![("p50_us", json!(p50)), ("p99_us", json!(p99)), ("repeats", json!(seconds.len()))]
        }
        Row::StackMemory(_) | Row::StepMemory(_) => {
            vec![("memory_bytes", json!(memory::measure(row, options)?))]
        }
        Row::StackRecompute(_) | Row::StepRecompute(_) => recompute::measure(row, options)?,
        Row::Start(step) => {
            let started = start::measure(step, options, options.text.as_deref(), options.starts())?;
            vec![
                ("ready_ms", json!(started.ready)),
                ("first_step_ms", json!(started.first_step)),
                ("median_step_ms", json!(started.median_step)),
            ]
        }
        Row::Observe(step) => observe::measure(step, options),
        Row::Lag(stack) => lag::measure(*stack, options),
        Row::Fault(step) => fault::measure(step, options),
        Row::Subnormal(stack) => subnormal_fields(subnormal::stack(*stack, options)),
        Row::SubnormalUpdate => subnormal_fields(subnormal::update(options)),
        Row::Peak => {
            let [f32, bf16] = timing::peaks(options.isa);
            [("f32_gflops", f32), ("bf16_gflops", bf16)]
                .map(|(name, peak)| (name, json!(peak.map(|peak| peak / 1e9))))
                .to_vec()
        }
    })
}

fn subnormal_fields([healthy, vanishing, subnormal]: [subnormal::Measured; 3]) -> Vec<(&'static str, Value)> {
    vec![
        ("healthy_ms", json!(1e3 * healthy.seconds)),
        ("vanishing_ms", json!(1e3 * vanishing.seconds)),
        ("vanishing_share", json!(vanishing.share)),
        ("subnormal_ms", json!(1e3 * subnormal.seconds)),
        ("subnormal_share", json!(subnormal.share)),
    ]
}

fn timed(row: &Row, work: &mut dyn Workload, options: &Options) -> Vec<(&'static str, Value)> {
    let timing = Timing::of(work, options.budget());
    let flops = row.flops().map_or(f64::NAN, |flops| flops as f64);
    vec![
        ("median_ms", json!(1e3 * timing.median())),
        ("min_ms", json!(1e3 * timing.least())),
        ("repeats", json!(timing.repeats())),
        ("gflops", json!(flops / timing.median() / 1e9)),
        ("peak_gflops", json!(timing.peak() / 1e9)),
        ("of_peak", json!(flops / timing.possible())),
    ]
}
