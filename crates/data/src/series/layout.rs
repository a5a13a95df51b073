//! Use of the columns.

use std::collections::HashSet;

use super::error::SeriesError;
use super::options::SeriesOptions;
use super::time_column::TimeColumn;
use crate::categorical::{Categorical, Codes};
use crate::table::{Column, Key, Rows, is_no_column, list, shorten};
use csv::StringRecord;

/// Fields of a row by their use.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// Fields that are read as numbers.
    pub(super) values: Vec<usize>,
    /// Those that are forecast, as indices into `values`.
    pub(super) targets: Vec<usize>,
    /// Field of the time.
    pub(super) time: Option<TimeColumn>,
    /// Whether no column is to be the time.
    pub(super) untimed: bool,
    /// Fields of the group.
    pub(super) group: Option<Key>,
    /// Fields that are not read because they contain text.
    pub(super) left_out: Vec<usize>,
    /// Those of them that have few different values, which may be categories.
    pub(super) categories: Vec<usize>,
    /// Fields of the categorical columns, as in the options.
    categorical: Vec<usize>,
}

impl Layout {
    /// Determines the layout from the options and, where these leave it open, from the first rows.
    pub(super) fn of(
        options: &SeriesOptions,
        rows: &Rows<'_>,
        sketch: &[Column],
        sample: &[StringRecord],
    ) -> Result<Self, SeriesError> {
        let names = &rows.names[..];
        let find = |flag, name: &str| rows.column(flag, name);
        let group = options.group_column.as_ref().map(|given| Key::named(rows, "--group-column", given));
        let group = group.transpose()?;
        let grouping = |field: usize| group.as_ref().is_some_and(|key| key.has(field));
        let named: Vec<usize> =
            options.columns.iter().map(|name| find(columns_flag(options), name)).collect::<Result<_, _>>()?;
        distinct("--columns", names, &named)?;
        let flag = if options.scaling.is_some() { "the model" } else { "--categorical" };
        let categorical: Vec<usize> =
            options.categorical.iter().map(|own| find(flag, &own.column)).collect::<Result<_, _>>()?;
        distinct(flag, names, &categorical)?;
        // Tables may have thousands of columns.
        let is_named: HashSet<usize> = named.iter().copied().collect();
        let learned = options.clock.as_ref().and_then(|clock| {
            let field = |name| names.iter().position(|own| own == name);
            clock.columns().iter().map(field).collect::<Option<Vec<usize>>>()
        });
        let untimed = options.time_column.as_ref().is_some_and(|given| is_no_column(given, names));
        let time = match (&options.time_column, learned) {
            _ if untimed => None,
            (Some(given), _) => {
                Some(TimeColumn::named(rows.columns("--time-column", given)?, names, sample, options)?)
            }
            (None, Some(fields)) => Some(TimeColumn::named(fields, names, sample, options)?),
            (None, None) => {
                let taken =
                    |field| grouping(field) || is_named.contains(&field) || categorical.contains(&field);
                let free = (0..names.len()).filter(|&field| !taken(field));
                TimeColumn::find(free, names, sketch, sample, options)?
            }
        };
        let times = |field: usize| time.as_ref().is_some_and(|time| time.fields.contains(&field));
        if let Some(field) = (0..names.len()).find(|&field| grouping(field) && times(field)) {
            let name = names[field].clone();
            return Err(SeriesError::NamedTwice { flag: "--time-column and --group-column", name });
        }

        for (other, flags) in [
            (categorical.iter().copied().find(|&field| grouping(field)), "--group-column and --categorical"),
            (categorical.iter().copied().find(|&field| times(field)), "--time-column and --categorical"),
        ] {
            if let Some(field) = other {
                return Err(SeriesError::NamedTwice { flag: flags, name: names[field].clone() });
            }
        }

        let rest = || (0..names.len()).filter(|&field| !grouping(field) && !times(field));
        let (values, left_out) = match named.is_empty() {
            true => rest().partition(|&field| !sketch[field].is_text() || categorical.contains(&field)),
            false => {
                let more = categorical.iter().copied().filter(|field| !is_named.contains(field));
                (named.iter().copied().chain(more).collect(), Vec::new())
            }
        };
        let number = |field: &usize| !categorical.contains(field);
        if !values.iter().any(number) {
            let text = left_out.first().copied().or(time.as_ref().map(|time| time.fields[0]));
            let text = text.and_then(|field: usize| Some((field, sketch[field].first.as_deref()?)));
            let begins = text.map(|(field, value)| {
                format!(" (column {} begins with \"{}\")", shorten(&names[field]), shorten(value))
            });
            return Err(SeriesError::NoNumbers {
                path: options.path.clone(),
                begins: begins.unwrap_or_default(),
            });
        }
        let targets = match options.target.is_empty() {
            _ if options.all_targets => (0..values.len()).collect(),
            true => values.iter().rposition(number).into_iter().collect(),
            false => targets(options, rows, &values)?,
        };
        if let Some(&target) = targets.iter().find(|&&target| !number(&values[target])) {
            let column = shorten(&names[values[target]]);
            return Err(SeriesError::CategoricalTarget { path: options.path.clone(), column });
        }
        let categories = left_out.iter().copied().filter(|&field| sketch[field].has_categories()).collect();
        Ok(Self { values, targets, time, untimed, group, left_out, categories, categorical })
    }

    /// The codes of a field that has categories.
    pub(super) fn codes(&self, field: usize, names: &[String], options: &SeriesOptions) -> Option<Codes> {
        let at = self.categorical.iter().position(|&own| own == field)?;
        let column = names[field].clone();
        Some(Codes::new(&Categorical { column, ..options.categorical[at].clone() }))
    }
}

/// Returns what names the columns, for messages.
fn columns_flag(options: &SeriesOptions) -> &'static str {
    if options.scaling.is_some() { "the model" } else { "--columns" }
}

/// Returns the indices into `values` of the columns that `--target` names.
fn targets(options: &SeriesOptions, rows: &Rows<'_>, values: &[usize]) -> Result<Vec<usize>, SeriesError> {
    let names = &rows.names[..];
    let target = |name: &String| {
        let target = rows.column("--target", name)?;
        values.iter().position(|&value| value == target).ok_or_else(|| SeriesError::TargetNotRead {
            path: options.path.clone(),
            name: name.clone(),
            names: list(values.iter().map(|&value| names[value].as_str())),
        })
    };
    let targets = options.target.iter().map(target).collect::<Result<Vec<_>, _>>()?;
    distinct("--target", names, &targets.iter().map(|&target| values[target]).collect::<Vec<_>>())?;
    Ok(targets)
}

fn distinct(flag: &'static str, names: &[String], fields: &[usize]) -> Result<(), SeriesError> {
    let mut seen = HashSet::new();
    match fields.iter().find(|&&field| !seen.insert(field)) {
        Some(&field) => Err(SeriesError::NamedTwice { flag, name: names[field].clone() }),
        None => Ok(()),
    }
}
