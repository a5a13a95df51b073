//! Tables: read as labelled sequences if a column looks like labels, and as a series otherwise.

use std::path::Path;

use super::Found;
use super::error::InspectError;
use super::kind::HEAD;
use super::sequences::{self, Form};
use super::series::{self, GROUPS};
use super::settings::{Alternative, Settings};
use crate::categorical::Categorical;
use crate::labelled::Head;
use crate::labelled::table::{Columns, LABELS, unnamed_label};
use crate::table::{Column, IDS, Sketch, TableOptions, is_table};

pub(super) fn inspect(path: &Path, head: &Head, options: &TableOptions) -> Result<Found, InspectError> {
    let cut = head.bytes.len() == HEAD;
    let sketch = Sketch::of_head(path, &head.bytes, cut, options)?;
    read(path, head, options, &sketch)
}

/// Reads the table as what its columns show.
fn read(path: &Path, head: &Head, options: &TableOptions, sketch: &Sketch) -> Result<Found, InspectError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let may_be_labelled =
        [".csv", ".tsv"].iter().any(|end| name.ends_with(end)) || is_table(&head.bytes, true);
    let columns = labelled(sketch)
        .filter(|_| may_be_labelled)
        .map(|columns| Columns { table: options.clone(), ..columns });
    let Some(columns) = columns else {
        let mut found = series::inspect(path, sketch, options)?;
        found.otherwise = could_be_labelled(path, sketch, options).filter(|_| may_be_labelled);
        return Ok(found);
    };
    let form = if columns.id.is_some() { Form::Long } else { Form::Wide };
    match sequences::inspect_with(path, form, columns) {
        Ok(mut found) => {
            let other = series::inspect(path, sketch, options).ok().and_then(|found| found.settings);
            found.otherwise = other.map(|settings| Alternative { text: "as a series".into(), settings });
            Ok(found)
        }
        // If it cannot be read with labels, it may still be a series. If not, the error about the labels is the more
        // useful one.
        Err(error) => series::inspect(path, sketch, options).map_err(|_| error.into()),
    }
}

fn is_id(column: &Column) -> bool {
    column.called(&IDS)
}

/// Returns the label and id columns, if one column looks like labels and all others have numbers.
fn labelled(sketch: &Sketch) -> Option<Columns> {
    let rows = sketch.rows.len();
    if !sketch.format.header {
        return unnamed(sketch).then(Columns::default);
    }
    let usual = |column: &&Column| LABELS.iter().any(|name| column.name.eq_ignore_ascii_case(name));
    let few = |column: &Column| column.different() * 2 <= rows.max(4) && column.different() < 500;
    let label = match sketch.columns.iter().find(usual) {
        // Classes are words or integers. A target with many different values is forecast instead.
        Some(column) if column.is_text() || column.whole && column.is_number() && few(column) => column,
        Some(_) => return None,
        None => {
            let ends = [sketch.columns.last()?, sketch.columns.first()?];
            let label =
                |column: &&Column| column.is_text() && !column.time && few(column) && !column.called(&GROUPS);
            // A row with a time is a step, not a whole sequence.
            let timed = sketch.columns.iter().any(|column| column.time || column.called(&TIMES));
            ends.into_iter().find(label).filter(|_| sketch.columns.len() > 3 && !timed)?
        }
    };
    let index = sketch.position(&label.name)?;
    let id = sketch.columns.iter().find(|column| {
        let own = sketch.position(&column.name).is_some_and(|id| id != index && sketch.depends(index, id));
        is_id(column) && own && !column.again && column.different() < rows
    });
    let rest =
        sketch.columns.iter().filter(|c| c.name != label.name && id.is_none_or(|id| id.name != c.name));
    // With one row per step, words may be categories.
    let categories: Vec<&Column> =
        rest.clone().filter(|column| id.is_some() && column.has_categories()).collect();
    let is_read =
        |column: &Column| column.texts == 0 || categories.iter().any(|category| category.name == column.name);
    let readable = rest.clone().count() > 0 && rest.clone().all(is_read);
    let categorical = categories.iter().map(|column| Categorical::named(column.name.clone())).collect();
    let named = |column: &Column| Some(column.name.clone());
    let label =
        if LABELS.iter().any(|name| label.name.eq_ignore_ascii_case(name)) { None } else { named(label) };
    readable.then(|| Columns { label, id: id.and_then(named), categorical, ..Columns::default() })
}

/// Whether a table without names has a label in each row, as in the UCR archive: many numbers and one column of few
/// classes.
fn unnamed(sketch: &Sketch) -> bool {
    /// Least number of values of a sequence.
    const STEPS: usize = 8;
    let Some(label) = unnamed_label(&sketch.columns) else { return false };
    let few = sketch.columns[label].different() * 2 <= sketch.rows.len().max(4);
    let mut others = sketch.columns.iter().enumerate().filter(|&(index, _)| index != label);
    few && sketch.columns.len() > STEPS
        && others.clone().any(|(_, column)| !column.whole)
        && others.all(|(_, column)| column.texts == 0)
}

/// Names of time columns.
const TIMES: [&str; 9] = ["time", "date", "timestamp", "datetime", "year", "month", "day", "hour", "t"];

/// Returns settings that read a table with labels that would otherwise be read as a series.
fn could_be_labelled(path: &Path, sketch: &Sketch, options: &TableOptions) -> Option<Alternative> {
    let rows = sketch.rows.len();
    let label = sketch.columns.iter().rev().find(|column| {
        let few = (2..=rows / 2).contains(&column.different()) && column.different() < 100;
        few && !column.time && (column.is_text() || column.whole && column.is_number())
    })?;
    let others = sketch.columns.iter().filter(|column| column.name != label.name);
    let readable = others.clone().count() > 0 && others.clone().all(|column| column.texts == 0);
    let text = format!("as one sequence per row, with {} as its label", label.name);
    let settings = Settings::data("labelled", path).with_table(options).with("label_column", &label.name);
    readable.then_some(Alternative { text, settings })
}
