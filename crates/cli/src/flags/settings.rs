//! Flags that are generated from the table of settings.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use longspan_run::config::{Config, ConfigError, KEYS, Key, Origin, Value, flag};

/// The settings of reading that may differ between the run's own data and new data.
const READING: [&str; 13] = [
    "encoding",
    "label_column",
    "id_column",
    "image_steps",
    "time_column",
    "group_column",
    "gaps",
    "missing",
    "separator",
    "decimal",
    "no_header",
    "header",
    "na",
];

/// The settings of reading that say how a file is written, which columns are read, and what its times are.
const TABLE: [&str; 10] = [
    "encoding",
    "columns",
    "time_column",
    "sort_time",
    "day_first",
    "separator",
    "decimal",
    "no_header",
    "header",
    "na",
];

/// Settings that are given as flags.
#[derive(Clone, Debug, Default)]
pub(super) struct Given(Vec<(&'static str, String)>);

impl Given {
    pub(super) fn read(&mut self, matches: &ArgMatches, keys: impl Iterator<Item = &'static Key>) {
        let value = |key: &'static Key| Some((key.name, matches.get_one::<String>(key.name)?.clone()));
        self.0 = keys.filter_map(value).collect();
    }

    pub(super) fn set(&self, config: &mut Config) -> Result<(), ConfigError> {
        self.0.iter().try_for_each(|(key, value)| config.set(key, value, Origin::Flag))
    }
}

/// A flag for every setting.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingFlags(Given);

impl SettingFlags {
    /// Applies the flags that are given.
    ///
    /// # Errors
    /// [`ConfigError`] if a value is invalid.
    pub(crate) fn set(&self, config: &mut Config) -> Result<(), ConfigError> {
        self.0.set(config)
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let defaults = Config::default();
        command.args(flags_of(KEYS.iter(), |key| {
            let default = match defaults.get(key.name) {
                Value::Absent => String::new(),
                // The help says which default there is.
                _ if key.help.contains(" [default") => String::new(),
                value => format!(" [default: {value}]"),
            };
            (format!("{}{default}", key.help), key.group)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.read(matches, KEYS.iter());
        Ok(())
    }
}

/// A flag for each setting in [`READING`], or only for those in [`TABLE`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen<const ALL: bool>(Given);

/// How new data are read for a run.
pub(crate) type ReadingFlags = Chosen<true>;
/// How a table is written.
pub(crate) type TableFlags = Chosen<false>;

impl<const ALL: bool> Chosen<ALL> {
    /// Applies the flags that are given.
    ///
    /// # Errors
    /// [`ConfigError`] if a value is invalid.
    pub(crate) fn set(&self, config: &mut Config) -> Result<(), ConfigError> {
        self.0.set(config)
    }

    fn keys() -> impl Iterator<Item = &'static Key> {
        let names: &[&str] = if ALL { &READING } else { &TABLE };
        KEYS.iter().filter(|key| names.contains(&key.name))
    }
}

impl<const ALL: bool> Args for Chosen<ALL> {
    fn augment_args(command: Command) -> Command {
        command.args(flags_of(Self::keys(), |key| {
            // The default is that of the run, not that of the setting.
            let help = key.help.split(" [default").next().unwrap_or(key.help);
            match ALL {
                true => (help.to_owned() + " [default: as the run]", "Reading"),
                false => (key.help.to_owned(), "Tables"),
            }
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const ALL: bool> FromArgMatches for Chosen<ALL> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.read(matches, Self::keys());
        Ok(())
    }
}

/// A flag for each of these settings, with its help text and heading.
pub(super) fn flags_of(
    keys: impl Iterator<Item = &'static Key>,
    told: impl Fn(&'static Key) -> (String, &'static str),
) -> impl Iterator<Item = Arg> {
    keys.map(move |key| {
        let (help, heading) = told(key);
        let arg = arg(key, help).help_heading(heading).allow_negative_numbers(true);
        // A switch needs no value: --nesterov means --nesterov true.
        match Config::default().get(key.name) {
            Value::Flag(_) => arg.num_args(0..=1).default_missing_value("true"),
            _ => arg,
        }
    })
}

fn arg(key: &Key, help: String) -> Arg {
    let long = flag(key.name).trim_start_matches('-').to_owned();
    Arg::new(key.name).long(long).value_name(key.takes).help(help)
}
