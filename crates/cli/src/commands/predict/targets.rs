//! Predicted targets.

use longspan_data::labelled::TargetScaling;
use longspan_data::schema::Schema;

use super::job::{End, Job};
use super::sequences;
use super::table::Cell;
use crate::commands::eval::Loaded;
use crate::failure::Failure;

/// The name of the column of predictions.
pub(super) const COLUMN: &str = "predicted";

pub(super) fn run(
    loaded: &mut Loaded,
    schema: &Schema,
    scaling: &TargetScaling,
    job: &mut Job,
) -> Result<End, Failure> {
    let columns = std::iter::once(COLUMN.to_owned());
    let std = scaling.std;
    sequences::run(
        loaded,
        schema,
        job,
        columns,
        &|data, sequence| {
            let target = data.targets()?[sequence];
            (!target.is_nan()).then_some(Cell::Value(target, std))
        },
        &|outputs| vec![predicted(scaling, outputs[0])],
    )
}

/// A prediction in the units of the file.
pub(super) fn predicted<'a>(scaling: &TargetScaling, scaled: f32) -> Cell<'a> {
    Cell::Value(scaling.original(f64::from(scaled)), scaling.std)
}
