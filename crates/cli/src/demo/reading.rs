//! The gradient, the state and the gates of a network at each word that it reads.
//!
//! ```text
//! strength   log10(‖∂ℓ/∂h_t‖ / ‖∂ℓ/∂h_T‖), ℓ the loss of the verb, T the last step
//! effect     |⟨∂ℓ/∂s_t, s_t − s_{t−1}⟩| / ‖∂ℓ/∂h_T‖, s = c of an lstm, else h: how much a word moves the answer, to first
//!            order; the denominator makes it independent of the size of the loss
//! size       ‖s_t‖
//! gate       the mean over its units
//! verbs      p(was), p(were) at the last step
//! ```

use longspan::batch::{Batch, Source};
use longspan::bptt::{BackwardStep, OnBackwardStep, Pass};
use longspan::cell::CellKind;
use longspan::cell::tape::Squash;
use longspan::model::{Model, ModelSpec};
use longspan::params::Params;
use longspan_data::task::agreement::Agreement;
use longspan_kernel::Context;
use serde::Serialize;

/// The role of a word in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Subject,
    /// A noun that is not the subject.
    Distractor,
    Other,
}

/// Returns the role of each word of a sentence. The subject is read at step 1.
pub(super) fn roles(task: &Agreement, words: impl Iterator<Item = u32>) -> Vec<Role> {
    let role = |(t, word)| match t {
        1 => Role::Subject,
        _ if task.is_noun(word) => Role::Distractor,
        _ => Role::Other,
    };
    words.enumerate().map(role).collect()
}

/// A mean for each role; null if there is no such word.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ByRole {
    pub(super) subject: Option<f64>,
    pub(super) distractor: Option<f64>,
    pub(super) other: Option<f64>,
}

/// The openness of one gate.
#[derive(Clone, Debug, Serialize)]
pub(super) struct GateReading {
    pub(super) gate: &'static str,
    /// Mean over the sentences, at each step.
    pub(super) openness: Vec<f64>,
    pub(super) by_role: ByRole,
}

/// The measurements of one network.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Reading {
    /// Mean over the sentences, at each step.
    pub(super) log10_strength: Vec<f64>,
    pub(super) effects: ByRole,
    /// Norm of the state after the first word and after the last.
    pub(super) sizes: [f64; 2],
    pub(super) gates: Vec<GateReading>,
    /// [p(was), p(were)] for each sentence.
    pub(super) verbs: Vec<[f64; 2]>,
}

/// Measures a network of one layer on the first window of `task`.
pub(super) fn read(ctx: &Context<f32>, spec: &ModelSpec, params: &Params<f32>, task: &Agreement) -> Reading {
    let mut batch = Batch::default();
    task.fill(0, 0, &mut batch);
    let (steps, rows, hidden) = (batch.steps(), batch.rows(), spec.hidden);
    let mut model = Model::new(ctx.instruction_set(), spec);
    model.pack(ctx, params);
    let mut positions = Positions::new(spec.cell, steps * rows);
    let mut grads = Params::zeros(model.layout().clone());
    let mut state = model.zero_state(rows);
    let mut read = OnBackwardStep(|flow: &BackwardStep<'_, f32>| {
        let mut d_cell = vec![0.0; flow.cell.len()];
        let has_cell = flow.total_cell(ctx.instruction_set(), spec.cell, hidden, &mut d_cell);
        let (state, d_state) = if has_cell { (flow.cell, &d_cell[..]) } else { (flow.hidden, flow.d_hidden) };
        for row in 0..rows {
            let at = flow.t * rows + row;
            let of = |data: &[f32]| data[row * hidden..][..hidden].to_vec();
            positions.norms[at] = norm(&of(flow.d_hidden));
            (positions.states[at], positions.pulls[at]) = (of(state), of(d_state));
            let width = flow.tape_width(hidden);
            for (slot, open) in gates(spec.cell).zip(&mut positions.gates) {
                let gate = &flow.tape[row * width + slot.at * hidden..][..hidden];
                open[at] = gate.iter().map(|&p| f64::from(p)).sum::<f64>() / hidden as f64;
            }
        }
    });
    let pass = &mut Pass::new(ctx, params).observed_by(&mut read);
    model.train(pass, &batch, &mut state, &mut grads);
    let last: Vec<u32> = (0..rows).map(|row| ((steps - 1) * rows + row) as u32).collect();
    let (mut state, mut logits) = (model.zero_state(rows), Vec::new());
    model.pack(ctx, params);
    model.predict(ctx, params, &batch, &mut state, &last, &mut logits);
    let verbs = logits.chunks(spec.output.width()).map(|logits| {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let power = |logit: f32| f64::from(logit - largest).exp();
        let all: f64 = logits.iter().map(|&logit| power(logit)).sum();
        let of = |verb: u32| power(logits[verb as usize]) / all;
        [of(task.verbs().0), of(task.verbs().1)]
    });
    let roles: Vec<Vec<Role>> =
        (0..rows).map(|row| roles(task, (0..steps).map(|t| batch.inputs[t * rows + row]))).collect();
    positions.reading(steps, rows, &roles, verbs.collect())
}

