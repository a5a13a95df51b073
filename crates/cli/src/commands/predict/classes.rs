//! Predicted classes: one row for each sequence, in the order of the file.

use std::sync::Arc;

use longspan::batch::{Batch, Source};
use longspan_data::batches::{Order, SequenceBatches};
use longspan_data::schema::Schema;
use longspan_run::assess::{likeliest, probabilities};
use longspan_run::dataset::Dataset;

use super::bar::Bar;
use super::job::{End, Job};
use super::table::{Cell, Table};
use super::values::{finite, shares};
use crate::commands::eval::Loaded;
use crate::failure::Failure;

pub(super) fn run(
    loaded: &mut Loaded,
    schema: &Schema,
    classes: &[String],
    job: &mut Job,
) -> Result<End, Failure> {
    let Loaded { config, ctx, model, params, .. } = loaded;
    let (data, shifts) = Dataset::sequences(config, &job.path, job.input.take(), schema)?;
    shifts.iter().for_each(|shift| eprintln!("warning: {}: {shift}", job.path.display()));
    let data = Arc::new(data);
    let count = data.len();
    let labels = (0..count).any(|sequence| data.label(sequence).is_some());
    let (ids, lines) = (data.id(0).is_some(), data.line(0).is_some());
    let named = |there: bool, name: &str| there.then(|| name.to_owned());
    let names = [named(true, "index"), named(ids, "id"), named(lines, "line"), named(labels, "true")];
    let names = names.into_iter().flatten().chain(columns(classes)).collect();
    let mut table = Table::begin(&mut job.output, names, job.json)?;

    let (pool, all) = (model.spec().pool, (0..count).collect());
    let batches = SequenceBatches::new(Arc::clone(&data), all, config.data.batch, Order::Once, pool)
        .expect("readers refuse files without a sequence");
    let bar = Bar::new(count as u64, "sequences");
    let (mut batch, mut logits) = (Batch::default(), Vec::new());
    for window in 0..batches.windows() {
        if job.stop.came() {
            return Ok(End::Interrupted);
        }
        batches.fill(0, window, &mut batch);
        let ends: Vec<u32> = (0..batch.rows()).map(|row| pool.end(&batch.shape, row) as u32).collect();
        let mut state = model.zero_state(batch.rows());
        model.predict(ctx, params, &batch, &mut state, &ends, &mut logits);
        finite(&logits)?;
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
                labels.then(|| data.label(sequence).map_or(Cell::Nothing, Cell::Text)),
            ];
            let logits = &logits[row * classes.len()..][..classes.len()];
            table.row(position.into_iter().flatten().chain(predicted(classes, logits)))?;
        }
        bar.advance(batch.rows() as u64);
    }
    Ok(End::Done)
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
