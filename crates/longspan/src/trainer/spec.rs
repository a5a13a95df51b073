//! What a trainer is made from.

use crate::bptt::dropout::Mask;
use crate::model::ModelSpec;
use crate::model::init::Init;
use crate::optim::clip::Clip;
use crate::optim::{Rule, Settings};
use crate::telemetry::Observe;

/// The model and how it is trained.
#[derive(Clone, Debug)]
pub struct TrainerSpec {
    /// What is trained.
    pub model: ModelSpec,
    /// Rows B of every training window.
    pub batch: usize,
    /// Start of every random number.
    pub seed: u64,
    /// Initial weights.
    pub init: Init,
    /// Bias of the lstm's forget gate, see [`InitSpec`](crate::model::init::InitSpec).
    pub forget_bias: f64,
    /// Share of values that dropout sets to 0.
    pub dropout: f64,
    /// Whether each step has a dropout mask of its own.
    pub dropout_mask: Mask,
    /// The update rule.
    pub optimizer: Settings,
    /// What bounds the gradient.
    pub clip: Clip,
    /// Most bytes that forward keeps for backward; None for no limit.
    pub memory_limit: Option<usize>,
    /// What is recorded of the gradient.
    pub observe: Observe,
    /// Steps from one close look to the next.
    pub observe_every: u64,
}

impl TrainerSpec {
    /// A model trained on windows of `batch` rows by adam without dropout, orthogonal at first and clipped to a global norm of 1;
    /// nothing is observed.
    pub fn new(model: ModelSpec, batch: usize) -> Self {
        Self {
            model,
            batch,
            seed: 0,
            init: Init::Orthogonal { gain: 1.0 },
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
