//! Initial weights.
//!
//! | rule | W_hh, each gate's block `[H, H]` |
//! |---|---|
//! | `uniform` | U(±1/√H), as W_ih and both biases: PyTorch's |
//! | `xavier` | U(±√(6/(H + H))) |
//! | `orthogonal[:gain]` | gain (default 1) times a random orthogonal matrix |
//! | `identity` | the identity; with relu the IRNN |
//! | `gaussian[:g]` | N(0, g²/H), g 1 by default |
//! | `chrono:T` | orthogonal, with biases for dependencies up to T steps |
//! | `uniform:R` | U(±R), as every other weight and bias of the network |
//! | `normal:S` | N(0, S²), as every other weight and bias of the network |
//!
//! For all rules but `uniform` and the last two, W_ih is U(±√(6/(D + H))) in each gate's block `[H, D]`, and biases
//! are zero. Embeddings are N(0, 1), or N(0, 1/E) if they are tied to the readout; a readout of n numbers is U(±1/√n)
//! without bias. [`InitParts`] gives any of these three another distribution, whatever the rule. Norms start with γ = 1
//! and β = 0, learned states with 0, and the step of a residual cell with its setting.
//!
//! # References
//! Xavier: Glorot, Bengio, AISTATS 2010. Orthogonal: Saxe, McClelland, Ganguli, ICLR 2014. Identity: Le,
//! Jaitly, Hinton 2015. Forget bias: Jozefowicz, Zaremba, Sutskever, ICML 2015. Chrono: Tallec, Ollivier,
//! ICLR 2018. One uniform distribution for every weight: Zaremba, Sutskever, Vinyals, "Recurrent neural network
//! regularization", 2014.

mod biases;
mod distribution;
mod orthogonal;

pub use distribution::Distribution;

use std::fmt;
use std::str::FromStr;

use crate::cell::CellKind;
use crate::cell::Real;
use crate::option_syntax::{Kind, OptionError, check, number, positive};
use crate::params::{Entry, Params};
use longspan_kernel::Context;
use longspan_kernel::rng::{Key, Purpose, Stream};
use orthogonal::orthogonalise;

/// A rule for the initial weights, see the table of this module.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Init {
    /// PyTorch's uniform distribution.
    #[default]
    Uniform,
    /// Xavier's uniform distribution.
    Xavier,
    /// A random orthogonal matrix times a gain.
    Orthogonal {
        /// The gain, above 0.
        gain: f64,
    },
    /// The identity.
    Identity,
    /// A Gaussian matrix with eigenvalues up to about g.
    Gaussian {
        /// g, above 0.
        gain: f64,
    },
    /// Gate biases for dependencies of up to `longest` steps. Only lstm and gru have these gates; for other
    /// cells this is `orthogonal`.
    Chrono {
        /// T, at least 2.
        longest: f64,
    },
    /// Every weight and every bias from one distribution.
    Every(Distribution),
}

impl Init {
    /// The gain of the recurrent weights, if the rule has one.
    pub fn gain(self) -> Option<f64> {
        match self {
            Self::Orthogonal { gain } | Self::Gaussian { gain } => Some(gain),
            Self::Uniform | Self::Xavier | Self::Identity | Self::Chrono { .. } | Self::Every(_) => None,
        }
    }
}

/// Distributions of single parts of a network, in place of those of the rule.
///
/// # Examples
/// The initial weights of PyTorch's word language model, whose lstm has PyTorch's own:
///
/// ```
/// use longspan::model::init::{Distribution, Init, InitParts};
/// use longspan::prelude::*;
///
/// let narrow = Some(Distribution::Uniform { bound: 0.1 });
/// let spec = TrainerSpec {
///     init: Init::Uniform,
///     init_parts: InitParts { embedding: narrow, readout: narrow, ..InitParts::default() },
///     forget_bias: 0.0,
///     ..TrainerSpec::new(ModelSpec::language(CellKind::LSTM, 50, 20, 20, 2), 4)
/// };
/// let trainer = Trainer::<f32>::new(Context::detect(1), &spec);
/// assert!(trainer.params().named("embedding.weight").iter().all(|x| x.abs() <= 0.1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InitParts {
    /// The input weights W_ih of every layer.
    pub input: Option<Distribution>,
    /// The embedding, and so the readout if it is tied to it.
    pub embedding: Option<Distribution>,
    /// The weights of the readout.
    pub readout: Option<Distribution>,
}

