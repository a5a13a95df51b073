//! The flags of the settings that may change when a run is resumed.

use clap::{ArgMatches, Args, Command, FromArgMatches};
use longspan_run::config::{Config, ConfigError, flag};
use longspan_run::train::resumable;

use super::settings::{Given, flags_of};

/// A flag for each setting that may change when a run is resumed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResumeFlags(Given);

impl ResumeFlags {
    /// Applies the flags that are given.
    ///
    /// # Errors
    /// [`ConfigError`] if a value is invalid.
    pub(crate) fn set(&self, config: &mut Config) -> Result<(), ConfigError> {
        self.0.set(config)
    }
}

impl Args for ResumeFlags {
    fn augment_args(command: Command) -> Command {
        command.args(flags_of(resumable(), |key| match key.takes {
            "FILE" => (format!("New path of the file of {}", flag(key.name)), "Data that have moved"),
            // The default is that of the run, not that of the setting.
            _ => (key.help.split(" [default").next().unwrap_or(key.help).to_owned(), key.group),
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ResumeFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.read(matches, resumable());
        Ok(())
    }
}
