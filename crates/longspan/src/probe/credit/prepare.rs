//! The data of a measurement: windows of a source with the state before each, the window length W, and the
//! anchors.

use super::chain::no_chain;
use super::piece::scored_steps;
use super::watch::{Cancelled, Stage, Watch};
use crate::batch::{Batch, Source};
use crate::bptt::State;
use crate::cell::Real;
use crate::model::Model;
use crate::model::pooling::Pooling;
use crate::params::Params;
use longspan_kernel::Context;
use longspan_kernel::rng::{Key, Purpose};
use longspan_record::credit::{CreditOptions, Reason};

/// One window of the source.
pub(super) struct Item<R> {
    pub(super) batch: Batch,
    /// The state before the window.
    pub(super) before: State<R>,
    /// Number of rows of all windows before this one. Row b is sequence `first_sequence + b`.
    pub(super) first_sequence: usize,
    /// For each pass, the anchor of each row, if it has one.
    pub(super) anchors: Vec<Vec<Option<usize>>>,
}

/// All windows of a measurement.
pub(super) struct Prepared<R> {
    pub(super) items: Vec<Item<R>>,
    /// The largest lag W.
    pub(super) window: usize,
    /// Number of sequences that have an anchor.
    pub(super) sequences: usize,
    /// The reason why there are no anchors.
    pub(super) no_anchors: Option<Reason>,
}

/// Longest window that is chosen by default.
const LONGEST: usize = 1000;

/// Number of windows of the source that are read for each window that is needed.
const PATIENCE: usize = 4;

/// The step of [`Key`] for the choice of anchors.
const ANCHORS: u64 = 0;

/// Reads windows of the source, starting with its first, until the requested number of sequences has an
/// anchor.
pub(super) fn prepare<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    source: &dyn Source,
    options: &CreditOptions,
    watch: &mut Watch<'_>,
) -> Result<Prepared<R>, Cancelled> {
    let mut items: Vec<Item<R>> = Vec::new();
    let mut last_scored: Vec<usize> = Vec::new();
    let (mut rows, mut long_enough) = (0, 0);
    for window in 0..source.windows() {
        watch.step(Stage::Read, long_enough, options.sequences)?;
        let mut batch = Batch::default();
        source.fill(0, window, &mut batch);
        let before = match items.last() {
            Some(last) if batch.carry && last.batch.rows() == batch.rows() => {
                let mut state = last.before.clone();
                model.evaluate(ctx, params, &last.batch, &mut state);
                state
            }
            _ => model.zero_state(batch.rows()),
        };
        let latest: Vec<usize> =
            scored_steps(&batch).iter().filter_map(|steps| steps.last().copied()).collect();
        long_enough += match options.window {
            Some(window) => latest.iter().filter(|&&t| t >= window).count(),
            None => latest.len(),
        };
        last_scored.extend(latest);
        let first_sequence = rows;
        rows += batch.rows();
        items.push(Item { batch, before, first_sequence, anchors: Vec::new() });
        if long_enough >= options.sequences || rows >= PATIENCE * options.sequences {
            break;
        }
    }
    let window = options.window.unwrap_or_else(|| {
        last_scored.sort_unstable();
        // Half of the sequences reach that far.
        last_scored.get(last_scored.len() / 2).map_or(0, |&t| t.min(LONGEST))
    });
    let mut prepared = Prepared { items, window, sequences: 0, no_anchors: None };
    let mean = (model.spec().pool == Pooling::Mean).then_some(Reason::MeanReadout);
    prepared.no_anchors = no_chain(model.spec()).or(mean);
    if prepared.no_anchors.is_some() {
        return Ok(prepared);
    }
    for item in &mut prepared.items {
        item.anchors = anchors(item, window, options);
        prepared.sequences += item.anchors.first().map_or(0, |pass| pass.iter().flatten().count());
    }
    if last_scored.is_empty() {
        prepared.no_anchors = Some(Reason::NothingScored);
    } else if prepared.sequences < options.least_sequences || window == 0 {
        prepared.no_anchors = Some(Reason::TooShort {
            window_steps: window,
            found_sequences: prepared.sequences,
            needed_sequences: options.least_sequences,
            latest_scored_step: last_scored.iter().copied().max().unwrap_or(0),
        });
    }
    Ok(prepared)
}

/// Draws distinct anchors t ≥ W among the scored steps of every row, at most one per pass.
fn anchors<R>(item: &Item<R>, window: usize, options: &CreditOptions) -> Vec<Vec<Option<usize>>> {
    let key = Key::new(options.seed, Purpose::Probe, 0, ANCHORS);
    let mut passes = vec![vec![None; item.batch.rows()]; options.anchors.max(1)];
    for (row, mut steps) in scored_steps(&item.batch).into_iter().enumerate() {
        steps.retain(|&t| t >= window);
        let mut stream = key.stream(0, (item.first_sequence + row) as u64);
        for pass in &mut passes {
            if steps.is_empty() {
                break;
            }
            pass[row] = Some(steps.swap_remove(stream.below(steps.len() as u32) as usize));
        }
    }
    passes
}
