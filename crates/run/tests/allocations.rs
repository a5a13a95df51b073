//! A training step allocates nothing after the first one, neither from the heap nor by mapping pages.
#![allow(clippy::disallowed_methods, reason = "tests make and damage files")]
#![allow(missing_docs, reason = "a test file")]

use std::alloc::System;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use longspan::batch::{Batch, IGNORE, Source};
use longspan::cell::CellKind;
use longspan::model::head::ValueLoss;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec, StepInput};
use longspan::optim::Rule;
use longspan::params::Params;
use longspan::trainer::Trainer;
use longspan_data::batches::{Order, SequenceBatches};
use longspan_data::labelled::ts;
use longspan_data::mask::LastScored;
use longspan_data::task::Samples;
use longspan_data::task::adding::ADDING;
use longspan_data::task::copy::COPY;
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};
use longspan_run::config::{Config, Observe, Origin};
use longspan_run::dataset::Dataset;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// The system's allocator, with a count of the requests of all threads.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Number of allocations and reallocations so far.
fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

const ROWS: usize = 6;
const STEPS: usize = 23;

/// Random windows; the first has the most steps and targets.
struct Tokens {
    vocabulary: usize,
}

impl Source for Tokens {
    fn windows(&self) -> u64 {
        4
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        let mut draw = Key::new(epoch, Purpose::Task, 0, window).stream(0, 0);
        batch.reshape(STEPS - 5 * window as usize, ROWS);
        let tokens = batch.inputs.iter_mut().zip(&mut batch.targets);
        for (i, (input, target)) in tokens.enumerate() {
            *input = draw.below(self.vocabulary as u32);
            let ignored = window > 0 && i % (2 + window as usize) == 0;
            *target = if ignored { IGNORE } else { draw.below(self.vocabulary as u32) };
        }
    }

    fn shape(&self) -> (usize, usize) {
        (STEPS, ROWS)
    }
}

/// Sequences of many lengths, shuffled and sorted. Filling a batch is part of the step.
fn filling_allocates_nothing() {
    let lines: String = (0..50).map(|i| format!("{}:a\n", vec!["1"; 1 + i * i % 17].join(","))).collect();
    let labelled = ts::read(format!("@classLabel true a\n@data\n{lines}").as_bytes(), Path::new("x.ts"));
    let (labelled, order) = (Arc::new(labelled.expect("sound lines")), Order::Shuffled { seed: 1 });
    let source =
        SequenceBatches::new(labelled, (0..50).collect(), 8, order, Pooling::Last).expect("sequences");
    let mut batch = Batch::default();
    let mut fill = || {
        for (epoch, window) in (0..3).flat_map(|epoch| (0..source.windows()).map(move |w| (epoch, w))) {
            source.fill(epoch, window, &mut batch);
        }
    };
    // After the first pass, every buffer has its final length.
    fill();
    let before = allocations();
    fill();
    assert_eq!(allocations(), before);
}

/// Streaming of single steps of numbers, with the mean over all steps.
fn streaming_allocates_nothing() {
    let cell = CellKind::Gru { reset_after: true };
    let output = OutputSpec::Values { width: 3, loss: ValueLoss::Squared };
    for pool in [Pooling::Last, Pooling::Mean] {
        let spec = ModelSpec { pool, ..ModelSpec::new(cell, InputSpec::Numbers { width: 2 }, 24, 2, output) };
        let ctx = Context::<f32>::new(InstructionSet::detect(), 1);
        let mut model = Model::new(ctx.instruction_set(), &spec);
        let params = Params::zeros(Arc::clone(model.layout()));
        model.pack(&ctx, &params);
        let (mut steps, mut aside, mut out) = (model.steps(&params, 1), model.steps(&params, 1), [0.0; 3]);
        let mut step = || {
            model.step(&ctx, &params, StepInput::Numbers(&[1.0, 2.0]), &mut steps, &mut out);
            aside.copy_from(&steps);
        };
        step();
        let before = allocations();
        (0..20).for_each(|_| step());
        assert_eq!(allocations(), before, "{pool:?}");
    }
}

/// Encoder and decoder, with dropout, class weights and one scored position per row: nothing is allocated
/// after the first pass over the windows.
fn encoders_and_masks_allocate_nothing() {
    let mut config = Config::default();
    for (key, value) in [
        ("task", "reversal"),
        ("encoder_decoder", "true"),
        ("length", "2..9"),
        ("hidden", "8"),
        ("batch", "6"),
        ("dropout", "0.2"),
        ("observe", "full"),
        ("observe_every", "1"),
    ] {
        config.set(key, value, Origin::Flag).expect("a setting");
    }
    let data = Dataset::open(&config, None).expect("a task");
    let spec = config.model_spec(&data.schema);
    let mut trainer =
        Trainer::<f32>::new(Context::new(InstructionSet::detect(), 1), &config.trainer(spec.clone()));
    // A validation source has the same windows in every pass.
    let source = LastScored::new(data.valid.expect("samples"));
    trainer.balance_classes(&source);
    let windows = source.windows();
    let mut pass = || (0..windows).for_each(|_| trainer.step(&source, 1e-3).expect("no divergence"));
    pass();
    let before = allocations();
    pass();
    assert_eq!(allocations() - before, 0, "allocations of encoder and decoder");
}