fn gates(cell: CellKind) -> impl Iterator<Item = &'static longspan::cell::tape::Slot> {
    cell.spec().activations.iter().filter(|slot| slot.squash == Squash::Sigmoid)
}

fn norm(numbers: &[f32]) -> f64 {
    numbers.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
}

/// Values of the backward pass at each position, `[step · rows + row]`.
struct Positions {
    names: Vec<&'static str>,
    norms: Vec<f64>,
    states: Vec<Vec<f32>>,
    pulls: Vec<Vec<f32>>,
    gates: Vec<Vec<f64>>,
}

impl Positions {
    fn new(cell: CellKind, positions: usize) -> Self {
        let names: Vec<_> = gates(cell).map(|slot| slot.name).collect();
        let gates = vec![vec![0.0; positions]; names.len()];
        Self {
            names,
            norms: vec![0.0; positions],
            states: vec![Vec::new(); positions],
            pulls: vec![Vec::new(); positions],
            gates,
        }
    }

    fn reading(self, steps: usize, rows: usize, roles: &[Vec<Role>], verbs: Vec<[f64; 2]>) -> Reading {
        let mean = |of: &dyn Fn(usize) -> f64| (0..rows).map(of).sum::<f64>() / rows as f64;
        let by_role = |of: &dyn Fn(usize, usize) -> f64| {
            let mean = |wanted: Role| {
                let positions = (1..steps).flat_map(|t| (0..rows).map(move |row| (t, row)));
                let values: Vec<f64> = positions
                    .filter(|&(t, row)| roles[row][t] == wanted)
                    .map(|(t, row)| of(t, row))
                    .collect();
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
            };
            ByRole {
                subject: mean(Role::Subject),
                distractor: mean(Role::Distractor),
                other: mean(Role::Other),
            }
        };
        let last = (steps - 1) * rows;
        let strength = |t: usize| mean(&|row| (self.norms[t * rows + row] / self.norms[last + row]).log10());
        let effect = |t: usize, row: usize| {
            let (now, before) = (&self.states[t * rows + row], &self.states[(t - 1) * rows + row]);
            let moved = now.iter().zip(before).map(|(&now, &before)| f64::from(now) - f64::from(before));
            let moved = moved.zip(&self.pulls[t * rows + row]).map(|(x, &pull)| x * f64::from(pull));
            moved.sum::<f64>().abs() / self.norms[last + row]
        };
        let size = |t: usize| mean(&|row| norm(&self.states[t * rows + row]));
        let gates = self.names.iter().zip(&self.gates).map(|(&gate, open)| GateReading {
            gate,
            openness: (0..steps).map(|t| mean(&|row| open[t * rows + row])).collect(),
            by_role: by_role(&|t, row| open[t * rows + row]),
        });
        Reading {
            log10_strength: (0..steps).map(strength).collect(),
            effects: by_role(&effect),
            sizes: [size(0), size(steps - 1)],
            gates: gates.collect(),
            verbs,
        }
    }
}
