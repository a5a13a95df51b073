//! Scores of data that training does not read.

use crate::batch::{Batch, Source};
use crate::bptt::State;
use crate::cell::Real;
use crate::model::Model;
use crate::model::head::{Score, TargetScores};
use crate::params::Params;
use longspan_kernel::Context;

/// Scores all of `source` from a zero state with the weights last packed; None if `cancelled` says so between
/// windows.
pub fn evaluate<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    source: &dyn Source,
    cancelled: &dyn Fn() -> bool,
) -> Option<Score> {
    windows(model, (source, source.windows()), cancelled, &mut |model, batch, state| {
        model.evaluate(ctx, params, batch, state)
    })
}

/// Scores the first `windows` windows of `source` as [`evaluate`] does, with the same result. `each` gets every batch
/// with the scores of its single targets, and with the predicted classes if `names_classes` is set.
///
/// # Panics
/// If the source has fewer windows.
pub fn evaluate_each<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    source: (&dyn Source, u64),
    names_classes: bool,
    cancelled: &dyn Fn() -> bool,
    each: &mut dyn FnMut(&Batch, &TargetScores),
) -> Option<Score> {
    let mut scores = TargetScores { names_classes, ..TargetScores::default() };
    windows(model, source, cancelled, &mut |model, batch, state| {
        let score = model.evaluate_each(ctx, params, batch, state, &mut scores);
        each(batch, &scores);
        score
    })
}

/// Scores a window from the state before it.
type ScoreWindow<'a, R> = &'a mut dyn FnMut(&mut Model<R>, &Batch, &mut State<R>) -> Score;

/// Adds the scores of the windows, each from the state that the data ask for.
fn windows<R: Real>(
    model: &mut Model<R>,
    (source, windows): (&dyn Source, u64),
    cancelled: &dyn Fn() -> bool,
    score: ScoreWindow<'_, R>,
) -> Option<Score> {
    let mut state = model.zero_state(source.shape().1);
    let (mut batch, mut total) = (Batch::default(), Score::default());
    for window in 0..windows {
        if cancelled() {
            return None;
        }
        source.fill(0, window, &mut batch);
        if !batch.carry {
            // The last window of a set may have fewer rows.
            if state.rows(model.spec().hidden) == batch.rows() {
                state.clear();
            } else {
                state = model.zero_state(batch.rows());
            }
        }
        total += score(model, &batch, &mut state);
    }
    Some(total)
}
