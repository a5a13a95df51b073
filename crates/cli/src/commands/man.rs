//! `longspan man`: writes the manual pages.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use longspan_run::visible;
use longspan_run::whole_file;

use crate::args::Cli;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::progress::counted;
use crate::streams;

/// Write manual pages: longspan(1), and one for each command
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  longspan man --out ~/.local/share/man/man1\n  man longspan-train")]
pub(crate) struct ManArgs {
    /// Directory to write the pages into; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &ManArgs) -> Result<ExitCode, Failure> {
    let out = args.out.as_path();
    let unwritable = |path: &Path, error| {
        fail(format!("{} cannot be written ({error}): choose another --out", visible::path(path)))
    };
    fs::create_dir_all(out).map_err(|error| unwritable(out, error))?;
    let pages = pages()?;
    for (name, page) in &pages {
        let path = out.join(name);
        whole_file::write(&path, page).map_err(|error| unwritable(&path, error))?;
    }
    streams::note(format_args!(
        "wrote {} to {}",
        counted(pages.len() as u64, "manual page"),
        visible::path(out)
    ));
    Ok(ExitCode::SUCCESS)
}

/// The pages with the names of their files: that of the program, then those of its commands.
fn pages() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    // Options and names as help shows them: those of the program reach its commands.
    program.build();
    std::iter::once(&program).chain(program.get_subcommands()).map(page).collect()
}

fn page(command: &Command) -> Result<(String, Vec<u8>), Failure> {
    let source = format!("longspan {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).manual("Longspan").source(source);
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok((man.get_filename(), page))
}
