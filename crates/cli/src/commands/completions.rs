//! `longspan completions`: prints a script with which a shell completes the arguments of the program.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Args, Command, CommandFactory, ValueHint};
use clap_complete::{Shell, generate};
use longspan_run::config::{Config, ConfigError, KEYS, Origin};

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
  mkdir -p ~/.config/fish/completions
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

/// Settings are texts to the parser. The names of their values say which are files, and the error of a wrong value which values
/// there are.
fn hinted(arg: Arg) -> Arg {
    let takes = arg.get_value_names().and_then(|names| names.first()).map(|name| name.to_string());
    let choices = choices(arg.get_id().as_str());
    match takes.as_deref() {
        Some("FILE") => arg.value_hint(ValueHint::FilePath),
        Some("DIR" | "RUN") => arg.value_hint(ValueHint::DirPath),
        Some("BOOL" | "WHETHER") => arg.value_parser(["true", "false"]),
        _ if choices.len() > 1 => arg.value_parser(PossibleValuesParser::new(choices)),
        _ => arg,
    }
}

/// The values of a setting, without what may follow their names; empty for other arguments, and for settings that are numbers
/// or names of the user.
fn choices(setting: &str) -> Vec<String> {
    let wrong = "?";
    let known = KEYS.iter().any(|key| key.name == setting);
    let set = known.then(|| Config::default().set(setting, wrong, Origin::Flag));
    let Some(Err(ConfigError::Value { need, .. })) = set else { return Vec::new() };
    let Some((_, list)) = need.split_once("choose ") else { return Vec::new() };
    let list = list.trim_start_matches("one of ").replace(" or ", ", ");
    let name = |choice: &str| choice.split(['[', ':']).next().unwrap_or_default().to_owned();
    list.split(", ").map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_setting_are_those_that_it_takes() {
        assert_eq!(choices("cell"), ["rnn", "relu", "identity", "residual", "gru", "lstm"]);
        assert_eq!(choices("clip"), ["none", "norm", "value", "tensor_norm"]);
        for none in ["hidden", "text", "columns", "out", "encoding"] {
            assert!(choices(none).is_empty(), "{none}");
        }
        let many = KEYS.iter().filter(|key| !choices(key.name).is_empty()).count();
        assert!(many > 15, "{many}");
    }
}
