//! The plan of a run: settings, data, injected fault, and the expected findings.

use longspan::params::Params;
use longspan_run::config::{Config, Origin};

use super::sources::{Data, Spoil};

/// The code of a finding.
pub(crate) type Code = &'static str;

/// A change of the weights before the first step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    /// Multiplies tensors whose name has this prefix by a factor.
    Scale(&'static str, f32),
    /// Fills tensors whose name has this prefix with a value.
    Fill(&'static str, f32),
    /// Fills the input bias of a gate in every layer; the gate by its index in the order of the cell's file.
    Gate(usize, f32),
    /// Fills the first share of the units of `rnn.bias_ih_l*`.
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

/// The plan of a run.
#[derive(Clone)]
pub(crate) struct Plan {
    /// A unique name.
    pub(crate) name: String,
    pub(crate) data: Data,
    pub(crate) config: Config,
    pub(crate) spoil: Option<Spoil>,
    pub(crate) edits: Vec<Edit>,
    /// Codes that must be found.
    pub(crate) required: Vec<Code>,
    /// Codes that may be found too, because they follow from the fault.
    pub(crate) permitted: Vec<Code>,
}

impl Plan {
    /// A plan with settings `key=value`, separated by spaces.
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

    /// The plan with some settings changed.
    pub(crate) fn with(mut self, settings: &str) -> Self {
        for setting in settings.split_whitespace() {
            let (key, value) = setting.split_once('=').expect("key=value");
            self.config.set(key, value, Origin::Flag).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        }
        self
    }

    /// The plan with a prefix in its name.
    pub(crate) fn named(mut self, prefix: &str) -> Self {
        self.name = format!("{prefix}/{}", self.name);
        self
    }

    /// The plan with corrupted batches.
    pub(crate) fn spoiled(self, spoil: Spoil) -> Self {
        Self { spoil: Some(spoil), ..self }
    }

    /// The plan with other initial weights.
    pub(crate) fn edited(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }

    /// Adds codes that must be found.
    pub(crate) fn requires(mut self, codes: &[Code]) -> Self {
        self.required.extend(codes);
        self
    }

    /// Adds codes that may be found.
    pub(crate) fn permits(mut self, codes: &[Code]) -> Self {
        self.permitted.extend(codes);
        self
    }

    /// Whether the run has no injected fault.
    pub(crate) fn healthy(&self) -> bool {
        self.required.is_empty()
    }

    /// Whether the run is held out, so that no threshold is chosen on it: half of the runs, by a hash of the
    /// name (FNV-1a), whatever their results are.
    pub(crate) fn held_out(&self) -> bool {
        let hash = self.name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash >> 32) % 2 == 1
    }
}
