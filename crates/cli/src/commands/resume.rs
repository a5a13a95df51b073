//! `longspan resume`.

use std::path::PathBuf;

use clap::Args;
use longspan_run::config::{Config, Origin};
use longspan_run::dataset::moved;
use longspan_run::directory;
use longspan_run::train::Job;

use super::train::train_job;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::flags::{Json, ResumeFlags};

/// Continue a run from its last checkpoint
#[derive(Args, Debug)]
#[command(
    after_help = "Short for `longspan train --resume --out RUN`, with the settings that may change. --lr, --schedule and \
                        --clip apply from the next step on; the run records the change. Files may have moved if their content is \
                        the same.\n\nExamples:\n  longspan resume runs/book-lstm-1\n  \
                        longspan resume runs/book-lstm-1 --epochs 20 --lr 5e-4\n  \
                        longspan resume runs/book-lstm-1 --data moved/book.txt"
)]
#[command(mut_arg("json", |arg| arg.help("Print the summary as one JSON document")))]
pub(crate) struct ResumeArgs {
    /// Directory of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// New path of the run's data, if they have moved; their content must be the same
    #[arg(long, value_name = "FILE", help_heading = "Data that have moved")]
    data: Option<PathBuf>,
    #[command(flatten)]
    json: Json,
    #[command(flatten)]
    settings: ResumeFlags,
}

pub(crate) fn run(args: &ResumeArgs) -> Result<ExitCode, Failure> {
    let mut config = Config::default();
    if let Some(path) = &args.data {
        directory::read_record(&args.run)?;
        for (key, path) in moved(&directory::read_config(&args.run)?, path) {
            config.set(key, &path.to_string_lossy(), Origin::Flag)?;
        }
    }
    args.settings.set(&mut config)?;
    train_job(|| Ok(Job::prepare(config, Some(args.run.clone()), true, None)?), args.json)
}
