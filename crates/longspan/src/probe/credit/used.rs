//! How far back the model uses its input: the loss that is added when inputs older than τ are shuffled or
//! removed.
//!
//! ```text
//! ΔL(τ) = E [ ℓ_t(inputs before t − τ shuffled or removed) − ℓ_t ]        paired: at the same anchors t
//! used lag = min { τ : ΔL(τ) ≤ η L }                                      L = E ℓ_t, η = 1 % by default
//! ```
//!
//! Older inputs are either put into a random order within the sequence, or left out, with a zero state before
//! t − τ. The lags are 0 … 8, then about a factor of √2 apart, and W is the last: the true value lies between
//! the previous lag and the reported one.
//!
//! The used lag is a lower bound of what the data contain: a model that has learned nothing far back does not
//! need it. If the horizon or the truncation is shorter, the used lag says nothing about larger lags.
//!
//! # References
//! Khandelwal, He, Qi, Jurafsky, "Sharp nearby, fuzzy far away: how neural language models use context", ACL
//! 2018.

use super::piece::{alone, piece};
use super::prepare::{Item, Prepared};
use super::watch::{Cancelled, Stage, Watch};
use crate::batch::Batch;
use crate::cell::Real;
use crate::lag::order::mean;
use crate::model::Model;
use crate::params::Params;
use longspan_kernel::Context;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::rng::{Key, Purpose};
use longspan_record::credit::{AddedLoss, CreditOptions, Measured, Reason, Spoil, UsedLag};

/// The step of [`Key`] for orders.
const ORDERS: u64 = 3;

/// Measures the used lag at the anchors.
pub(super) fn used<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    prepared: &Prepared<R>,
    options: &CreditOptions,
    watch: &mut Watch<'_>,
) -> Result<Measured<UsedLag>, Cancelled> {
    if let Some(reason) = prepared.no_anchors {
        return Ok(Measured::Unknown(reason));
    }
    let lags = lags(prepared.window);
    model.pack(ctx, params);
    // Per sequence: number of anchors, Σ ℓ, Σ Δℓ by lag.
    let mut of_sequences: Vec<(f64, f64, Vec<f64>)> = Vec::new();
    for (done, item) in prepared.items.iter().enumerate() {
        let mut of_rows = vec![(0.0, 0.0, vec![0.0; lags.len()]); item.batch.rows()];
        for (pass, anchors) in item.anchors.iter().enumerate() {
            let Some(last) = anchors.iter().flatten().max() else { continue };
            let batch = piece(&alone(&item.batch, anchors), 0, last + 1);
            let rows = rows_by_position(anchors);
            let losses = model.losses(ctx, params, &batch, &mut item.before.clone());
            for (&row, loss) in rows.iter().zip(&losses) {
                of_rows[row].0 += 1.0;
                of_rows[row].1 += loss;
            }
            for (i, &lag) in lags.iter().enumerate() {
                watch.step(Stage::UsedLag, done * lags.len() + i, prepared.items.len() * lags.len())?;
                let (spoiled, mut state, spoiled_rows) = match options.spoil {
                    Spoil::Shuffle => {
                        let key = Key::new(options.seed, Purpose::Probe, pass as u32, ORDERS);
                        (shuffled(&batch, anchors, lag, key, item), item.before.clone(), rows.clone())
                    }
                    Spoil::Remove => {
                        let (batch, rows) = removed(&item.batch, anchors, lag);
                        let state = model.zero_state(batch.rows());
                        (batch, state, rows)
                    }
                };
                let added = model.losses(ctx, params, &spoiled, &mut state);
                for (&row, loss) in spoiled_rows.iter().zip(added) {
                    let at = rows.iter().position(|&r| r == row).expect("a row with an anchor");
                    of_rows[row].2[i] += loss - losses[at];
                }
            }
        }
        of_sequences.extend(of_rows.into_iter().filter(|(anchors, ..)| *anchors > 0.0));
    }
    let n = of_sequences.len() as f64;
    let mean_loss = mean(&of_sequences.iter().map(|(anchors, loss, _)| loss / anchors).collect::<Vec<_>>());
    let found: Vec<AddedLoss> = lags
        .iter()
        .enumerate()
        .map(|(i, &lag_steps)| {
            let added: Vec<f64> = of_sequences.iter().map(|(anchors, _, added)| added[i] / anchors).collect();
            let added_loss = mean(&added);
            let squares: f64 = added.iter().map(|x| (x - added_loss).powi(2)).sum();
            AddedLoss { lag_steps, added_loss, standard_error: (squares / (n - 1.0) / n).sqrt() }
        })
        .collect();
    let used = found.iter().find(|lag| lag.added_loss <= options.eta * mean_loss);
    Ok(Measured::Known(UsedLag {
        spoil: options.spoil,
        eta: options.eta,
        mean_loss,
        sequences: of_sequences.len(),
        used_lag_steps: used
            .map_or(Measured::Unknown(Reason::BeyondWindow), |lag| Measured::Known(lag.lag_steps)),
        lags: found,
    }))
}

