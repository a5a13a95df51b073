//! Configuration files: flat TOML with one line for each setting.

use std::fmt::Write;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{Config, ConfigError, KEYS, Origin, SCHEMA, Value};

impl Config {
    /// Reads a file over the settings so far.
    ///
    /// # Errors
    /// [`ConfigError`] names the file and the line.
    pub fn read(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable = |error| ConfigError::Unreadable { path: path.into(), error };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        self.parse(path, &text)
    }

    fn parse(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let line_of = |offset: usize| 1 + text[..offset.min(text.len())].matches('\n').count();
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            path: path.into(),
            line: line_of(error.span().map_or(0, |span| span.start)),
            problem: error.message().to_owned(),
        })?;
        for (key, value) in table.get_ref() {
            let line = line_of(key.span().start);
            let value = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', ""),
                DeValue::Float(number) => number.as_str().replace('_', ""),
                DeValue::Boolean(flag) => flag.to_string(),
                other => {
                    let problem = format!("{} cannot be a {}", key.get_ref(), other.type_str());
                    return Err(ConfigError::Syntax { path: path.into(), line, problem });
                }
            };
            if key.get_ref() == "schema" {
                if value != SCHEMA.to_string() {
                    return Err(ConfigError::Schema { path: path.into(), found: value });
                }
                continue;
            }
            self.set(key.get_ref(), &value, Origin::File { path: path.into(), line })?;
        }
        Ok(())
    }

    /// The configuration as a file; with `explained`, each setting's meaning stands above it.
    pub fn to_toml(&self, explained: bool) -> String {
        let mut text = format!("schema = {SCHEMA}\n");
        let mut section = None;
        for key in KEYS {
            if section != Some(key.section) {
                section = Some(key.section);
                write!(text, "\n# {}\n", key.section.title()).expect("a String takes everything");
            }
            let value = match self.get(key.name) {
                Value::Text(text) => toml::Value::String(text).to_string(),
                other => other.to_string(),
            };
            if explained {
                writeln!(text, "# {}", key.help).expect("a String takes everything");
            }
            match self.get(key.name) {
                Value::Absent if explained => writeln!(text, "# {} = {}", key.name, key.takes),
                Value::Absent => Ok(()),
                _ => writeln!(text, "{} = {value}", key.name),
            }
            .expect("a String takes everything");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Config, String> {
        let mut config = Config::default();
        config.parse(Path::new("run.toml"), text).map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn a_file_gives_back_what_it_was_written_from() {
        let text = "text = 'a \"b\".txt'\ncell = \"gru\"\nhidden = 1_000\nlr = 0.1\nschedule = \"step:3:0.25\"\n\
                    clip = \"value:5\"\ntie_weights = true\neps = 1e-6\ninit = \"gaussian:0.5\"\n\
                    bptt_memory = \"65536KiB\"\n";
        let config = parsed(text).unwrap();
        assert_eq!((config.hidden, config.lr, config.tie_weights), (1000, 0.1, true));
        assert!(config.to_toml(false).contains("bptt_memory = \"64MiB\"\n"));
        for explained in [false, true] {
            let again = parsed(&config.to_toml(explained)).unwrap();
            assert!(config.differences(&again).is_empty());
            assert!(!Config::default().differences(&again).is_empty());
        }
    }

    #[test]
    fn errors_name_the_file_the_line_and_the_nearest_key() {
        for (text, message) in [
            (
                "schema = 1\nhiden = 3\n",
                "run.toml, line 2: there is no setting \"hiden\": did you mean hidden?",
            ),
            ("\n\nbatch = -3\n", "run.toml, line 3: batch = -3: needs a whole number, 0 or more"),
            (
                "bptt_memory = -1\n",
                "run.toml, line 1: bptt_memory = -1: needs a whole number of bytes, or one with a unit",
            ),
            ("cell = \"lsmt\"", "line 1: cell = lsmt: there is no such cell: did you mean lstm?"),
            ("schema = 2\n", "run.toml has schema = 2, and this version reads schema = 1"),
            ("lr = [1]\n", "run.toml, line 1: lr cannot be a array"),
            ("a = 1\nlr = = 2\n", "run.toml, line 2: "),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
