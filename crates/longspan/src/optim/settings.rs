//! The settings of an optimizer.

use std::fmt;
use std::str::FromStr;

use crate::option_syntax::{Kind, OptionError, check};

/// An update rule; its written form is lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// Stochastic gradient descent, with or without momentum.
    Sgd,
    /// Adam.
    #[default]
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
    /// RMSprop.
    RmsProp,
    /// Adagrad.
    Adagrad,
}

/// An update rule and its constants. The defaults are PyTorch's, except that weight decay is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The rule.
    pub rule: Rule,
    /// λ, 0 or above.
    pub weight_decay: f64,
    /// μ of sgd and rmsprop, in [0, 1).
    pub momentum: f64,
    /// Whether sgd uses Nesterov's momentum.
    pub nesterov: bool,
    /// β₁ of adam and adamw, in [0, 1).
    pub beta1: f64,
    /// β₂ of adam and adamw, in [0, 1).
    pub beta2: f64,
    /// α of rmsprop, in [0, 1).
    pub smoothing: f64,
    /// ε, 0 or above. By default 1e-10 for adagrad and 1e-8 for the others.
    pub eps: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rule: Rule::default(),
            weight_decay: 0.0,
            momentum: 0.0,
            nesterov: false,
            beta1: 0.9,
            beta2: 0.999,
            smoothing: 0.99,
            eps: None,
        }
    }
}

impl Settings {
    /// Returns ε, or the rule's default.
    pub fn eps_or_default(&self) -> f64 {
        self.eps.unwrap_or(if self.rule == Rule::Adagrad { 1e-10 } else { 1e-8 })
    }

    /// Checks every constant.
    ///
    /// # Errors
    /// [`OptionError::OutOfRange`], or [`OptionError::Unused`] for momentum or an ε that the rule would
    /// ignore.
    pub fn validate(&self) -> Result<(), OptionError> {
        let (natural, fraction) = ("finite and 0 or above", "0 or above and below 1");
        let is_natural = |x: f64| x.is_finite() && x >= 0.0;
        let is_fraction = |x: f64| (0.0..1.0).contains(&x);
        check("weight decay", self.weight_decay, is_natural, natural)?;
        check("momentum", self.momentum, is_fraction, fraction)?;
        check("beta1", self.beta1, is_fraction, fraction)?;
        check("beta2", self.beta2, is_fraction, fraction)?;
        check("smoothing", self.smoothing, is_fraction, fraction)?;
        check("eps", self.eps_or_default(), is_natural, natural)?;
        let unused = |what| Err(OptionError::Unused { what, by: self.rule.to_string() });
        if self.momentum > 0.0 && !matches!(self.rule, Rule::Sgd | Rule::RmsProp) {
            return unused("momentum");
        }
        if self.nesterov && self.rule != Rule::Sgd {
            return unused("nesterov momentum");
        }
        if self.eps.is_some() && self.rule == Rule::Sgd {
            return unused("eps");
        }
        if self.nesterov {
            check("momentum", self.momentum, |x| x > 0.0, "above 0 with nesterov")?;
        }
        Ok(())
    }
}

const KIND: Kind = Kind { what: "optimizer", forms: &["sgd", "adam", "adamw", "rmsprop", "adagrad"] };

impl FromStr for Rule {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let mut parts = KIND.read(text)?;
        let rule = match parts.name {
            "sgd" => Self::Sgd,
            "adam" => Self::Adam,
            "adamw" => Self::AdamW,
            "rmsprop" => Self::RmsProp,
            "adagrad" => Self::Adagrad,
            _ => return Err(KIND.unknown(text)),
        };
        parts.end(rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sgd => "sgd",
            Self::Adam => "adam",
            Self::AdamW => "adamw",
            Self::RmsProp => "rmsprop",
            Self::Adagrad => "adagrad",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_round_trip_as_text() {
        for rule in [Rule::Sgd, Rule::Adam, Rule::AdamW, Rule::RmsProp, Rule::Adagrad] {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        let error = "rms-prop".parse::<Rule>().map_err(|e| e.to_string());
        let choices = "choose sgd, adam, adamw, rmsprop or adagrad";
        let expected = format!("there is no optimizer \"rms-prop\": did you mean rmsprop? {choices}");
        assert_eq!(error, Err(expected));
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let base = Settings::default();
        assert_eq!(base.validate(), Ok(()));
        let sgd = Settings { rule: Rule::Sgd, ..base };
        assert_eq!(Settings { momentum: 0.9, nesterov: true, ..sgd }.validate(), Ok(()));
        for (settings, error) in [
            (Settings { nesterov: true, ..sgd }, "momentum must be above 0 with nesterov, not 0"),
            (Settings { momentum: 1.0, ..sgd }, "momentum must be 0 or above and below 1, not 1"),
            (Settings { momentum: 0.9, ..base }, "adam has no momentum: leave it out"),
            (
                Settings { rule: Rule::RmsProp, nesterov: true, ..base },
                "rmsprop has no nesterov momentum: leave it out",
            ),
            (Settings { eps: Some(1e-8), ..sgd }, "sgd has no eps: leave it out"),
            (Settings { eps: Some(f64::NAN), ..base }, "eps must be finite and 0 or above, not NaN"),
            (Settings { weight_decay: -0.1, ..base }, "weight decay must be finite and 0 or above, not -0.1"),
            (Settings { beta2: 1.0, ..base }, "beta2 must be 0 or above and below 1, not 1"),
        ] {
            assert_eq!(settings.validate().map_err(|e| e.to_string()), Err(error.to_string()));
        }
    }
}
