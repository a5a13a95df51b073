//! How strongly the state depends on the weights, by number of steps: the curse of memory.
//!
//! ```text
//! S_t = E ‖∂h_t/∂W‖_F²          h_t of the top layer after t steps, the mean over sequences
//! ‖∂h_t/∂W‖_F² = E_v ‖∂⟨v, h_t⟩/∂W‖²      v of random signs (Hutchinson 1989): one backward pass per sequence
//! ```
//!
//! A longer memory makes the state more sensitive to the weights even if no gradient explodes: h' = a h + x
//! with white noise x of variance 1 has E (∂h/∂a)² = (1 + a²) / (1 − a²)³, and about t³/3 at |a| = 1.
//!
//! # References
//! Zucchet, Orvieto, "Recurrent neural networks: vanishing and exploding gradients are not the end of the
//! story", NeurIPS 2024.

use super::piece::{one_row, state_of};
use super::prepare::{Item, Prepared};
use super::watch::{Cancelled, Stage, Watch};
use crate::bptt::Pass;
use crate::cell::Real;
use crate::model::Model;
use crate::params::{Group, Params};
use longspan_kernel::Context;
use longspan_kernel::rng::{Key, Purpose};
use longspan_record::credit::{CreditOptions, Sensitivity};

/// The step of [`Key`] for the signs.
const SIGNS: u64 = 2;

/// Measures after 1, 2, 4, … steps and after all steps of the longest sequence.
pub(super) fn sensitivity<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    prepared: &Prepared<R>,
    options: &CreditOptions,
    watch: &mut Watch<'_>,
) -> Result<Vec<Sensitivity>, Cancelled> {
    let hidden = model.spec().hidden;
    let rows = prepared.items.iter().flat_map(|item| (0..item.batch.rows()).map(move |row| (item, row)));
    let rows: Vec<_> = rows.take(options.sensitivity_sequences).collect();
    let length = |(item, row): (&Item<R>, usize)| item.batch.shape.length(row);
    let longest = rows.iter().map(|&row| length(row)).max().unwrap_or(0);
    let mut lengths: Vec<usize> = (0..).map(|i| 1 << i).take_while(|&steps| steps < longest).collect();
    lengths.push(longest);
    let key = Key::new(options.seed, Purpose::Probe, 0, SIGNS);
    let mut grads = Params::zeros(params.layout().clone());
    let mut points = Vec::new();
    for (done, &steps) in lengths.iter().enumerate() {
        watch.step(Stage::Sensitivity, done, lengths.len())?;
        let (mut sums, mut sequences) = ([0.0; 2], 0);
        for &(item, row) in rows.iter().filter(|row| length(**row) >= steps) {
            let batch = one_row(&item.batch, row, steps);
            let mut stream = key.stream(steps as u32, (item.first_sequence + row) as u64);
            let mut output_gradient = |y: &mut [R]| {
                y.fill(R::ZERO);
                let last = &mut y[(steps - 1) * hidden..];
                last.iter_mut().for_each(|v| *v = R::from_f64(f64::from(stream.below(2)) * 2.0 - 1.0));
            };
            grads.clear();
            model.pack(ctx, params);
            let mut state = state_of(model, &item.before, row..row + 1);
            let pass = &mut Pass::new(ctx, params);
            model.differentiate(pass, &batch, &mut state, &mut output_gradient, &mut grads);
            sequences += 1;
            for (index, entry) in params.layout().entries().iter().enumerate() {
                let squares: f64 = grads.tensor(index).iter().map(|g| g.to_f64() * g.to_f64()).sum();
                sums[0] += if entry.group == Group::Recurrent { squares } else { 0.0 };
                sums[1] += if entry.name.starts_with("rnn.") { squares } else { 0.0 };
            }
        }
        let [recurrent_rms, stack_rms] = sums.map(|sum| (sum / f64::from(sequences)).sqrt());
        points.push(Sensitivity { steps, recurrent_rms, stack_rms });
    }
    Ok(points)
}
