//! The cost of checking for faults in steps without faults: the trainer's step, which checks loss, gradient
//! and update, compared with the same arithmetic without checks.
//!
//! Both read the same batches, clip and update in the same way, and observe nothing. They take turns in
//! alternating order, and both are built several times, so that neither always has the same memory. The ratio
//! is the median of the ratios of the turns. The check of an update is also timed alone: it is a few
//! operations on a few numbers.

use std::hint::black_box;
use std::time::Instant;

use longspan::batch::{Batch, Source};
use longspan::bptt::{Pass, State};
use longspan::model::Model;
use longspan::optim::clip::{Clip, ClipReport};
use longspan::optim::{MagnitudeBounds, Optimizer, Settings};
use longspan::params::Params;
use longspan::trainer::Trainer;
use longspan_kernel::Context;
use longspan_run::config::{Config, Observe};
use serde_json::{Value, json};

use super::Options;
use super::specs::Step;
use super::step::{Tokens, model_spec};
use super::timing::{quantile, seconds_of};

/// How often both are built.
const BUILDS: usize = 6;

/// Calls of the check of an update, which is too short for a clock.
const CALLS: u32 = 100_000;

/// A training step without checks.
struct Bare {
    ctx: Context<f32>,
    model: Model<f32>,
    params: Params<f32>,
    grads: Params<f32>,
    optimizer: Optimizer<f32>,
    clip: Clip,
    report: ClipReport,
    state: State<f32>,
    batch: Batch,
    window: u64,
}

impl Bare {
    fn new(ctx: Context<f32>, step: &Step, config: &Config) -> Self {
        let model = Model::new(ctx.instruction_set(), &model_spec(step));
        let settings = Settings { rule: step.optimizer, ..Settings::default() };
        Self {
            params: Params::zeros(model.layout().clone()),
            grads: Params::zeros(model.layout().clone()),
            optimizer: Optimizer::new(settings, model.layout().clone()),
            clip: config.optimizer.clip,
            report: ClipReport::default(),
            state: model.zero_state(config.data.batch),
            batch: Batch::default(),
            window: 0,
            ctx,
            model,
        }
    }

    fn step(&mut self, source: &Tokens, lr: f64) {
        source.fill(0, self.window, &mut self.batch);
        self.window = (self.window + 1) % source.windows();
        self.state.clear();
        let (ctx, params, state) = (&self.ctx, &self.params, &mut self.state);
        self.model.pack(ctx, params);
        self.model.train(&mut Pass::new(ctx, params), &self.batch, state, &mut self.grads);
        self.clip.apply(ctx, &mut self.grads, &mut self.report);
        self.optimizer.step(ctx, lr, &mut self.params, &mut self.grads);
    }
}

/// Milliseconds of both, their ratio, and microseconds of the check of an update.
pub(super) fn measure(step: &Step, options: &Options) -> Vec<(&'static str, Value)> {
    let mut config = Config::default();
    (config.data.batch, config.optimizer.rule, config.run.observe) =
        (step.rows, step.optimizer, Observe::Off);
    let (source, budget) = (Tokens::new(step), options.budget());
    let context = || Context::new(options.isa, options.threads);
    let mut turns: Vec<[f64; 2]> = Vec::new();
    let (start, mut alone) = (Instant::now(), f64::NAN);
    for build in 1..=BUILDS {
        // The order of construction changes the memory that each of them gets.
        let early = build.is_multiple_of(2).then(|| Bare::new(context(), step, &config));
        let mut trainer = Trainer::new(context(), &config.trainer(model_spec(step)));
        let mut bare = early.unwrap_or_else(|| Bare::new(context(), step, &config));
        bare.params.flat_mut().copy_from_slice(trainer.params().flat());
        let mut both = |order: bool| {
            let mut checked = || {
                seconds_of(|| {
                    trainer.step(&source, config.optimizer.lr).expect("a clipped gradient of random tokens")
                })
            };
            let mut plain = || seconds_of(|| bare.step(&source, config.optimizer.lr));
            if order {
                let first = checked();
                [first, plain()]
            } else {
                let first = plain();
                [checked(), first]
            }
        };
        both(true);
        let least = turns.len() + budget.least;
        while start.elapsed() < 4 * budget.time * build as u32 / BUILDS as u32 || turns.len() < least {
            turns.push(both(turns.len().is_multiple_of(2)));
        }
        let (params, optimizer) = (trainer.params(), trainer.optimizer());
        let largest = MagnitudeBounds::of(options.isa, params, optimizer);
        alone = seconds_of(|| {
            for _ in 0..CALLS {
                let after = optimizer.bounds_after(black_box(&largest), black_box(config.optimizer.lr), 1.0);
                black_box(after.show_good(optimizer));
            }
        });
    }
    let middle = |of: &dyn Fn(&[f64; 2]) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5)
    };
    vec![
        ("checked_ms", json!(1e3 * middle(&|turn| turn[0]))),
        ("bare_ms", json!(1e3 * middle(&|turn| turn[1]))),
        ("ratio", json!(middle(&|turn| turn[0] / turn[1]))),
        ("bounds_us", json!(1e6 * alone / f64::from(CALLS))),
        ("repeats", json!(turns.len())),
    ]
}
