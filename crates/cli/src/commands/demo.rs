//! `longspan demo`.

use std::fmt::Display;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use clap::ArgMatches;
use longspan_kernel::Context;

use crate::demo::{Options, Stopped, page, perform};
use crate::failure::{Failure, fail, put};
use crate::report::language;
use crate::stop::Stop;
use crate::wrap::{columns, wrap};
use longspan_run::machine;

/// Steps between subject and verb: shorter sentences have no other noun of the subject's kind in between.
const DISTANCES: [usize; 2] = [6, 200];

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let options = options(matches)?;
    let lang = language(matches);
    let is_json = matches.get_flag("json");
    let output = match matches.get_one::<String>("output").map(String::as_str) {
        Some("-") => None,
        None if is_json => None,
        output => Some(PathBuf::from(output.unwrap_or("longspan-demo.html"))),
    };
    let threads = matches.get_one::<u64>("threads").map_or(0, |&n| n as usize);
    let ctx = Context::<f32>::new(machine::instruction_set()?, machine::threads(threads));
    let stop = Stop::listen()?;
    // Before anything is measured: a minute is too long to wait for an error.
    let is_new = output.as_deref().map_or(Ok(false), reserve)?;
    let mut act = 0;
    let story = perform(&ctx, &options, &stop, &mut |told, chart| {
        act += 1;
        if is_json {
            return Ok(());
        }
        let text = wrap("   ", told.text.get(lang), columns());
        put(&format!("{act}. {}\n\n{text}\n{}\n", told.title.get(lang), chart(lang)))
    });
    let story = match story {
        Ok(story) => story,
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
        put(&(serde_json::to_string_pretty(&story)? + "\n"))?;
    }
    if let Some(path) = &output {
        std::fs::write(path, page(&story, lang)).map_err(|error| unwritable(path, &error))?;
        let words = lang.of(
            ["The same with figures", "The same of your own data", "then"],
            ["带图的同一份报告", "换成自己的数据", "然后"],
        );
        let text = format!(
            "{}: {}\n{}: longspan train --text FILE, {} longspan report RUN\n",
            words[0],
            path.display(),
            words[1],
            words[2]
        );
        if is_json { eprint!("{text}") } else { put(&text)? }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a file was made here; what is there already is left as it is.
fn reserve(path: &Path) -> Result<bool, Failure> {
    let is_new = !path.exists();
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.map(|_| is_new).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    fail(format!("{} cannot be written ({error}): choose another -o", path.display()))
}

fn options(matches: &ArgMatches) -> Result<Options, Failure> {
    let text = |name: &str, default: &str| {
        matches.get_one::<String>(name).map_or_else(|| default.to_owned(), String::clone)
    };
    let count = |name: &str, default: u64, most: u64| match matches.get_one::<u64>(name).copied() {
        None => Ok(default),
        Some(n) if (1..=most).contains(&n) => Ok(n),
        Some(n) => Err(fail(format!("--{name} {n}: the demo takes 1 to {most}"))),
    };
    let lengths = text("lengths", "5,10,20,40");
    let mut distances = Vec::new();
    for length in lengths.split(',') {
        distances.push(within("lengths", length.trim(), 1, DISTANCES[1])?);
    }
    distances.sort_unstable();
    distances.dedup();
    Ok(Options {
        distance: within("length", &text("length", "20"), DISTANCES[0], DISTANCES[1])?,
        distances,
        gain: within("gain", &text("gain", "1.6"), 0.01, 100.0)?,
        limit: within("limit", &text("limit", "1"), 1e-6, 1e6)?,
        steps: count("steps", 800, 100_000)?,
        hidden: count("hidden", 64, 1024)? as usize,
        seed: matches.get_one::<u64>("seed").copied().unwrap_or(0),
    })
}

/// A number between two others.
fn within<T: FromStr + PartialOrd + Display>(
    name: &str,
    text: &str,
    least: T,
    most: T,
) -> Result<T, Failure> {
    match text.parse::<T>() {
        Ok(n) if n >= least && n <= most => Ok(n),
        _ => Err(fail(format!("--{name} {text}: the demo takes numbers from {least} to {most}"))),
    }
}
