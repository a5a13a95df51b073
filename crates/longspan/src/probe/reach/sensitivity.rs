//! How strongly the state depends on the weights, by the number of steps: the curse of memory.
//!
//! ```text
//! S_t = E ‖∂h_t/∂W‖_F²          h_t of the top layer after t steps, the mean over sequences
//! ‖∂h_t/∂W‖_F² = E_v ‖∂⟨v, h_t⟩/∂W‖²      v of random signs (Hutchinson 1989); rows have their own v, and one backward pass
//!                                          of Σ_b ⟨v_b, h_{t,b}⟩ gives an unbiased estimate of the sum over all rows
//! ```
//!
//! A longer memory makes the state more sensitive to its weights even where no gradient explodes: h' = a h + x with white x of
//! variance 1 has E (∂h/∂a)² = (1 + a²) / (1 − a²)³, and about t³/3 at |a| = 1.
//!
//! # References
//! Zucchet, Orvieto, "Recurrent neural networks: vanishing and exploding gradients are not the end of the story", NeurIPS 2024.

use serde::{Deserialize, Serialize};

use super::piece::{first_rows, piece};
use super::prepare::Prepared;
use super::written;
use super::{Cancelled, ReachOptions, Stage, Watch};
use crate::data::Batch;
use crate::extent::Extent;
use crate::kernel::Context;
use crate::model::Model;
use crate::params::{Group, Params};
use crate::real::Real;
use crate::rng::{Key, Purpose};

/// The sensitivity after some steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// t: steps from the beginning of a sequence or window.
    pub steps: usize,
    /// √S_t of the recurrent weights W_hh of all layers.
    #[serde(with = "written")]
    pub recurrent_rms: f64,
    /// √S_t of all weights of the layers.
    #[serde(with = "written")]
    pub stack_rms: f64,
}

/// What [`Key`]'s step is for the signs.
const SIGNS: u64 = 2;

/// Measures after 1, 2, 4, … steps and after as many as the longest sequence has.
pub(super) fn sensitivity<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    prepared: &Prepared<R>,
    options: &ReachOptions,
    watch: &mut Watch<'_>,
) -> Result<Vec<Sensitivity>, Cancelled> {
    let longest = prepared.items.iter().map(|item| item.batch.steps()).max().unwrap_or(0);
    let mut lengths: Vec<usize> = (0..).map(|i| 1 << i).take_while(|&steps| steps < longest).collect();
    lengths.push(longest);
    let mut grads = Params::zeros(params.layout().clone());
    let mut points = Vec::new();
    for (done, &steps) in lengths.iter().enumerate() {
        let (mut sums, mut rows) = ([0.0; 2], 0);
        for item in prepared.items.iter().filter(|item| item.batch.steps() >= steps) {
            // Only rows that are there after so many steps.
            let alive = item.batch.extent.rows_at(steps - 1);
            let mut batch = piece(&item.batch, 0, steps);
            if alive < batch.rows() {
                batch = rows_of_full_length(&batch, alive, steps);
            }
            let before = first_rows(model, &item.before, alive);
            for draw in 0..options.sensitivity_draws {
                watch.step(Stage::Sensitivity, done, lengths.len())?;
                let key = Key::new(options.seed, Purpose::Probe, draw as u32, SIGNS);
                let hidden = model.spec().hidden;
                let last = (steps - 1) * alive * hidden;
                grads.clear();
                model.pack(ctx, params);
                model.differentiate(
                    ctx,
                    params,
                    &batch,
                    &mut before.clone(),
                    &mut |y| {
                        y.fill(R::ZERO);
                        for (row, v) in y[last..].chunks_mut(hidden).enumerate() {
                            let mut stream = key.stream(steps as u32, (item.first_sequence + row) as u64);
                            v.iter_mut()
                                .for_each(|v| *v = R::from_f64(f64::from(stream.below(2)) * 2.0 - 1.0));
                        }
                    },
                    &mut grads,
                    &mut |_| (),
                );
                rows += alive;
                for (index, entry) in params.layout().entries().iter().enumerate() {
                    let squares: f64 = grads.tensor(index).iter().map(|g| g.to_f64() * g.to_f64()).sum();
                    sums[0] += if entry.group == Group::Recurrent { squares } else { 0.0 };
                    sums[1] += if entry.name.starts_with("rnn.") { squares } else { 0.0 };
                }
            }
        }
        let [recurrent_rms, stack_rms] = sums.map(|sum| (sum / rows as f64).sqrt());
        points.push(Sensitivity { steps, recurrent_rms, stack_rms });
    }
    Ok(points)
}

/// The first rows of a batch, which have all its steps; inputs alone.
fn rows_of_full_length(batch: &Batch, rows: usize, steps: usize) -> Batch {
    let mut some = Batch { extent: Extent::even(steps, rows), ..Batch::default() };
    let width = batch.numbers.len() / batch.extent.places().max(1);
    for t in 0..steps {
        let at = batch.extent.offset(t);
        if !batch.inputs.is_empty() {
            some.inputs.extend(&batch.inputs[at..at + rows]);
        }
        some.numbers.extend(&batch.numbers[at * width..(at + rows) * width]);
    }
    some
}
