//! Numbers in JSON that may not be finite. The logarithm of 0 is −∞, and must be read back as −∞.
//!
//! In files and documents, such a number is null, and the object that has it names it in a field `not_finite`:
//!
//! ```text
//! {"loss": null, "norms": [null, -2.5], "not_finite": {"loss": "NaN", "norms": {"0": "-Infinity"}}}
//! ```
//!
//! Serde writes them as the strings "NaN", "Infinity" and "-Infinity", which [`document`] replaces, and reads both forms. Files of
//! earlier versions have the strings.

use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

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

/// The field that names the numbers that are not finite.
const FIELD: &str = "not_finite";
/// Fields of names, which may be such a word.
const NAMES: [&str; 8] = ["name", "group", "class", "tensor", "label", "baseline", "text", "data"];

/// Replaces the numbers that are not finite by null, and names them in `not_finite`; see the module. What was replaced before
/// stays.
pub fn document(mut value: Value) -> Value {
    replace(&mut value);
    value
}

/// Converts a record to a value for a file or document, without a number that is not finite.
///
/// # Errors
/// As serde.
pub fn to_document(record: &impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::to_value(record).map(document)
}

/// Reads a record from the text of a file, of this or an earlier version.
///
/// # Errors
/// As serde.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    let field = FIELD.as_bytes();
    if !text.windows(field.len()).any(|part| part == field) {
        return serde_json::from_slice(text);
    }
    let mut value = serde_json::from_slice(text)?;
    restore(&mut value);
    serde_json::from_value(value)
}

fn is_word(value: &Value) -> bool {
    matches!(value.as_str(), Some("NaN" | "Infinity" | "-Infinity"))
}

fn replace(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // A document may be a part of another one, whose numbers are named already.
            let named = fields.remove(FIELD);
            let mut words = named.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
            for (name, field) in fields.iter_mut() {
                if NAMES.contains(&name.as_str()) && field.is_string() {
                    continue;
                }
                if is_word(field) {
                    words.insert(name.clone(), field.take());
                } else if let Value::Array(list) = field {
                    let mut positions = Map::new();
                    replace_list(list, "", &mut positions);
                    if !positions.is_empty() {
                        words.insert(name.clone(), positions.into());
                    }
                } else {
                    replace(field);
                }
            }
            if !words.is_empty() {
                fields.insert(FIELD.into(), words.into());
            }
        }
        Value::Array(list) => list.iter_mut().for_each(replace),
        _ => {}
    }
}

/// Replaces the numbers of a list, and of the lists in it. Positions are those of each list, from 0, as in `1/0`.
fn replace_list(list: &mut [Value], at: &str, positions: &mut Map<String, Value>) {
    // A list of texts has no numbers.
    let numbers = list.iter().any(|value| !value.is_string()) || list.iter().all(is_word);
    for (i, value) in list.iter_mut().enumerate() {
        let at = if at.is_empty() { i.to_string() } else { format!("{at}/{i}") };
        match value {
            Value::Array(inner) => replace_list(inner, &at, positions),
            value if numbers && is_word(value) => drop(positions.insert(at, value.take())),
            value => replace(value),
        }
    }
}

fn restore(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let words = fields.remove(FIELD);
            for (name, word) in words.iter().filter_map(Value::as_object).flatten() {
                let Some(field) = fields.get_mut(name) else { continue };
                match word {
                    Value::Object(positions) => {
                        for (at, word) in positions {
                            let place = at.split('/').try_fold(&mut *field, |list, i| {
                                list.as_array_mut()?.get_mut(i.parse::<usize>().ok()?)
                            });
                            if let Some(place) = place.filter(|place| place.is_null()) {
                                *place = word.clone();
                            }
                        }
                    }
                    word if field.is_null() => *field = word.clone(),
                    _ => {}
                }
            }
            fields.values_mut().for_each(restore);
        }
        Value::Array(list) => list.iter_mut().for_each(restore),
        _ => {}
    }
}

/// Serialises a record as part of a document: `#[serde(serialize_with = "json_float::part")]`.
///
/// # Errors
/// As the serialiser.
pub fn part<S: Serializer>(record: &impl Serialize, to: S) -> Result<S::Ok, S::Error> {
    to_document(record).map_err(S::Error::custom)?.serialize(to)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Record {
        name: String,
        #[serde(with = "super")]
        loss: f64,
        #[serde(with = "super::list")]
        norms: Vec<f64>,
        parts: Vec<Record>,
        names: Vec<String>,
    }

    #[test]
    fn a_document_has_no_word_for_a_number_and_reads_back() {
        let part = Record { norms: vec![f64::INFINITY], ..Record::default() };
        let norms = vec![f64::NEG_INFINITY, -2.5, f64::NEG_INFINITY];
        let names = vec!["NaN".to_owned(), "b".to_owned()];
        let record = Record { name: "NaN".into(), loss: f64::INFINITY, norms, parts: vec![part], names };
        let written = to_document(&record).expect("JSON");
        assert_eq!(written["loss"], Value::Null);
        assert_eq!((&written["name"], &written["names"]), (&json!("NaN"), &json!(["NaN", "b"])));
        assert_eq!(written["norms"], json!([null, -2.5, null]));
        let words = json!({"loss": "Infinity", "norms": {"0": "-Infinity", "2": "-Infinity"}});
        assert_eq!(written["not_finite"], words);
        assert_eq!(written["parts"][0]["not_finite"], json!({"norms": {"0": "Infinity"}}));
        assert_eq!(from_slice::<Record>(written.to_string().as_bytes()).expect("a record"), record);
        // As a part of another document, it is what it was.
        assert_eq!(document(json!({"part": written})), json!({"part": written}));
        // A file of an earlier version.
        let old = serde_json::to_string(&record).expect("JSON");
        assert!(old.contains("\"-Infinity\""));
        assert_eq!(from_slice::<Record>(old.as_bytes()).expect("a record"), record);
        // What is damaged is an error or is ignored, and never a panic.
        let damaged = br#"{"name": "a", "loss": 1, "norms": [], "parts": [], "names": [], "not_finite": {"norms": {"7/x": "NaN"}}}"#;
        assert_eq!(from_slice::<Record>(damaged).expect("a record").loss, 1.0);
    }
}
