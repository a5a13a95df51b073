//! Predicted targets: one row for each sequence, in the order of the file.

use std::sync::Arc;

use longspan::batch::{Batch, Source};
use longspan_data::batches::{Order, SequenceBatches};
use longspan_data::labelled::TargetScaling;
use longspan_data::schema::Schema;
use longspan_run::dataset::Dataset;

use super::bar::Bar;
use super::job::{End, Job};
use super::table::{Cell, Table};
use super::values::finite;
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
    let Loaded { config, ctx, model, params, .. } = loaded;
    let (data, shifts) = Dataset::sequences(config, &job.path, job.input.take(), schema)?;
    shifts.iter().for_each(|shift| eprintln!("warning: {}: {shift}", job.path.display()));
    let data = Arc::new(data);
    let count = data.len();
    let target = |sequence: usize| data.targets().map(|targets| targets[sequence]).filter(|y| !y.is_nan());
    let known = (0..count).any(|sequence| target(sequence).is_some());
    let (ids, lines) = (data.id(0).is_some(), data.line(0).is_some());
    let names = [(true, "index"), (ids, "id"), (lines, "line"), (known, "true"), (true, COLUMN)];
    let names = names.into_iter().filter(|(there, _)| *there).map(|(_, name)| name.to_owned()).collect();
    let mut table = Table::begin(&mut job.output, names, job.json)?;

    let (pool, all) = (model.spec().pool, (0..count).collect());
    let batches = SequenceBatches::new(Arc::clone(&data), all, config.data.batch, Order::Once, pool)
        .expect("readers refuse files without a sequence");
    let bar = Bar::new(count as u64, "sequences");
    let (mut batch, mut out) = (Batch::default(), Vec::new());
    for window in 0..batches.windows() {
        if job.stop.came() {
            return Ok(End::Interrupted);
        }
        batches.fill(0, window, &mut batch);
        let ends: Vec<u32> = (0..batch.rows()).map(|row| pool.end(&batch.shape, row) as u32).collect();
        let mut state = model.zero_state(batch.rows());
        model.predict(ctx, params, &batch, &mut state, &ends, &mut out);
        finite(&out)?;
        // A batch is sorted by length: restore the order of the file.
        let mut rows: Vec<usize> = (0..batch.rows()).collect();
        rows.sort_unstable_by_key(|&row| batch.items[row]);
        for row in rows {
            let sequence = batch.items[row];
            let id = data.id(sequence);
            let cells = [
                Some(Cell::Whole(sequence as u64)),
                id.as_deref().filter(|_| ids).map(Cell::Text),
                data.line(sequence).map(Cell::Whole),
                known.then(|| target(sequence).map_or(Cell::Nothing, |y| Cell::Value(y, scaling.std))),
                Some(predicted(scaling, out[row])),
            ];
            table.row(cells.into_iter().flatten())?;
        }
        bar.advance(batch.rows() as u64);
    }
    Ok(End::Done)
}

/// A prediction in the units of the file.
pub(super) fn predicted<'a>(scaling: &TargetScaling, scaled: f32) -> Cell<'a> {
    Cell::Value(scaling.original(f64::from(scaled)), scaling.std)
}
