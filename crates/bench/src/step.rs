//! Training steps of a language model: embedding, stack, head, loss, backward pass, clipping, update.

use longspan::batch::{Batch, Source};
use longspan::bptt::{MemoryError, Plan, chunk_for};
use longspan::model::ModelSpec;
use longspan::option_syntax::Size;
use longspan::telemetry::Observe;
use longspan::trainer::Trainer;
use longspan_kernel::Context;
use longspan_kernel::rng::{Key, Purpose};
use longspan_run::config::Config;

use super::specs::Step;
use super::timing::Workload;

/// Number of batches that are used in turn.
const WINDOWS: u64 = 8;

/// Random tokens, drawn before the first step.
pub(super) struct Tokens {
    steps: usize,
    rows: usize,
    /// `[WINDOWS, T + 1, B]`: the targets are the inputs of the next step.
    tokens: Vec<u32>,
}

impl Tokens {
    pub(super) fn new(step: &Step) -> Self {
        let &Step { vocabulary, steps, rows, .. } = step;
        let mut draw = Key::new(0, Purpose::Task, 0, 0).stream(0, 0);
        let count = WINDOWS as usize * (steps + 1) * rows;
        let tokens = (0..count).map(|_| draw.below(vocabulary as u32)).collect();
        Self { steps, rows, tokens }
    }
}

impl Source for Tokens {
    fn windows(&self) -> u64 {
        WINDOWS
    }

    fn fill(&self, _: u64, window: u64, batch: &mut Batch) {
        let (steps, rows) = (self.steps, self.rows);
        batch.reshape(steps, rows);
        let window = &self.tokens[window as usize * (steps + 1) * rows..][..(steps + 1) * rows];
        batch.inputs.copy_from_slice(&window[..steps * rows]);
        batch.targets.copy_from_slice(&window[rows..]);
    }

    fn shape(&self) -> (usize, usize) {
        (self.steps, self.rows)
    }
}

/// The model of a row.
pub(super) fn model_spec(step: &Step) -> ModelSpec {
    let spec = ModelSpec::language(step.cell, step.vocabulary, step.hidden, step.hidden, step.layers);
    ModelSpec { chunk: chunk_for(step.rows), ..spec }
}

/// A model in training, with the default settings of `longspan train`.
pub(super) struct Training {
    trainer: Trainer<f32>,
    source: Tokens,
    lr: f64,
}

impl Training {
    /// Training whose backward pass needs at most `limit` bytes.
    pub(super) fn new(ctx: Context<f32>, step: &Step, limit: Option<usize>) -> Self {
        let mut config = Config::default();
        (config.data.batch, config.optimizer.rule) = (step.rows, step.optimizer);
        config.run.bptt_memory = Size(limit.unwrap_or(0));
        Self {
            trainer: Trainer::new(ctx, &config.trainer(model_spec(step))),
            source: Tokens::new(step),
            lr: config.optimizer.lr,
        }
    }

    /// Observes the next step in this tier, with a snapshot, which has a lag profile or has none.
    pub(super) fn observe(&mut self, tier: Observe, lag: bool) {
        // Every fifth snapshot has a lag profile: a step whose number is a multiple of five times the interval.
        while lag && !(self.trainer.position().step + 1).is_multiple_of(5) {
            self.trainer.observe(Observe::Off, 1);
            self.run();
        }
        let next = self.trainer.position().step + 1;
        self.trainer.observe(tier, if lag { next / 5 } else { next });
    }
}

impl Workload for Training {
    fn run(&mut self) {
        if let Err(divergence) = self.trainer.step(&self.source, self.lr) {
            panic!("random tokens cannot diverge with a clipped gradient: {divergence:?}");
        }
    }

    fn context(&self) -> &Context<f32> {
        self.trainer.context()
    }

    fn loaded(&self) -> usize {
        size_of::<f32>() * self.trainer.model().layout().parameters()
            + size_of::<u32>() * self.source.tokens.len()
    }

    fn plan(&self, limit: Option<usize>) -> Result<Plan, MemoryError> {
        self.trainer.model().plan(self.source.steps, self.source.rows, limit)
    }
}
