//! Numbers in JSON: those that are not finite are the strings "NaN", "Infinity" and "-Infinity". The logarithm of 0 is
//! −∞, and must be read back as −∞.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Finite(f64),
    Other(Other),
}

#[derive(Serialize, Deserialize)]
enum Other {
    #[serde(rename = "NaN")]
    Nan,
    Infinity,
    #[serde(rename = "-Infinity")]
    MinusInfinity,
}

impl From<f64> for Written {
    fn from(x: f64) -> Self {
        match x {
            x if x.is_nan() => Self::Other(Other::Nan),
            f64::INFINITY => Self::Other(Other::Infinity),
            f64::NEG_INFINITY => Self::Other(Other::MinusInfinity),
            x => Self::Finite(x),
        }
    }
}

impl From<Written> for f64 {
    fn from(written: Written) -> Self {
        match written {
            Written::Finite(x) => x,
            Written::Other(Other::Nan) => Self::NAN,
            Written::Other(Other::Infinity) => Self::INFINITY,
            Written::Other(Other::MinusInfinity) => Self::NEG_INFINITY,
        }
    }
}

/// Converts a number to a JSON value.
pub fn value(x: f64) -> Value {
    json!(Written::from(x))
}

/// Serialises one number: `#[serde(with = "json_float")]`.
///
/// # Errors
/// As the serialiser.
pub fn serialize<S: Serializer>(x: &f64, to: S) -> Result<S::Ok, S::Error> {
    Written::from(*x).serialize(to)
}

/// Deserialises one number.
///
/// # Errors
/// If the value is not a number.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Written::deserialize(from).map(f64::from)
}

/// The same for lists: `#[serde(with = "json_float::list")]`.
pub mod list {
    use super::{Deserialize, Deserializer, Serializer, Written};

    /// Serialises a list of numbers.
    ///
    /// # Errors
    /// As the serialiser.
    pub fn serialize<S: Serializer>(list: &[f64], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(|&x| Written::from(x)))
    }

    /// Deserialises a list of numbers.
    ///
    /// # Errors
    /// If the value is not a list of numbers.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<Written>::deserialize(from)?.into_iter().map(f64::from).collect())
    }
}
