//! Predicted classes.

use longspan_data::schema::Schema;
use longspan_run::assess::{likeliest, probabilities};

use super::job::{End, Job};
use super::sequences;
use super::table::Cell;
use super::values::shares;
use crate::commands::eval::Loaded;
use crate::failure::Failure;

pub(super) fn run(
    loaded: &mut Loaded,
    schema: &Schema,
    classes: &[String],
    job: &mut Job,
) -> Result<End, Failure> {
    sequences::run(
        loaded,
        schema,
        job,
        columns(classes),
        &|data, sequence| data.label(sequence).map(Cell::Text),
        &|logits| predicted(classes, logits).collect(),
    )
}

/// The names of the columns of [`predicted`].
pub(super) fn columns(classes: &[String]) -> impl Iterator<Item = String> + '_ {
    ["predicted".to_owned(), "probability".to_owned()].into_iter().chain(shares(classes))
}

/// The most likely class, its probability, and the probabilities of all classes.
pub(super) fn predicted<'a>(
    classes: &'a [String],
    logits: &[f32],
) -> impl Iterator<Item = Cell<'a>> + use<'a> {
    let (all, likeliest) = (probabilities(logits), likeliest(logits) as usize);
    let first = [Cell::Text(&classes[likeliest]), Cell::Number(all[likeliest])];
    first.into_iter().chain(all.into_iter().map(Cell::Number))
}
