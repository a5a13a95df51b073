//! `longspan man`: writes the manual pages.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
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

/// The page of a command, in ASCII: any manual reader takes it, whatever its encoding is.
fn page(command: &Command) -> Result<(String, Vec<u8>), Failure> {
    // The short usage that --help shows. Man's own lists every flag, about a hundred for train.
    let usage = command.clone().render_usage().to_string().replace("Usage: ", "");
    let source = format!("longspan {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone().override_usage(usage)).manual("Longspan").source(source);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(notes) = command.get_after_help() {
        notes_section(&notes.to_string()).to_writer(&mut page)?;
    }
    Ok((man.get_filename(), ascii(&String::from_utf8_lossy(&page)).into_bytes()))
}

/// The text below the options of the help. Indented lines are examples, which are not filled.
fn notes_section(text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["NOTES"]);
    let mut example = false;
    for line in text.lines() {
        if line.starts_with(' ') != example && !line.is_empty() {
            example = !example;
            roff.control(if example { "nf" } else { "fi" }, []);
        }
        match line {
            "" => roff.control("PP", []),
            line => roff.text([roman(line)]),
        };
    }
    if example {
        roff.control("fi", []);
    }
    roff
}

/// A page with other characters than those of ASCII as escapes of roff.
fn ascii(page: &str) -> String {
    let escaped = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\[u{:04X}]", u32::from(c)) };
    page.chars().map(escaped).collect()
}
