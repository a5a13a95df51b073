//! The specification of a trainer.

use crate::bptt::dropout::Mask;
use crate::model::ModelSpec;
use crate::model::init::{Init, InitParts};
use crate::optim::clip::Clip;
use crate::optim::{Rule, Settings};
use crate::telemetry::Observe;

/// The model and the settings of its training. The learning rate is not one of them: each step gets its own
/// ([`Trainer::step`](crate::trainer::Trainer::step)).
///
/// # Examples
/// Stochastic gradient descent with momentum, and snapshots of the gradient at every tenth step:
///
/// ```
/// use longspan::optim::{Rule, Settings};
/// use longspan::prelude::*;
///
/// let spec = TrainerSpec {
///     optimizer: Settings { rule: Rule::Sgd, momentum: 0.9, ..Settings::default() },
///     observe: Observe::Full,
///     observe_every: 10,
///     ..TrainerSpec::new(ModelSpec::language(CellKind::LSTM, 5, 8, 16, 1), 4)
/// };
/// let trainer = Trainer::<f32>::new(Context::detect(1), &spec);
/// assert_eq!(trainer.model().spec().hidden, 16);
/// ```
#[derive(Clone, Debug)]
pub struct TrainerSpec {
    /// The model.
    pub model: ModelSpec,
    /// Number of rows B of a training window, and of the state that a checkpoint has. A window that starts from the initial
    /// state may have another number.
    pub batch: usize,
    /// The seed of every random number.
    pub seed: u64,
    /// Initial weights.
    pub init: Init,
    /// Parts of the network whose initial weights have a distribution of their own.
    pub init_parts: InitParts,
    /// Bias of the lstm's forget gate, see [`InitSpec`](crate::model::init::InitSpec).
    pub forget_bias: f64,
    /// The dropout probability.
    pub dropout: f64,
    /// Whether dropout masks are drawn per step or per sequence.
    pub dropout_mask: Mask,
    /// The update rule.
    pub optimizer: Settings,
    /// The clipping rule.
    pub clip: Clip,
    /// Memory limit in bytes for what the forward pass keeps; None for no limit.
    pub memory_limit: Option<usize>,
    /// What is recorded of the gradient.
    pub observe: Observe,
    /// Number of steps from one snapshot to the next.
    pub observe_every: u64,
}

impl TrainerSpec {
    /// Returns a model trained on windows of `batch` rows with adam, without dropout, with orthogonal initial
    /// weights and gradients clipped to a global norm of 1; nothing is observed.
    pub fn new(model: ModelSpec, batch: usize) -> Self {
        Self {
            model,
            batch,
            seed: 0,
            init: Init::Orthogonal { gain: 1.0 },
            init_parts: InitParts::default(),
            forget_bias: 1.0,
            dropout: 0.0,
            dropout_mask: Mask::Step,
            optimizer: Settings { rule: Rule::Adam, ..Settings::default() },
            clip: Clip::Norm(1.0),
            memory_limit: None,
            observe: Observe::Off,
            observe_every: 100,
        }
    }
}
