//! Conversion of settings from and to text.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::{Calendar, CellName, ClassWeights, Gaps, Missing, Names, Observe, OnFault, OnFullDisk, Scale};
use longspan::bptt::dropout::Mask;
use longspan::model::head::ValueLoss;
use longspan::model::init::{Distribution, Init};
use longspan::model::pooling::Pooling;
use longspan::optim::Rule;
use longspan::optim::clip::Clip;
use longspan::optim::schedule::Schedule;
use longspan::option_syntax::Size;
use longspan_data::encoding::{Encoding, UnknownEncoding};
use longspan_data::labelled::LabelType;
use longspan_data::labelled::idx::ImageSteps;
use longspan_data::mask::LossMask;
use longspan_data::table::{Decimal, Separator, join_names, split_names};
use longspan_data::task::{Lengths, TaskKind};
use longspan_data::vocabulary::TokenLevel;

/// A value in a TOML file.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not set.
    Absent,
    /// A whole number.
    Integer(u64),
    /// A number.
    Real(f64),
    /// true or false.
    Flag(bool),
    /// Text.
    Text(String),
}

impl Value {
    /// The value as text, as a flag takes it; None if it is absent.
    pub fn text(&self) -> Option<String> {
        (*self != Self::Absent).then(|| self.to_string())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("(none)"),
            Self::Integer(x) => write!(f, "{x}"),
            Self::Real(x) => write!(f, "{x:?}"),
            Self::Flag(x) => write!(f, "{x}"),
            Self::Text(x) => f.write_str(x),
        }
    }
}

/// The value of one setting.
pub trait Field {
    /// Reads the value from text; the error says what the setting needs.
    fn set(&mut self, text: &str) -> Result<(), String>;
    /// The value.
    fn get(&self) -> Value;
}

macro_rules! integer {
    ($($t:ty),*) => {$(
        impl Field for $t {
            fn set(&mut self, text: &str) -> Result<(), String> {
                *self = text.parse().map_err(|_| "needs a whole number, 0 or more".to_owned())?;
                Ok(())
            }
            fn get(&self) -> Value {
                Value::Integer(*self as u64)
            }
        }
    )*};
}
integer!(usize, u64);

impl Field for f64 {
    fn set(&mut self, text: &str) -> Result<(), String> {
        *self = text.parse().map_err(|_| "needs a number".to_owned())?;
        Ok(())
    }
    fn get(&self) -> Value {
        Value::Real(*self)
    }
}

impl Field for Option<f64> {
    fn set(&mut self, text: &str) -> Result<(), String> {
        self.insert(0.0).set(text)
    }
    fn get(&self) -> Value {
        self.map_or(Value::Absent, Value::Real)
    }
}

impl Field for bool {
    fn set(&mut self, text: &str) -> Result<(), String> {
        *self = text.parse().map_err(|_| "needs true or false".to_owned())?;
        Ok(())
    }
    fn get(&self) -> Value {
        Value::Flag(*self)
    }
}

impl Field for Option<PathBuf> {
    fn set(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Err("needs the path of a file".into());
        }
        *self = Some(text.into());
        Ok(())
    }
    fn get(&self) -> Value {
        self.as_ref().map_or(Value::Absent, |path| Value::Text(path.to_string_lossy().into_owned()))
    }
}

impl Field for Option<Encoding> {
    fn set(&mut self, text: &str) -> Result<(), String> {
        *self = Some(text.parse().map_err(|error: UnknownEncoding| error.need().to_owned())?);
        Ok(())
    }
    fn get(&self) -> Value {
        self.map_or(Value::Absent, |encoding| Value::Text(encoding.name().to_owned()))
    }
}

impl Field for Option<String> {
    fn set(&mut self, text: &str) -> Result<(), String> {
        *self = Some(text.to_owned());
        Ok(())
    }
    fn get(&self) -> Value {
        self.as_ref().map_or(Value::Absent, |name| Value::Text(name.clone()))
    }
}

impl Field for Names {
    fn set(&mut self, text: &str) -> Result<(), String> {
        let names = split_names(text);
        if names.iter().any(String::is_empty) {
            return Err("needs names, separated by commas".into());
        }
        self.0 = names;
        Ok(())
    }
    fn get(&self) -> Value {
        if self.0.is_empty() { Value::Absent } else { Value::Text(join_names(&self.0)) }
    }
}

impl Field for Calendar {
    fn set(&mut self, text: &str) -> Result<(), String> {
        let mut features = Vec::new();
        for name in text.split(',') {
            let feature = name.trim().parse()?;
            if features.contains(&feature) {
                return Err(format!("names {feature} twice: name every feature once"));
            }
            features.push(feature);
        }
        self.0 = features;
        Ok(())
    }
    fn get(&self) -> Value {
        if self.0.is_empty() { Value::Absent } else { Value::Text(self.to_string()) }
    }
}

macro_rules! optional {
    ($($t:ty),*) => {$(
        impl Field for Option<$t> {
            fn set(&mut self, text: &str) -> Result<(), String> {
                *self = Some(<$t>::from_str(text).map_err(|error| error.to_string())?);
                Ok(())
            }
            fn get(&self) -> Value {
                self.map_or(Value::Absent, |value| Value::Text(value.to_string()))
            }
        }
    )*};
}
optional!(LossMask, LabelType, Separator, Decimal, TaskKind, Distribution);

impl Field for Option<bool> {
    fn set(&mut self, text: &str) -> Result<(), String> {
        *self = Some(text.parse().map_err(|_| "needs true or false")?);
        Ok(())
    }
    fn get(&self) -> Value {
        self.map_or(Value::Absent, |value| Value::Text(value.to_string()))
    }
}

impl Field for Lengths {
    fn set(&mut self, text: &str) -> Result<(), String> {
        *self = text.parse()?;
        Ok(())
    }
    fn get(&self) -> Value {
        match self.count() {
            1 => Value::Integer(self.longest() as u64),
            _ => Value::Text(self.to_string()),
        }
    }
}

macro_rules! named {
    ($($t:ty),*) => {$(
        impl Field for $t {
            fn set(&mut self, text: &str) -> Result<(), String> {
                *self = <$t>::from_str(text).map_err(|error| error.to_string())?;
                Ok(())
            }
            fn get(&self) -> Value {
                Value::Text(self.to_string())
            }
        }
    )*};
}
named!(
    TokenLevel,
    Init,
    Rule,
    Schedule,
    Clip,
    CellName,
    ClassWeights,
    Observe,
    OnFault,
    OnFullDisk,
    Size,
    ImageSteps,
    Missing,
    Gaps,
    Scale,
    Pooling,
    ValueLoss,
    Mask
);
