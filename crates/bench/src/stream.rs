//! Streaming inference: one token is read, and the logits of the next one are computed.

use std::time::Instant;

use longspan::cell::CellKind;
use longspan::model::init::{Init, InitParts, InitSpec, initialise};
use longspan::model::{Model, ModelSpec, StepInput};
use longspan::params::Params;
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};

use super::specs::Stream;
use super::timing::quantile;

/// Steps before the first one that is measured.
const WARM_UP: usize = 500;

/// Seconds of each of `count` steps of one sequence, sorted. Uses one thread, because one step has no work
/// for two.
pub(super) fn latencies(isa: InstructionSet, row: &Stream, count: usize) -> Vec<f64> {
    let cell = CellKind::Lstm { peepholes: false, coupled: false };
    let ctx = Context::<f32>::new(isa, 1);
    let mut model = Model::new(isa, &ModelSpec::language(cell, row.vocabulary, row.hidden, row.hidden, 1));
    let mut params = Params::zeros(model.layout().clone());
    let (rule, parts) = (Init::Orthogonal { gain: 1.0 }, InitParts::default());
    let init = InitSpec { init: rule, parts, forget_bias: 1.0, cell, seed: 0 };
    initialise(&ctx, &mut params, &init);
    model.pack(&ctx, &params);
    let mut steps = model.steps(&params, 1);
    let mut logits = vec![0.0; row.vocabulary];
    let mut draw = Key::new(0, Purpose::Task, 0, 0).stream(0, 0);
    let mut seconds = Vec::with_capacity(count);
    for step in 0..WARM_UP + count {
        let token = [draw.below(row.vocabulary as u32)];
        let start = Instant::now();
        model.step(&ctx, &params, StepInput::Tokens(&token), &mut steps, &mut logits);
        let took = start.elapsed().as_secs_f64();
        std::hint::black_box(&logits);
        if step >= WARM_UP {
            seconds.push(took);
        }
    }
    seconds.sort_by(f64::total_cmp);
    seconds
}

/// p50 and p99 in microseconds.
pub(super) fn percentiles(seconds: &[f64]) -> [f64; 2] {
    [0.5, 0.99].map(|share| 1e6 * quantile(seconds, share))
}