/// The settings of the initial weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InitSpec {
    /// The rule.
    pub init: Init,
    /// The parts that have a distribution of their own.
    pub parts: InitParts,
    /// Bias of the lstm's forget gate: in b_ih, with 0 in b_hh. A coupled lstm, where f = 1 − i, gets the
    /// negative value at i. 0 leaves the biases to the rule; `chrono` also ignores it, because it sets these
    /// gates itself.
    pub forget_bias: f64,
    /// The cell of every layer.
    pub cell: CellKind,
    /// The seed.
    pub seed: u64,
}

impl InitSpec {
    /// The distribution of a part, if it has one of its own or the rule has one for every weight.
    fn of(&self, part: Option<Distribution>) -> Option<Distribution> {
        let every = if let Init::Every(distribution) = self.init { Some(distribution) } else { None };
        part.or(every)
    }
}

/// Sets every weight. Row i of tensor n is drawn from its own random stream, given by (seed, n, i), on any
/// thread.
///
/// # Panics
/// If the layout has a tensor with an unknown name, or a layer without `rnn.weight_hh_l{k}`.
pub fn initialise<R: Real>(ctx: &Context<R>, params: &mut Params<R>, spec: &InitSpec) {
    let layout = params.layout().clone();
    let tied = layout.find("head.weight").is_none();
    for (index, entry) in layout.entries().iter().enumerate() {
        let tensor = TensorDraw { ctx, key: Key::new(spec.seed, Purpose::Init, index as u32, 0), entry };
        let out = params.tensor_mut(index);
        // Encoder and decoder have the same tensors, each with its own prefix.
        let scope = ["encoder.", "decoder."].into_iter().find(|scope| entry.name.starts_with(scope));
        let scope = scope.unwrap_or_default();
        let name = &entry.name[scope.len()..];
        let (name, layer) = name.rsplit_once("_l").unwrap_or((name, ""));
        match name {
            "embedding.weight" => {
                let deviation = if tied { 1.0 / (entry.shape[1] as f64).sqrt() } else { 1.0 };
                tensor.fill(out, spec.of(spec.parts.embedding).unwrap_or(Distribution::Normal { deviation }));
            }
            "head.weight" => {
                let bound = 1.0 / (entry.shape[1] as f64).sqrt();
                tensor.fill(out, spec.of(spec.parts.readout).unwrap_or(Distribution::Uniform { bound }));
            }
            "head.bias" | "rnn.weight_peephole" => match spec.init {
                Init::Every(distribution) => tensor.fill(out, distribution),
                _ => out.fill(R::ZERO),
            },
            "rnn.norm_bias" | "rnn.h0" | "rnn.c0" => out.fill(R::ZERO),
            "rnn.norm_weight" => out.fill(R::ONE),
            "rnn.residual_step" => {
                let step = if let CellKind::Residual { step, .. } = spec.cell { step } else { 1.0 };
                out.fill(R::from_f64(step));
            }
            "rnn.weight_ih" | "rnn.weight_hh" | "rnn.bias_ih" | "rnn.bias_hh" => {
                let Some(recurrent) = layout.find(&format!("{scope}rnn.weight_hh_l{layer}")) else {
                    panic!("layer {scope}{layer} has no recurrent weights");
                };
                let hidden = recurrent.shape[1];
                match name {
                    "rnn.weight_ih" => tensor.input(out, spec, hidden),
                    "rnn.weight_hh" => tensor.recurrent(out, spec, hidden),
                    _ => tensor.bias(out, spec, hidden, name == "rnn.bias_ih"),
                }
            }
            _ => panic!("there is no initialisation for tensor {}", entry.name),
        }
    }
}

/// A tensor with the key of its random numbers.
struct TensorDraw<'a, R> {
    ctx: &'a Context<R>,
    key: Key,
    entry: &'a Entry,
}