/// Returns the lags to measure.
fn lags(window: usize) -> Vec<usize> {
    let mut lags: Vec<usize> = (0..=window.min(8)).collect();
    while lags[lags.len() - 1] < window {
        let next = (lags[lags.len() - 1] as f64 * std::f64::consts::SQRT_2).round() as usize;
        lags.push(next.min(window));
    }
    lags
}

/// Returns the rows, sorted by the positions of their anchors.
fn rows_by_position(anchors: &[Option<usize>]) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..anchors.len()).filter(|&row| anchors[row].is_some()).collect();
    rows.sort_by_key(|&row| (anchors[row], row));
    rows
}

/// Returns the batch with the inputs of each row before its anchor's t − τ in random order.
fn shuffled<R>(batch: &Batch, anchors: &[Option<usize>], lag: usize, key: Key, item: &Item<R>) -> Batch {
    let mut shuffled = batch.clone();
    let width = batch.numbers.len() / batch.shape.positions();
    for (row, anchor) in anchors.iter().enumerate().filter_map(|(row, anchor)| Some((row, (*anchor)?))) {
        let mut stream = key.stream(lag as u32, (item.first_sequence + row) as u64);
        let position = |t: usize| batch.shape.offset(t) + row;
        for t in (1..anchor.saturating_sub(lag)).rev() {
            let (a, b) = (position(t), position(stream.below(t as u32 + 1) as usize));
            if !shuffled.inputs.is_empty() {
                shuffled.inputs.swap(a, b);
            }
            (0..width).for_each(|j| shuffled.numbers.swap(a * width + j, b * width + j));
        }
    }
    shuffled
}

/// Returns steps t − τ … t of each row with an anchor as one batch, and these rows.
fn removed(batch: &Batch, anchors: &[Option<usize>], lag: usize) -> (Batch, Vec<usize>) {
    let rows: Vec<usize> = (0..anchors.len()).filter(|&row| anchors[row].is_some()).collect();
    let mut removed = Batch::default();
    removed.reshape(lag + 1, rows.len());
    let positions = batch.shape.positions();
    let width = batch.numbers.len() / positions;
    let values_width = batch.values.targets.len() / batch.values.positions.len().max(1);
    for t in 0..=lag {
        for (b, &row) in rows.iter().enumerate() {
            let anchor = anchors[row].expect("rows with an anchor");
            let (to, from) = (t * rows.len() + b, batch.shape.offset(anchor - lag + t) + row);
            if let Some(&token) = batch.inputs.get(from) {
                removed.inputs[to] = token;
            }
            removed.numbers.extend(&batch.numbers[from * width..(from + 1) * width]);
            if t == lag {
                if let Some(&target) = batch.targets.get(from) {
                    removed.targets[to] = target;
                }
                if let Ok(i) = batch.values.positions.binary_search(&(from as u32)) {
                    removed.values.positions.push(to as u32);
                    removed.values.targets.extend(&batch.values.targets[i * values_width..][..values_width]);
                }
            }
        }
    }
    debug_assert_eq!(removed.shape, PackedShape::even(lag + 1, rows.len()));
    (removed, rows)
}
