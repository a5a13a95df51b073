//! Synthetic tasks as data of a run.

use super::baseline::Baseline;
use super::description::boxed;
use super::error::DataError;
use super::parts::Dataset;
use super::record::{DataRecord, Parts};
use super::sample::{Sample, sample_rows};
use crate::config::Config;
use crate::units::Units;
use longspan::batch::Source;
use longspan::model::OutputSpec;
use longspan::model::head::Unit;
use longspan_data::labelled::Scaling;
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_data::task::agreement::Agreement;
use longspan_data::task::{EVALUATION_OFFSET, Pairs, Samples, Task, TaskError, TaskKind};

/// Windows in one epoch of a task, which has no end of its own.
pub const TASK_EPOCH: u64 = 100;

/// Windows of fresh samples in a validation.
const TASK_VALIDATION: u64 = 20;

pub(super) fn open(config: &Config, kind: TaskKind) -> Result<Dataset, DataError> {
    kind.task().map_or_else(|| agreement(config), |task| samples(config, task))
}

fn agreement(config: &Config) -> Result<Dataset, DataError> {
    let (lengths, length) = (config.data.length, config.data.length.longest());
    if lengths.count() > 1 {
        return Err(TaskError::OneLength { task: "agreement", lengths, longest: length }.into());
    }
    let of = |windows, first| Agreement::new(length, config.data.batch, config.run.seed, windows, first);
    let train = of(TASK_EPOCH, 0)?;
    let valid = of(TASK_VALIDATION, EVALUATION_OFFSET)?.same_every_epoch();
    let schema = Schema::language(train.words().clone());
    let best = Baseline::new("a coin flip", train.chance_loss_nats());
    let record = DataRecord {
        description: format!("agreement over {length} steps"),
        fingerprint: String::new(),
        schema: schema.fingerprint(),
        parts: fresh(TASK_VALIDATION * config.data.batch as u64),
        unknown_share: 0.0,
        unit: Unit::Nats,
        baseline_loss: best.loss,
        baseline: best.name.clone(),
        baselines: vec![best],
        units: "samples".into(),
        channels: Vec::new(),
        notices: Vec::new(),
    };
    let source = boxed(of(TASK_VALIDATION, 0)?.same_every_epoch());
    let (sample, units) = (sample(config, source), Units::Rows);
    Ok(Dataset {
        train: boxed(train),
        valid: Some(boxed(valid)),
        test: None,
        sample,
        units,
        schema,
        record,
        test_baselines: Vec::new(),
        frequencies: None,
        series: None,
        group_baselines: Default::default(),
    })
}

fn samples(config: &Config, task: &'static Task) -> Result<Dataset, DataError> {
    let lengths = config.data.length;
    let of = |windows, first| Samples::new(task, lengths, config.data.batch, config.run.seed, windows, first);
    let pool = config.pool_of_rows();
    let train = of(TASK_EPOCH, 0)?.pooled(pool);
    let valid = of(TASK_VALIDATION, EVALUATION_OFFSET)?.same_every_epoch().pooled(pool);
    let by = if config.model.encoder_decoder { " by encoder and decoder" } else { "" };
    let schema = match config.model.encoder_decoder {
        // The decoder predicts the tokens that it reads next.
        true => Schema::language(task.words().expect("a task of tokens")),
        false => schema(task),
    };
    let source = |samples| -> Box<dyn Source> {
        if config.model.encoder_decoder { boxed(Pairs::new(samples)) } else { boxed(samples) }
    };
    let best = Baseline::new("guessing", task.chance_loss(lengths));
    let record = DataRecord {
        description: format!("{}{by}, length {lengths}", task.name()),
        fingerprint: String::new(),
        schema: schema.fingerprint(),
        parts: fresh(TASK_VALIDATION * config.data.batch as u64),
        unknown_share: 0.0,
        unit: schema.output(config.model.loss, false).unit(),
        baseline_loss: best.loss,
        baseline: best.name.clone(),
        baselines: vec![best],
        units: "samples".into(),
        channels: Vec::new(),
        notices: Vec::new(),
    };
    let of_training = source(of(TASK_VALIDATION, 0)?.same_every_epoch().pooled(pool));
    Ok(Dataset {
        train: source(train),
        valid: Some(source(valid)),
        test: None,
        sample: sample(config, of_training),
        units: Units::Rows,
        schema,
        record,
        test_baselines: Vec::new(),
        frequencies: None,
        series: None,
        group_baselines: Default::default(),
    })
}

/// The first samples of training, as many as the share allows.
fn sample(config: &Config, source: Box<dyn Source>) -> Sample {
    let (train, valid) = (TASK_EPOCH as usize, TASK_VALIDATION as usize);
    let batch = config.data.batch;
    let rows = sample_rows(config, train.saturating_mul(batch), valid.saturating_mul(batch));
    Sample { source, windows: (rows.div_ceil(batch) as u64).min(TASK_VALIDATION), units: Units::Rows }
}

/// The schema of a task.
fn schema(task: &Task) -> Schema {
    let reads = task.words().map_or_else(
        || Reads::Numbers {
            channels: vec!["number".into(), "mark".into()],
            scaling: Scaling::identity(2),
            categorical: Vec::new(),
        },
        Reads::Tokens,
    );
    let predicts = match task.output() {
        OutputSpec::Classes { count, .. } => Predicts::Classes((0..count).map(|c| c.to_string()).collect()),
        OutputSpec::Values { .. } => Predicts::Value,
    };
    Schema { reads, predicts }
}

/// The parts of a task: training has no end, and validation has samples that training never reaches.
fn fresh(valid: u64) -> Parts {
    let by = format!("index: samples from {EVALUATION_OFFSET} on are for validation");
    Parts { items: "samples".into(), train: 0, valid, test: 0, by }
}