impl<R: Real> TensorDraw<'_, R> {
    /// Returns the random stream of a row; an element of a vector counts as a row.
    fn row(&self, row: usize) -> Stream {
        self.key.stream(0, row as u64)
    }

    /// Draws element by element, in the order of the rows.
    fn draw(&self, out: &mut [R], draw: impl Fn(&mut Stream) -> f64 + Sync) {
        let cols: usize = self.entry.shape[1..].iter().product();
        self.ctx.split_parts(out, cols.max(1), |i, row| {
            let mut stream = self.row(i);
            row.iter_mut().for_each(|x| *x = R::from_f64(draw(&mut stream)));
        });
    }

    fn fill(&self, out: &mut [R], distribution: Distribution) {
        self.draw(out, |stream| distribution.draw(stream));
    }

    /// Draws from U(±bound).
    fn uniform(&self, out: &mut [R], bound: f64) {
        self.fill(out, Distribution::Uniform { bound });
    }

    fn input(&self, out: &mut [R], spec: &InitSpec, hidden: usize) {
        let fans = self.entry.shape[1] + hidden;
        let bound = match spec.init {
            Init::Uniform => 1.0 / (hidden as f64).sqrt(),
            _ => (6.0 / fans as f64).sqrt(),
        };
        self.fill(out, spec.of(spec.parts.input).unwrap_or(Distribution::Uniform { bound }));
    }

    fn recurrent(&self, out: &mut [R], spec: &InitSpec, hidden: usize) {
        let units = hidden as f64;
        match spec.init {
            Init::Uniform => self.uniform(out, 1.0 / units.sqrt()),
            Init::Xavier => self.uniform(out, (3.0 / units).sqrt()),
            Init::Gaussian { gain } => self.draw(out, |stream| gain / units.sqrt() * stream.normal()),
            Init::Identity => {
                for (i, row) in out.chunks_mut(hidden).enumerate() {
                    row.fill(R::ZERO);
                    row[i % hidden] = R::ONE;
                }
            }
            Init::Orthogonal { gain } => self.orthogonal(out, hidden, gain),
            Init::Chrono { .. } => self.orthogonal(out, hidden, 1.0),
            Init::Every(distribution) => self.fill(out, distribution),
        }
    }

    fn orthogonal(&self, out: &mut [R], hidden: usize, gain: f64) {
        let mut normal = vec![0.0; out.len()];
        self.ctx.split_parts(&mut normal, hidden, |i, row| {
            let mut stream = self.row(i);
            row.iter_mut().for_each(|x| *x = stream.normal());
        });
        let isa = self.ctx.instruction_set();
        self.ctx.split_parts(&mut normal, hidden * hidden, |_, gate| orthogonalise(isa, gate, hidden));
        out.iter_mut().zip(normal).for_each(|(x, q)| *x = R::from_f64(gain * q));
    }
}

const KIND: Kind = Kind {
    what: "initialiser",
    forms: &[
        "uniform[:R]",
        "xavier",
        "orthogonal[:gain]",
        "identity",
        "gaussian[:g]",
        "chrono:T",
        "normal:S",
    ],
};

impl FromStr for Init {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let mut parts = KIND.read(text)?;
        let gain = |text: Option<&str>| text.map_or(Ok(1.0), |text| positive("the gain", text));
        let init = match parts.name {
            "uniform" if text == parts.name => Self::Uniform,
            "uniform" | "normal" => return text.parse().map(Self::Every),
            "xavier" => Self::Xavier,
            "orthogonal" => Self::Orthogonal { gain: gain(parts.optional())? },
            "identity" => Self::Identity,
            "gaussian" => Self::Gaussian { gain: gain(parts.optional())? },
            "chrono" => {
                let what = "the longest dependency";
                let longest = number(what, parts.required(what)?)?;
                let good = |t: f64| t.is_finite() && t >= 2.0;
                Self::Chrono { longest: check(what, longest, good, "finite and at least 2")? }
            }
            _ => return Err(KIND.unknown(text)),
        };
        parts.end(init)
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Xavier => f.write_str("xavier"),
            Self::Orthogonal { gain } => write!(f, "orthogonal:{gain}"),
            Self::Identity => f.write_str("identity"),
            Self::Gaussian { gain } => write!(f, "gaussian:{gain}"),
            Self::Chrono { longest } => write!(f, "chrono:{longest}"),
            Self::Every(distribution) => distribution.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
