//! `longspan demo`.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use clap::Args;
use longspan_kernel::Context;

use crate::demo::{DISTANCES, GAINS, Options, Stopped, page, perform};
use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::flags::{Json, Lang, Threads, within};
use crate::stop::Stop;
use crate::streams::{self, put};
use crate::wrap::{columns, wrap};
use longspan_run::{machine, whole_file};

/// Demonstrate exploding and vanishing gradients, and what helps, in under a minute
#[derive(Args, Debug)]
#[command(mut_arg("json", |arg| arg.help("Print the measurements as one JSON document; writes a page only with -o")))]
pub(crate) struct DemoArgs {
    /// Steps between subject and verb, 6 to 200
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = within::<usize>(DISTANCES[0], DISTANCES[1]))]
    length: usize,
    /// Lengths at which all networks are compared, 1 to 200
    #[arg(long, value_name = "N,N…", default_value = "5,10,20,40", value_delimiter = ',')]
    #[arg(value_parser = within::<usize>(1, DISTANCES[1]))]
    lengths: Vec<usize>,
    /// Gain of the recurrent weights that let the gradient explode
    #[arg(long, value_name = "G", default_value_t = 1.6, value_parser = within::<f64>(GAINS[0], GAINS[1]))]
    gain: f64,
    /// Gradient norm above which gradients are clipped
    #[arg(long, value_name = "C", default_value_t = 1.0, value_parser = within::<f64>(1e-6, 1e6))]
    limit: f64,
    /// Training steps of each network
    #[arg(long, value_name = "N", default_value_t = 800, value_parser = within::<u64>(1, 100_000))]
    steps: u64,
    /// Units of each network
    #[arg(long, value_name = "H", default_value_t = 64, value_parser = within::<usize>(1, 1024))]
    hidden: usize,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    lang: Lang,
    /// Page to write; - for none [default: longspan-demo.html]
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    #[command(flatten)]
    json: Json,
}

pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode, Failure> {
    let options = options(args);
    let (lang, is_json) = (args.lang.language, args.json.json);
    let output = match args.output.as_deref() {
        Some("-") => None,
        None if is_json => None,
        output => Some(PathBuf::from(output.unwrap_or("longspan-demo.html"))),
    };
    let ctx = Context::<f32>::new(machine::instruction_set()?, args.threads.count(0));
    let stop = Stop::listen_and_hold()?;
    // Checked before measuring, so that the error does not come after a minute.
    let is_new = output.as_deref().map_or(Ok(false), reserve)?;
    let mut act = 0;
    let tour = perform(&ctx, &options, &stop, &mut |texts, chart| {
        act += 1;
        if is_json {
            return Ok(());
        }
        let text = wrap("   ", texts.text.text(lang), columns());
        put(&format!("{act}. {}\n\n{text}\n{}\n", texts.title.text(lang), chart(lang)))
    });
    let tour = match tour {
        Ok(tour) => tour,
        Err(stopped) => {
            if let Some(path) = output.as_ref().filter(|_| is_new) {
                std::fs::remove_file(path).ok();
            }
            return match stopped {
                Stopped::Signal => Ok(ExitCode::from(stop.code())),
                Stopped::Failed(failure) => Err(failure),
            };
        }
    };
    if is_json {
        put(&(serde_json::to_string_pretty(&tour)? + "\n"))?;
    }
    if let Some(path) = &output {
        whole_file::write(path, page(&tour, lang)).map_err(|error| unwritable(path, &error))?;
        let [report, next] = lang.of(["The tour with figures:", "next:"], ["带图的导览：", "下一步："]);
        let text = format!(
            "{report} {}\n{next} longspan train --text FILE\n{next} longspan report RUN\n",
            longspan_run::visible::path(path)
        );
        if is_json { text.lines().for_each(streams::note) } else { put(&text)? }
    }
    Ok(ExitCode::SUCCESS)
}

/// Creates the file if it does not exist; an existing file keeps its content. Returns whether it was created.
fn reserve(path: &Path) -> Result<bool, Failure> {
    let is_new = !path.exists();
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.map(|_| is_new).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    fail(format!("{} cannot be written ({error}): choose another -o", path.display()))
}

fn options(args: &DemoArgs) -> Options {
    let mut distances = args.lengths.clone();
    distances.sort_unstable();
    distances.dedup();
    Options {
        distance: args.length,
        distances,
        gain: args.gain,
        limit: args.limit,
        steps: args.steps,
        hidden: args.hidden,
        seed: args.seed,
    }
}
