//! Tables: read as labelled sequences if a column looks like labels, and as a series otherwise.

use std::path::Path;

use super::content::Form;
use super::error::InspectError;
use super::found::Found;
use super::given::Given;
use super::kind::HEAD;
use super::roles::GROUPS;
use super::sequences;
use super::series;
use super::settings::{Alternative, Settings};
use crate::categorical::Categorical;
use crate::labelled::Head;
use crate::labelled::table::{Columns, LABELS, unnamed_label};
use crate::table::{Column, IDS, Key, Sketch, TableOptions, in_runs, is_table};

pub(super) fn inspect(path: &Path, head: &Head, given: &Given) -> Result<Found, InspectError> {
    let cut = head.bytes.len() == HEAD;
    // The beginning was decoded.
    let decoded = TableOptions { encoding: None, ..given.table.clone() };
    let sketch = Sketch::of_head(path, &head.bytes, cut, &decoded)?;
    read(path, head, given, &sketch)
}

/// Reads the table as what its columns show.
fn read(path: &Path, head: &Head, given: &Given, sketch: &Sketch) -> Result<Found, InspectError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let may_be_labelled =
        [".csv", ".tsv"].iter().any(|end| name.ends_with(end)) || is_table(&head.bytes, true);
    // Labelled sequences read all columns.
    let columns =
        labelled(sketch).filter(|_| may_be_labelled && given.columns.is_empty()).map(|columns| Columns {
            table: given.table.clone(),
            time: given.time_column.clone(),
            sort_time: given.sort_time,
            day_first: given.day_first,
            ..columns
        });
    let Some(columns) = columns else {
        let mut found = series::inspect(path, sketch, given)?;
        let time = found.content.times();
        found.otherwise = could_be_labelled(path, sketch, &given.table, &time)
            .filter(|_| may_be_labelled && given.columns.is_empty());
        return Ok(found);
    };
    let form = if columns.id.is_some() { Form::Long } else { Form::Wide };
    match sequences::inspect_with(path, form, columns, given) {
        Ok(mut found) => {
            let other = series::inspect(path, sketch, given).ok().and_then(|found| found.settings);
            found.otherwise = other.map(|settings| Alternative { text: "as a series".into(), settings });
            Ok(found)
        }
        // If it cannot be read with labels, it may still be a series. If not, the error about the labels is the more
        // useful one.
        Err(error) => series::inspect(path, sketch, given).map_err(|_| error.into()),
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
    let few = |column: &Column| {
        let different = column.different();
        different > 1 && different * 2 <= rows.max(4) && different < 500
    };
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
    let id = id(sketch, index);
    let rest = (0..sketch.columns.len()).filter(|column| *column != index && !id.contains(column));
    let rest: Vec<&Column> = rest.map(|column| &sketch.columns[column]).collect();
    // With one row per step, words may be categories.
    let categories = rest.iter().filter(|column| !id.is_empty() && column.has_categories());
    let categorical: Vec<Categorical> =
        categories.map(|column| Categorical::named(column.name.clone())).collect();
    // The times of steps are left out.
    let is_read = |column: &&Column| {
        let time = !id.is_empty() && column.is_text() && column.time;
        column.texts == 0 || time || categorical.iter().any(|own| own.column == column.name)
    };
    // A row of one value is a step, not a sequence.
    let least = if id.is_empty() { 2 } else { 1 };
    let readable = rest.len() >= least && rest.iter().all(is_read);
    let usual = LABELS.iter().any(|name| label.name.eq_ignore_ascii_case(name));
    let label = (!usual).then(|| label.name.clone());
    let names: Vec<&str> = id.iter().map(|&column| sketch.columns[column].name.as_str()).collect();
    let id = (!names.is_empty()).then(|| names.join(","));
    readable.then(|| Columns { label, id, categorical, ..Columns::default() })
}

/// The columns that tell which sequence a row belongs to, if a row is a step: a column with the name of one, the first
/// column if it has text, or a pair of these or of one of these and a first column of whole numbers.
fn id(sketch: &Sketch, label: usize) -> Vec<usize> {
    let (rows, columns) = (sketch.rows.len(), &sketch.columns);
    let single = (0..columns.len()).find(|&id| {
        let own = id != label && sketch.depends(label, id);
        is_id(&columns[id]) && own && !columns[id].again && columns[id].different() < rows
    });
    if let Some(id) = single {
        return vec![id];
    }
    let time = |column: usize| columns[column].is_text() && columns[column].time;
    let first = (0..columns.len()).find(|&column| column != label && !time(column));
    let text = |column: usize| Some(column) == first && columns[column].is_text() && !columns[column].time;
    let whole = |column: usize| Some(column) == first && columns[column].is_number() && columns[column].whole;
    let may = |&column: &usize| column != label && (is_id(&columns[column]) || text(column) || whole(column));
    let may: Vec<usize> = (0..columns.len()).filter(may).collect();
    let single = may.iter().filter(|&&column| text(column)).map(|&column| vec![column]);
    // The setting separates names by commas.
    let plain: Vec<usize> =
        may.iter().copied().filter(|&column| !columns[column].name.contains(',')).collect();
    let pairs =
        (0..plain.len()).flat_map(|b| (0..b).map(move |a| (a, b))).map(|(a, b)| vec![plain[a], plain[b]]);
    let mut keys = single.chain(pairs);
    let stands = |key: &Vec<usize>| {
        in_runs(&sketch.rows, &Key::new(key.clone(), |column| columns[column].name.as_str()), Some(label))
    };
    keys.find(stands).unwrap_or_default()
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

/// Returns settings that read a table with labels that would otherwise be read as a series with these `times`.
fn could_be_labelled(
    path: &Path,
    sketch: &Sketch,
    options: &TableOptions,
    times: &str,
) -> Option<Alternative> {
    let rows = sketch.rows.len();
    let label = sketch.columns.iter().rev().find(|column| {
        let few = (2..=rows / 2).contains(&column.different()) && column.different() < 100;
        let time = column.time || times.split(',').any(|name| name == column.name);
        few && !time && (column.is_text() || column.whole && column.is_number())
    })?;
    let others = sketch.columns.iter().filter(|column| column.name != label.name);
    let readable = others.clone().count() > 1 && others.clone().all(|column| column.texts == 0);
    let text = format!("as one sequence per row, with {} as its label", label.name);
    let settings = Settings::data("labelled", path).with_table(options).with("label_column", &label.name);
    readable.then_some(Alternative { text, settings })
}
