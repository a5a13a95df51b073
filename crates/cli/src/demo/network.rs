//! The networks of the tour: their settings and their training.

use std::time::Instant;

use longspan::model::ModelSpec;
use longspan::model::init::Init;
use longspan::optim::Rule;
use longspan::optim::clip::Clip;
use longspan::params::Params;
use longspan::trainer::Trainer;
use longspan_data::task::{Lengths, TaskKind};
use longspan_kernel::Context;
use longspan_record::{FaultRecord, StepRecord};
use longspan_run::config::{CellName, Config};
use longspan_run::dataset::Dataset;

use crate::failure::Failure;

use super::options::Options;
use super::stage::{Stage, Stopped};

/// The number of first training steps over which the strength of the gradient is averaged.
pub(super) const FIRST: usize = 100;
/// Rows of a batch.
const BATCH: usize = 32;
/// Learning rate of the network whose gradient explodes. It learns by plain gradient descent: an optimizer with moments would
/// rescale the gradient, and hide its length.
const PLAIN_RATE: f64 = 0.1;

/// An architecture of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Architecture {
    Rnn,
    Residual,
    Gru,
    Lstm,
}

impl Architecture {
    pub(super) const ALL: [Self; 4] = [Self::Rnn, Self::Residual, Self::Gru, Self::Lstm];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rnn => "rnn",
            Self::Residual => "residual",
            Self::Gru => "gru",
            Self::Lstm => "lstm",
        }
    }

    fn cell(self) -> CellName {
        match self {
            Self::Rnn => CellName::Rnn,
            Self::Residual => CellName::Residual,
            Self::Gru => CellName::Gru,
            Self::Lstm => CellName::Lstm,
        }
    }
}

/// The settings of a network that learns agreement at `distance` steps.
pub(super) fn config(options: &Options, architecture: Architecture, distance: usize, clip: Clip) -> Config {
    let mut config = Config::default();
    (config.data.task, config.data.length) = (Some(TaskKind::Agreement), Lengths::only(distance));
    (config.model.cell, config.model.hidden) = (architecture.cell(), options.hidden);
    (config.data.batch, config.run.seed, config.optimizer.clip) = (BATCH, options.seed, clip);
    // With this bias a gate keeps σ(ln(T − 1)) = 1 − 1/T per step at first, and so remembers for about T steps: Tallec, Ollivier 2018.
    config.model.forget_bias = (distance.saturating_sub(1).max(1) as f64).ln().max(1.0);
    config
}

/// The settings of the network whose gradient explodes: relu, and recurrent weights with [`Options::gain`].
pub(super) fn explosive(options: &Options, clip: Clip) -> Config {
    let mut config = config(options, Architecture::Rnn, options.distance, clip);
    (config.model.cell, config.model.init) = (CellName::Relu, Init::Orthogonal { gain: options.gain });
    (config.optimizer.rule, config.optimizer.lr) = (Rule::Sgd, PLAIN_RATE);
    config
}

/// A network after training.
pub(super) struct Learned {
    pub(super) spec: ModelSpec,
    pub(super) params: Params<f32>,
    pub(super) steps: Vec<StepRecord>,
    /// log10(‖∂ℒ/∂h_t‖ / ‖∂ℒ/∂h_T‖) for each time step t, averaged over the first training steps.
    pub(super) strength: Vec<f64>,
    /// The accuracy on new sentences, and their number; None if training diverged.
    pub(super) right: Option<(f64, u64)>,
    pub(super) fault: Option<FaultRecord>,
    /// Median time of a training step, in milliseconds.
    pub(super) step_ms: f64,
}

/// Trains a network for `steps` training steps, or until it diverges.
///
/// # Errors
/// [`Stopped`] if a signal comes or the data cannot be made.
pub(super) fn train(
    ctx: &Context<f32>,
    config: &Config,
    steps: u64,
    stage: &mut Stage<'_>,
) -> Result<Learned, Stopped> {
    let data = Dataset::open(config, None).map_err(Failure::from)?;
    let ctx = Context::<f32>::new(ctx.instruction_set(), ctx.threads());
    let mut trainer = Trainer::new(ctx, &config.trainer(config.model_spec(&data.schema)));
    let (mut records, mut seconds, mut fault) = (Vec::new(), Vec::new(), None);
    let mut strength = vec![0.0; config.data.length.longest() + 2];
    for step in 0..steps {
        stage.step()?;
        let began = Instant::now();
        if let Err(divergence) = trainer.step(data.train.as_ref(), config.optimizer.lr) {
            fault = Some(trainer.first_fault(&divergence, records.clone()));
            stage.skip(steps - step - 1);
            break;
        }
        seconds.push(began.elapsed().as_secs_f64());
        records.push(trainer.record().clone());
        if records.len() <= FIRST {
            let profile = trainer.flow().mean(0);
            let last = profile[profile.len() - 1];
            strength.iter_mut().zip(profile).for_each(|(sum, x)| *sum += (x / last).log10());
        }
    }
    let measured = records.len().min(FIRST) as f64;
    strength.iter_mut().for_each(|sum| *sum /= measured);
    seconds.sort_by(f64::total_cmp);
    let valid = data.valid.filter(|_| fault.is_none());
    let score = valid.map(|valid| trainer.evaluate(valid.as_ref()));
    Ok(Learned {
        spec: trainer.model().spec().clone(),
        params: trainer.params().clone(),
        steps: records,
        strength,
        right: score.map(|score| (score.accuracy(), score.scored)),
        fault,
        step_ms: 1e3 * seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN),
    })
}
