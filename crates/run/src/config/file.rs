//! Configuration files: TOML with a table for each section and one line for each setting.
//!
//! A file of version 1 has all settings at the top level. Such files are read too, and so are files that mix
//! both forms, because every key has a unique name.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{Config, ConfigError, KEYS, Origin, SCHEMA, Section, Value};

impl Config {
    /// Reads a file and overrides the current settings with it.
    ///
    /// # Errors
    /// [`ConfigError`] names the file and the line.
    pub fn read(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable = |error| ConfigError::Unreadable { path: path.into(), error };
        // The file may be that of a run, whose links are not followed.
        let text =
            crate::links::refuse(path).and_then(|()| std::fs::read_to_string(path)).map_err(unreadable)?;
        self.parse(path, &text)
    }

    /// Overrides the current settings with the text of a file.
    pub(crate) fn parse(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let mut file = File { path, text, config: self, lines: BTreeMap::new() };
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            path: path.into(),
            line: file.line(error.span().map_or(0, |span| span.start)),
            problem: error.message().to_owned(),
        })?;
        // First, because another version may have other settings.
        if let Some((key, value)) = table.get_ref().get_key_value("schema") {
            file.check_schema(key, value.get_ref())?;
        }
        for (key, value) in table.get_ref() {
            let section = Section::ALL.into_iter().find(|section| section.name() == key.get_ref());
            match (value.get_ref(), section) {
                (DeValue::Table(entries), Some(section)) => {
                    for (key, value) in entries {
                        file.set(Some(section), key, value.get_ref())?;
                    }
                }
                (DeValue::Table(_), None) => {
                    let names = Section::ALL.map(|section| format!("[{}]", section.name())).join(", ");
                    let problem = format!("unknown section [{}]: choose one of {names}", key.get_ref());
                    return Err(file.error(key, problem));
                }
                (_, _) if key.get_ref() == "schema" => {}
                (value, _) => file.set(None, key, value)?,
            }
        }
        Ok(())
    }

    /// The configuration as a file. With `explained`, a comment above each setting gives its meaning.
    pub fn to_toml(&self, explained: bool) -> String {
        let mut text = format!("schema = {SCHEMA}\n");
        let (mut section, mut group) = (None, None);
        for key in KEYS {
            if section.replace(key.section) != Some(key.section) {
                write!(text, "\n[{}]\n", key.section.name()).expect("writing to a String cannot fail");
            }
            if group.replace(key.group) != Some(key.group) && explained {
                write!(text, "\n## {}\n", key.group).expect("writing to a String cannot fail");
            }
            if explained {
                writeln!(text, "# {}", key.help).expect("writing to a String cannot fail");
            }
            match self.get(key.name) {
                Value::Absent if explained => writeln!(text, "# {} = {}", key.name, key.takes),
                Value::Absent => Ok(()),
                Value::Text(value) => writeln!(text, "{} = {}", key.name, toml::Value::String(value)),
                value => writeln!(text, "{} = {value}", key.name),
            }
            .expect("writing to a String cannot fail");
        }
        text
    }
}

/// A file that is being parsed.
struct File<'a> {
    path: &'a Path,
    text: &'a str,
    config: &'a mut Config,
    /// The line in which each key was set.
    lines: BTreeMap<&'static str, usize>,
}

impl File<'_> {
    /// The line, from 1, that contains the byte at `offset`.
    fn line(&self, offset: usize) -> usize {
        1 + self.text.as_bytes()[..offset.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    fn error(&self, key: &Spanned<DeString<'_>>, problem: String) -> ConfigError {
        ConfigError::Syntax { path: self.path.into(), line: self.line(key.span().start), problem }
    }

    fn check_schema(&self, key: &Spanned<DeString<'_>>, value: &DeValue<'_>) -> Result<(), ConfigError> {
        let found = self.scalar(key, value)?;
        match found.parse::<i64>() {
            Ok(1..=SCHEMA) => Ok(()),
            _ => Err(ConfigError::Schema { path: self.path.into(), found }),
        }
    }

    /// Sets a key from the table of a section, or from the top level.
    fn set(
        &mut self,
        section: Option<Section>,
        key: &Spanned<DeString<'_>>,
        value: &DeValue<'_>,
    ) -> Result<(), ConfigError> {
        let value = self.scalar(key, value)?;
        let line = self.line(key.span().start);
        let name = key.get_ref();
        if let Some(known) = KEYS.iter().find(|known| known.name == name.replace('-', "_")) {
            if let Some(section) = section.filter(|section| *section != known.section) {
                let (own, other) = (known.section.name(), section.name());
                return Err(
                    self.error(key, format!("{name} belongs to [{own}], not to [{other}]: move it there"))
                );
            }
            if let Some(first) = self.lines.insert(known.name, line) {
                let problem = format!("{name} is set twice, first in line {first}: remove one of the two");
                return Err(self.error(key, problem));
            }
        }
        self.config.set(name, &value, Origin::File { path: self.path.into(), line })
    }

    /// A value as text, as a flag takes it.
    fn scalar(&self, key: &Spanned<DeString<'_>>, value: &DeValue<'_>) -> Result<String, ConfigError> {
        Ok(match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', ""),
            DeValue::Float(number) => number.as_str().replace('_', ""),
            DeValue::Boolean(flag) => flag.to_string(),
            other => {
                let (name, kind) = (key.get_ref(), other.type_str());
                return Err(self.error(
                    key,
                    format!("{name} needs a number, true, false or a string, but has the type {kind}"),
                ));
            }
        })
    }
}

#[cfg(test)]
mod tests;
