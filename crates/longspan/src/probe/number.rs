//! Numbers in lists of records: those that are not finite are the strings "NaN", "Infinity" and "-Infinity".

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number as a record holds it.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            x if x.is_nan() => to.serialize_str("NaN"),
            f64::INFINITY => to.serialize_str("Infinity"),
            f64::NEG_INFINITY => to.serialize_str("-Infinity"),
            x => to.serialize_f64(x),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Finite(f64),
            Name(String),
        }
        Ok(Self(match Either::deserialize(from)? {
            Either::Finite(x) => x,
            Either::Name(name) => match name.as_str() {
                "NaN" => f64::NAN,
                "Infinity" => f64::INFINITY,
                "-Infinity" => f64::NEG_INFINITY,
                _ => return Err(de::Error::custom(format!("\"{name}\" is not a number"))),
            },
        }))
    }
}

pub(super) fn serialize<S: Serializer>(list: &[f64], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(list.iter().map(|&x| Number(x)))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    Ok(Vec::<Number>::deserialize(from)?.into_iter().map(|x| x.0).collect())
}
