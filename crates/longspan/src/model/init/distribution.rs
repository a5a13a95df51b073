//! Distributions of independent weights.

use std::fmt;
use std::str::FromStr;

use crate::option_syntax::{Kind, OptionError, positive};
use longspan_kernel::rng::Stream;

/// A distribution around 0 from which every element of a tensor is drawn on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// `uniform:R`: U(±R), with variance R²/3.
    Uniform {
        /// R, above 0.
        bound: f64,
    },
    /// `normal:S`: N(0, S²).
    Normal {
        /// S, above 0.
        deviation: f64,
    },
}

impl Distribution {
    pub(super) fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Self::Uniform { bound } => bound * (2.0 * stream.uniform() - 1.0),
            Self::Normal { deviation } => deviation * stream.normal(),
        }
    }
}

const KIND: Kind = Kind { what: "distribution", forms: &["uniform:R", "normal:S"] };

impl FromStr for Distribution {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let mut parts = KIND.read(text)?;
        let distribution = if parts.name == "uniform" {
            let what = "the bound of the weights";
            Self::Uniform { bound: positive(what, parts.required(what)?)? }
        } else {
            let what = "the standard deviation of the weights";
            Self::Normal { deviation: positive(what, parts.required(what)?)? }
        };
        parts.end(distribution)
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform { bound } => write!(f, "uniform:{bound}"),
            Self::Normal { deviation } => write!(f, "normal:{deviation}"),
        }
    }
}
