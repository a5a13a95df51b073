//! A run that is planned: settings, data, what is planted, and what a judge has to say of it.

use longspan::params::Params;
use longspan_run::config::{Config, Origin};

use super::sources::{Data, Spoil};

/// The code of a finding.
pub(crate) type Code = &'static str;

/// A change of the weights before the first step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    /// Tensors whose name begins so, times a factor.
    Scale(&'static str, f32),
    /// Tensors whose name begins so, at one value.
    Fill(&'static str, f32),
    /// The input's bias of a gate, by its place in the order of the cell's file, of every layer.
    Gate(usize, f32),
    /// The first share of the units of `rnn.bias_ih_l*`.
    Units(f64, f32),
}

impl Edit {
    /// Changes the weights of a model with H units.
    pub(crate) fn apply(self, params: &mut Params<f32>, hidden: usize) {
        let names: Vec<String> = params.layout().entries().iter().map(|entry| entry.name.clone()).collect();
        let prefix = match self {
            Self::Scale(prefix, _) | Self::Fill(prefix, _) => prefix,
            Self::Gate(..) | Self::Units(..) => "rnn.bias_ih",
        };
        let named: Vec<&String> = names.iter().filter(|name| name.starts_with(prefix)).collect();
        assert!(!named.is_empty(), "no tensor of {names:?} for {self:?}");
        for name in named {
            let tensor = params.named_mut(name);
            match self {
                Self::Scale(_, factor) => tensor.iter_mut().for_each(|w| *w *= factor),
                Self::Fill(_, value) => tensor.fill(value),
                Self::Gate(gate, value) => tensor[gate * hidden..][..hidden].fill(value),
                Self::Units(share, value) => tensor[..(share * hidden as f64) as usize].fill(value),
            }
        }
    }
}

/// A run.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Unique.
    pub(crate) name: String,
    pub(crate) data: Data,
    pub(crate) config: Config,
    pub(crate) spoil: Option<Spoil>,
    pub(crate) edits: Vec<Edit>,
    /// Codes that have to be found.
    pub(crate) required: Vec<Code>,
    /// Codes that may be found as well: what the plant brings with it.
    pub(crate) permitted: Vec<Code>,
}

impl Plan {
    /// Settings as `key=value`, one space between.
    pub(crate) fn new(name: impl Into<String>, data: Data, settings: &str) -> Self {
        let plan = Self {
            name: name.into(),
            data,
            config: Config::default(),
            spoil: None,
            edits: Vec::new(),
            required: Vec::new(),
            permitted: Vec::new(),
        };
        plan.with("observe=full observe_every=10").with(settings)
    }

    /// With some settings changed.
    pub(crate) fn with(mut self, settings: &str) -> Self {
        for setting in settings.split_whitespace() {
            let (key, value) = setting.split_once('=').expect("key=value");
            self.config.set(key, value, Origin::Flag).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        }
        self
    }

    /// Another name for a run of this kind.
    pub(crate) fn named(mut self, prefix: &str) -> Self {
        self.name = format!("{prefix}/{}", self.name);
        self
    }

    /// With spoiled batches.
    pub(crate) fn spoiled(self, spoil: Spoil) -> Self {
        Self { spoil: Some(spoil), ..self }
    }

    /// With other weights to begin with.
    pub(crate) fn edited(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }

    /// What has to be found.
    pub(crate) fn requires(mut self, codes: &[Code]) -> Self {
        self.required.extend(codes);
        self
    }

    /// What may be found.
    pub(crate) fn permits(mut self, codes: &[Code]) -> Self {
        self.permitted.extend(codes);
        self
    }

    /// Whether nothing is planted.
    pub(crate) fn healthy(&self) -> bool {
        self.required.is_empty()
    }

    /// Whether thresholds may not be chosen on this run: half of the runs, by a hash of the name (FNV-1a), whatever they turn out
    /// to be.
    pub(crate) fn held_out(&self) -> bool {
        let hash = self.name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash >> 32) % 2 == 1
    }
}
