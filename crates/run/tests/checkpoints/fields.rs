//! Every field of a JSON document, changed to every value of a list, one at a time.

use serde_json::{Value, json};

/// A step from a document to a part of it.
#[derive(Clone, Debug)]
enum Key {
    Name(String),
    Index(usize),
}

/// The documents with one change, each with its description.
pub(crate) fn changes(document: &Value) -> Vec<(String, Value)> {
    let mut paths = Vec::new();
    collect(document, &mut Vec::new(), &mut paths);
    let mut all = Vec::new();
    for path in paths {
        let name: String = path
            .iter()
            .map(|key| match key {
                Key::Name(name) => format!(".{name}"),
                Key::Index(index) => format!("[{index}]"),
            })
            .collect();
        let own = at(&mut document.clone(), &path).clone();
        for value in values(&own).into_iter().filter(|value| *value != own) {
            let mut changed = document.clone();
            let short: String = value.to_string().chars().take(40).collect();
            *at(&mut changed, &path) = value;
            all.push((format!("{name} = {short}"), changed));
        }
        let mut without = document.clone();
        let (last, parent) = path.split_last().expect("a key");
        match (at(&mut without, parent), last) {
            (Value::Object(fields), Key::Name(name)) => drop(fields.shift_remove(name)),
            (Value::Array(items), Key::Index(index)) => drop(items.remove(*index)),
            _ => unreachable!("a key of its parent"),
        }
        all.push((format!("{name} removed"), without));
    }
    all
}

/// The values that a field gets.
fn values(own: &Value) -> Vec<Value> {
    let mut values = vec![
        json!(0),
        json!(1),
        json!(-1),
        json!(3),
        json!(9),
        json!(1_000_000),
        json!(1u64 << 62),
        json!(u64::MAX),
        json!(1e308),
        json!(-1e308),
        json!(5e-324),
        json!(0.5),
        json!(""),
        json!("\u{0}"),
        json!([]),
        json!({}),
        json!(null),
        json!(true),
        json!(false),
        Value::Array(vec![json!(1); 3_000]),
    ];
    let words = [
        "rnn", "gru", "lstm", "residual", "last", "mean", "ends", "tokens", "numbers", "next", "value",
        "classes", "byte", "char", "word", "squared", "absolute", "labels", "weekdays", "%Y", "%H", "UTC",
    ];
    if own.is_string() {
        values.extend(words.map(Value::from));
    }
    if let Value::Array(items) = own {
        let twice = items.iter().chain(items.last()).cloned().collect();
        values.push(Value::Array(twice));
        values.push(Value::Array(items.iter().rev().cloned().collect()));
    }
    if let Value::Number(number) = own {
        values.extend(
            number.as_u64().into_iter().flat_map(|n| [n + 1, n.saturating_sub(1), 2 * n]).map(Value::from),
        );
        values.extend(number.as_f64().map(|x| Value::from(-x)));
    }
    values
}

/// The paths of all fields; of long lists, those of the first and the last item.
fn collect(value: &Value, path: &mut Vec<Key>, paths: &mut Vec<Vec<Key>>) {
    if !path.is_empty() {
        paths.push(path.clone());
    }
    let children: Vec<(Key, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (Key::Name(name.clone()), value)).collect()
        }
        Value::Array(items) => {
            let ends = items.iter().enumerate().filter(|(index, _)| *index == 0 || index + 1 == items.len());
            ends.map(|(index, value)| (Key::Index(index), value)).collect()
        }
        _ => Vec::new(),
    };
    for (key, child) in children {
        path.push(key);
        collect(child, path, paths);
        path.pop();
    }
}

fn at<'a>(value: &'a mut Value, path: &[Key]) -> &'a mut Value {
    path.iter().fold(value, |value, key| match key {
        Key::Name(name) => &mut value[name],
        Key::Index(index) => &mut value[index],
    })
}
