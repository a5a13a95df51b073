//! `longspan completions`: prints a script with which a shell completes the arguments of the program.

use clap::{Arg, Args, Command, CommandFactory, ValueHint};
use clap_complete::{Shell, generate};

use crate::args::Cli;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::streams::put_data;

/// Print a script with which a shell completes commands, flags and files
#[derive(Args, Debug)]
#[command(after_help = "\
A new shell completes the arguments after one of these commands:

bash:
  longspan completions bash > ~/.longspan.bash
  echo 'source ~/.longspan.bash' >> ~/.bashrc

bash with the package bash-completion, which loads the script when it is needed:
  mkdir -p ~/.local/share/bash-completion/completions
  cd ~/.local/share/bash-completion/completions
  longspan completions bash > longspan

zsh, with fpath=(~/.zfunc $fpath) before compinit in ~/.zshrc:
  mkdir -p ~/.zfunc
  longspan completions zsh > ~/.zfunc/_longspan

fish:
  longspan completions fish > ~/.config/fish/completions/longspan.fish

powershell:
  longspan completions powershell >> $PROFILE

elvish:
  longspan completions elvish >> ~/.config/elvish/rc.elv")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut command = Cli::command().mut_subcommands(|command: Command| command.mut_args(hinted));
    let mut script = Vec::new();
    generate(args.shell, &mut command, "longspan", &mut script);
    put_data(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// Settings are texts to the parser: the names of their values say which are files.
fn hinted(arg: Arg) -> Arg {
    let takes = arg.get_value_names().and_then(|names| names.first()).map(|name| name.to_string());
    match takes.as_deref() {
        Some("FILE") => arg.value_hint(ValueHint::FilePath),
        Some("DIR" | "RUN") => arg.value_hint(ValueHint::DirPath),
        _ => arg,
    }
}