/// Size of the address space with mapped pages; None if the system does not tell.
fn mapped() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find(|line| line.starts_with("VmSize")).map(str::to_owned)
}

/// Waits until nothing else allocates: the harness has a thread of its own, which reports that the test has begun.
fn settle() {
    let mut last = None;
    while last != Some(allocations()) {
        last = Some(allocations());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The only test of this binary, because allocations of other tests would be counted too.
#[test]
fn a_training_step_allocates_nothing_after_the_first() {
    settle();
    let before = allocations();
    drop(std::hint::black_box(vec![1u8; 100]));
    assert_eq!(allocations() - before, 1, "the allocator does not count");
    filling_allocates_nothing();
    streaming_allocates_nothing();
    let lstm = CellKind::Lstm { peepholes: false, coupled: false };
    // Few tokens, whose embeddings are projected, and so many tokens that weights and logits have their own
    // pages.
    for (vocabulary, hidden) in [(40, 24), (8000, 64)] {
        for cell in [lstm, CellKind::Gru { reset_after: true }, CellKind::Rnn] {
            for (optimizer, dropout) in [(Rule::Sgd, 0.0), (Rule::Adam, 0.0), (Rule::Adam, 0.3)] {
                for threads in [1, 2] {
                    let case = format!("{cell}, {vocabulary} tokens, {optimizer}, {dropout}, {threads}");
                    let mut config = Config::default();
                    (config.data.batch, config.optimizer.rule, config.model.dropout) =
                        (ROWS, optimizer, dropout);
                    config.run.observe_every = 1;
                    let chunk = 8;
                    let spec =
                        ModelSpec { chunk, ..ModelSpec::language(cell, vocabulary, hidden, hidden, 2) };
                    let ctx = Context::new(InstructionSet::detect(), threads);
                    let mut trainer = Trainer::<f32>::new(ctx, &config.trainer(spec.clone()));
                    let source = Tokens { vocabulary };
                    let mut step = || trainer.step(&source, 1e-3).expect("no divergence");
                    step();
                    let (pages, before) = (mapped(), allocations());
                    (0..4).for_each(|_| step());
                    let after = allocations();
                    assert_eq!(after - before, 0, "allocations: {case}");
                    assert_eq!(mapped(), pages, "address space: {case}");
                }
            }
        }
    }
    // All options of a stack, without a memory limit and with a low one.
    for (bidirectional, limit) in [(false, "0"), (true, "0"), (true, "120KiB")] {
        let mut config = Config::default();
        (config.data.batch, config.model.dropout, config.run.bptt_memory) =
            (ROWS, 0.3, limit.parse().expect("a size"));
        (config.run.observe, config.run.observe_every) = (Observe::Full, 1);
        let spec = ModelSpec {
            bidirectional,
            layer_residual: true,
            layer_norm: true,
            learned_state: true,
            chunk: 8,
            ..ModelSpec::language(lstm, 40, 24, 24, 2)
        };
        let mut trainer =
            Trainer::<f32>::new(Context::new(InstructionSet::detect(), 2), &config.trainer(spec.clone()));
        let source = Tokens { vocabulary: 40 };
        let mut step = || trainer.step(&source, 1e-3).expect("no divergence");
        step();
        let before = allocations();
        (0..4).for_each(|_| step());
        assert_eq!(allocations() - before, 0, "allocations: bidirectional {bidirectional}, memory {limit}");
    }
    // Samples of several lengths: nothing is allocated after the first pass over the windows.
    for task in [&COPY, &ADDING] {
        let spec = ModelSpec::new(lstm, task.input(8), 8, 1, task.output());
        let mut config = Config::default();
        (config.data.batch, config.run.observe_every) = (ROWS, 1);
        let mut trainer =
            Trainer::<f32>::new(Context::new(InstructionSet::detect(), 1), &config.trainer(spec.clone()));
        let lengths = "5..20".parse().expect("lengths");
        let source =
            Samples::new(task, lengths, ROWS, 0, 4, 0).expect("lengths that it has").same_every_epoch();
        let mut pass = || (0..4).for_each(|_| trainer.step(&source, 1e-3).expect("no divergence"));
        pass();
        let before = allocations();
        pass();
        assert_eq!(allocations() - before, 0, "allocations: {}", task.name());
    }
    encoders_and_masks_allocate_nothing();
}
