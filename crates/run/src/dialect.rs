//! The settings of a remedy in the language of who trains: as flags of `longspan train`, as a whole command, as lines of a
//! configuration file, and as lines of PyTorch.

mod pytorch;

use std::path::Path;

use longspan_diagnose::{Setting, TrainedBy};

pub use pytorch::{Names, pytorch};

use crate::config::flag;
use crate::directory::history::History;
use crate::visible;

/// How the program that trains a run is told to change its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Flags and files of `longspan train`.
    Longspan,
    /// Lines of PyTorch, with the names in the program.
    PyTorch(Names),
    /// The names and values of settings, for a loop in Rust.
    Settings,
}

impl Dialect {
    /// The dialect of who trains a run.
    pub fn of(history: &History) -> Self {
        match &history.record.watched {
            None => Self::Longspan,
            Some(watched) => match watched.trained_by() {
                TrainedBy::PyTorch => Self::PyTorch(Names::of(&history.config.model, watched)),
                TrainedBy::Longspan | TrainedBy::Loop => Self::Settings,
            },
        }
    }
}

/// Settings as flags of `longspan train`: `--cell lstm --forget-bias 3`.
pub fn flags(settings: &[Setting]) -> String {
    let flags: Vec<_> = settings.iter().map(|s| format!("{} {}", flag(s.key), s.value)).collect();
    flags.join(" ")
}

/// A command that trains the run again with other settings, into a directory that does not exist yet. `run` is as
/// [`visible::path`] writes it.
pub fn command(run: &str, settings: &[Setting]) -> String {
    let run = run.trim_end_matches('/');
    let numbered = (2..).map(|number| format!("{run}-try-{number}"));
    let mut names = std::iter::once(format!("{run}-try")).chain(numbered);
    let out = names.find(|name| !Path::new(name).exists()).unwrap_or_default();
    format!(
        "longspan train --config {} {} --out {}",
        quoted_path(&format!("{run}/config.toml")),
        flags(settings),
        quoted_path(&out)
    )
}

/// A path that begins as [`visible::path`] writes it, quoted for a shell if necessary.
fn quoted_path(path: &str) -> String {
    if path.starts_with("$'") { path.into() } else { quoted(path) }
}

/// A word, quoted for a shell if necessary.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,+=@".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.into(),
        // A shell reads the escapes in $'…'.
        false if text.contains(visible::acts) => visible::path(Path::new(text)),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Settings as lines of a configuration file: `cell = "lstm"`, `forget_bias = 3`.
pub fn toml(settings: &[Setting]) -> String {
    let lines: Vec<_> = settings.iter().map(|s| format!("{} = {}", s.key, literal(&s.value))).collect();
    lines.join("\n")
}

/// A value in TOML: numbers, true and false as they are, everything else in quotes.
fn literal(value: &str) -> String {
    let bare = value.parse::<bool>().is_ok() || value.parse::<f64>().is_ok_and(f64::is_finite);
    if bare { value.to_owned() } else { ::toml::Value::String(value.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::test_dir::TestDir;

    #[test]
    fn both_forms_set_the_same() {
        let setting = |key, value: &str| Setting { key, value: value.into() };
        let settings = [
            setting("cell", "lstm"),
            setting("forget_bias", "3"),
            setting("lr", "5e-4"),
            setting("layer_norm", "true"),
            setting("clip", "norm:0.5"),
        ];
        assert_eq!(
            flags(&settings),
            "--cell lstm --forget-bias 3 --lr 5e-4 --layer-norm true --clip norm:0.5"
        );
        let directory = TestDir::new();
        let file = directory.write("remedy.toml", toml(&settings));
        let mut read = Config::default();
        read.read(&file).expect("a configuration");
        for Setting { key, value } in settings {
            let text = read.get(key).text().expect("a value");
            let number = |text: &str| text.parse::<f64>().ok();
            assert!(text == value || number(&text) == number(&value), "{key}: {text}, {value}");
        }
    }

    #[test]
    fn a_command_names_a_directory_that_does_not_exist() {
        let directory = TestDir::new();
        let run = directory.write("run one", String::new()).display().to_string();
        let settings = [Setting { key: "clip", value: "norm:1".into() }];
        let expected = |out: &str| {
            format!("longspan train --config '{run}/config.toml' --clip norm:1 --out '{run}{out}'")
        };
        assert_eq!(command(&format!("{run}/"), &settings), expected("-try"));
        directory.write("run one-try", String::new());
        assert_eq!(command(&run, &settings), expected("-try-2"));
    }
}
