//! Predictions of a labelled file: one row for each sequence, in the order of the file.

use std::sync::Arc;

use longspan::batch::{Batch, Source};
use longspan_data::batches::{Order, SequenceBatches};
use longspan_data::labelled::Labelled;
use longspan_data::schema::Schema;
use longspan_run::dataset::Dataset;

use super::bar::Bar;
use super::job::{End, Job};
use super::table::{Cell, Table};
use super::values::finite;
use crate::commands::eval::Loaded;
use crate::failure::Failure;
use crate::streams;

/// Predicts each sequence and writes its row: index, identifier and line, the label that the file has (`label`; left out
/// if no sequence has one), and what `predicted` makes of the outputs of the model, in the columns `columns`.
pub(super) fn run<'p>(
    loaded: &mut Loaded,
    schema: &Schema,
    job: &mut Job,
    columns: impl Iterator<Item = String>,
    label: &dyn for<'d> Fn(&'d Labelled, usize) -> Option<Cell<'d>>,
    predicted: &dyn Fn(&[f32]) -> Vec<Cell<'p>>,
) -> Result<End, Failure> {
    let Loaded { config, ctx, model, params, .. } = loaded;
    let (data, shifts) = Dataset::sequences(config, &job.path, job.input.take(), schema)?;
    shifts.iter().for_each(|shift| streams::note(format_args!("warning: {}: {shift}", job.path.display())));
    let data = Arc::new(data);
    let count = data.len();
    let labels = (0..count).any(|sequence| label(&data, sequence).is_some());
    let (ids, lines) = (data.id(0).is_some(), data.line(0).is_some());
    let own = [(true, "index"), (ids, "id"), (lines, "line"), (labels, "true")];
    let own = own.into_iter().filter(|(there, _)| *there).map(|(_, name)| name.to_owned());
    let mut table = Table::begin(&mut job.output, own.chain(columns).collect(), job.json)?;

    let (pool, all) = (model.spec().pool, (0..count).collect());
    let batches = SequenceBatches::new(Arc::clone(&data), all, config.data.batch, Order::Once, pool)
        .expect("readers refuse files without a sequence");
    let bar = Bar::new(count as u64, "sequences");
    let (mut batch, mut outputs) = (Batch::default(), Vec::new());
    for window in 0..batches.windows() {
        if job.stop.came() {
            return Ok(End::Interrupted);
        }
        batches.fill(0, window, &mut batch);
        let ends: Vec<u32> = (0..batch.rows()).map(|row| pool.end(&batch.shape, row) as u32).collect();
        let mut state = model.zero_state(batch.rows());
        model.predict(ctx, params, &batch, &mut state, &ends, &mut outputs);
        finite(&outputs)?;
        let width = outputs.len() / batch.rows();
        // A batch is sorted by length: restore the order of the file.
        let mut rows: Vec<usize> = (0..batch.rows()).collect();
        rows.sort_unstable_by_key(|&row| batch.items[row]);
        for row in rows {
            let sequence = batch.items[row];
            let id = data.id(sequence);
            let position = [
                Some(Cell::Whole(sequence as u64)),
                id.as_deref().filter(|_| ids).map(Cell::Text),
                data.line(sequence).map(Cell::Whole),
                labels.then(|| label(&data, sequence).unwrap_or(Cell::Nothing)),
            ];
            let predicted = predicted(&outputs[row * width..][..width]);
            table.row(position.into_iter().flatten().chain(predicted))?;
        }
        bar.advance(batch.rows() as u64);
    }
    Ok(End::Done)
}
