//! The cost of the lag profile: a pass in f64 with one loss in each row, at its last step, with and without
//! the profile.
//!
//! Four passes take turns: forward; forward and backward; the same with the profile of all steps; and forward
//! and backward in f32. Ratios are medians of the ratios of the turns. The ratio of the backward passes is
//! (with profile − forward) / (without − forward), where the forward pass keeps nothing for the backward
//! pass. The additional work of the forward pass in training therefore counts as backward on both sides.

use std::time::Instant;

use longspan::batch::{Batch, Values};
use longspan::bptt;
use longspan::bptt::{Observer, State, chunk_for};
use longspan::cell::Real;
use longspan::model::head::ValueLoss;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan::probe::credit::Recorder;
use longspan_kernel::Context;
use longspan_kernel::rng::{Key, Purpose};
use serde_json::{Value, json};

use super::Options;
use super::specs;
use super::timing::{quantile, seconds_of};

/// A model with a window that is scored at its last step.
struct Pass<R> {
    ctx: Context<R>,
    model: Model<R>,
    params: Params<R>,
    grads: Params<R>,
    state: State<R>,
    batch: Batch,
}

impl<R: Real> Pass<R> {
    fn new(ctx: Context<R>, row: specs::Stack) -> Self {
        let specs::Stack { cell, steps, rows, input, hidden, layers } = row;
        let output = OutputSpec::Values { width: 1, loss: ValueLoss::Squared };
        let spec = ModelSpec::new(cell, InputSpec::Numbers { width: input }, hidden, layers, output);
        let model = Model::new(ctx.instruction_set(), &ModelSpec { chunk: chunk_for(rows), ..spec });
        let mut params = Params::zeros(model.layout().clone());
        let mut draw = Key::new(0, Purpose::Init, 0, 0).stream(0, 0);
        let bound = 1.0 / (hidden as f64).sqrt();
        for index in 0..params.layout().entries().len() {
            let weights = params.tensor_mut(index).iter_mut();
            weights.for_each(|w| *w = R::from_f64((2.0 * draw.uniform() - 1.0) * bound));
        }
        let mut batch = Batch::default();
        batch.reshape(steps, rows);
        batch.numbers = (0..steps * rows * input).map(|_| draw.normal() as f32).collect();
        let positions = ((steps - 1) * rows..steps * rows).map(|position| position as u32).collect();
        batch.values = Values { positions, targets: vec![1.0; rows] };
        let (grads, state) = (params.clone(), model.zero_state(rows));
        Self { ctx, model, params, grads, state, batch }
    }

    fn forward(&mut self) {
        self.state.clear();
        self.model.pack(&self.ctx, &self.params);
        self.model.evaluate(&self.ctx, &self.params, &self.batch, &mut self.state);
    }

    fn backward(&mut self, observer: &mut dyn Observer<R>) {
        self.state.clear();
        self.grads.clear();
        let Self { ctx, model, params, grads, state, batch } = self;
        model.pack(ctx, params);
        model.train(&mut bptt::Pass::new(ctx, params).observed_by(observer), batch, state, grads);
    }

    fn profile(&mut self) {
        let (steps, rows) = (self.batch.steps(), self.batch.rows());
        let spec = self.model.spec();
        let (shape, params) = ((spec.cell, spec.layers, spec.hidden), self.params.clone());
        let anchors = vec![Some(steps - 1); rows];
        let mut recorder =
            Recorder::new(self.ctx.instruction_set(), shape, &params, &anchors, steps - 1, None);
        self.backward(&mut recorder);
        std::hint::black_box(recorder.finish());
    }
}

/// Milliseconds of the passes, and ratios.
pub(super) fn measure(row: specs::Stack, options: &Options) -> Vec<(&'static str, Value)> {
    let mut pass = Pass::<f64>::new(Context::new(options.isa, options.threads), row);
    let mut single = Pass::<f32>::new(Context::new(options.isa, options.threads), row);
    let mut turn = || {
        [
            seconds_of(|| pass.forward()),
            seconds_of(|| pass.backward(&mut ())),
            seconds_of(|| pass.profile()),
            seconds_of(|| single.backward(&mut ())),
        ]
    };
    turn();
    let (budget, start) = (options.budget(), Instant::now());
    let mut turns: Vec<[f64; 4]> = Vec::new();
    while start.elapsed() < 3 * budget.time || turns.len() < budget.least {
        turns.push(turn());
    }
    let middle = |of: &dyn Fn(&[f64; 4]) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5)
    };
    let names = ["forward_ms", "plain_ms", "profile_ms", "plain_f32_ms"];
    let mut fields = vec![("repeats", json!(turns.len()))];
    fields
        .extend(names.into_iter().enumerate().map(|(i, name)| (name, json!(1e3 * middle(&|turn| turn[i])))));
    fields.push(("whole_ratio", json!(middle(&|turn| turn[2] / turn[1]))));
    fields.push(("backward_ratio", json!(middle(&|turn| (turn[2] - turn[0]) / (turn[1] - turn[0])))));
    fields
}
