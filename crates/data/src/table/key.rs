//! The columns whose values tell which series or sequence a row belongs to.

use csv::StringRecord;

use super::{Rows, TableError};

/// One column, or several whose values belong together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    /// The fields of a row.
    fields: Vec<usize>,
    /// The names of the columns as they stand in a key of several; empty for one column.
    labels: Vec<String>,
}

impl Key {
    /// Finds the columns that a setting names: one, or several between commas.
    ///
    /// # Errors
    /// [`TableError`] if a column does not exist or is named twice.
    pub(crate) fn named(rows: &Rows<'_>, flag: &'static str, given: &str) -> Result<Self, TableError> {
        let fields = rows.columns(flag, given)?;
        if let Some(twice) = (1..fields.len()).find(|&i| fields[..i].contains(&fields[i])) {
            return Err(TableError::KeyTwice { flag, name: rows.names[fields[twice]].clone() });
        }
        Ok(Self::new(fields, |field| rows.names[field].as_str()))
    }

    /// The key of these columns.
    pub(crate) fn new<'n>(fields: Vec<usize>, name: impl Fn(usize) -> &'n str) -> Self {
        let labels = fields.iter().filter(|_| fields.len() > 1).map(|&field| {
            let mut label = String::new();
            push_word(&mut label, name(field));
            label
        });
        Self { labels: labels.collect(), fields }
    }

    /// The key of one column.
    pub(crate) fn of_field(field: usize) -> Self {
        Self { fields: vec![field], labels: Vec::new() }
    }

    /// Whether a field is part of the key.
    pub(crate) fn has(&self, field: usize) -> bool {
        self.fields.contains(&field)
    }

    /// The first field of the key that is empty in a row.
    pub(crate) fn empty(&self, row: &StringRecord) -> Option<usize> {
        self.fields.iter().copied().find(|&field| row[field].trim().is_empty())
    }

    /// The key of a row: its value, or `store=1 item=7` for several columns, which is written to `text`. Two rows have
    /// the same key only if all of their values are the same.
    pub(crate) fn of<'r>(&self, row: &'r StringRecord, text: &'r mut String) -> &'r str {
        if let [field] = self.fields[..] {
            return row[field].trim();
        }
        text.clear();
        for (&field, label) in self.fields.iter().zip(&self.labels) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(label);
            text.push('=');
            push_word(text, row[field].trim());
        }
        text
    }
}

/// Writes a word; quotes are around those that have blanks, quotes or equals signs, or nothing.
fn push_word(text: &mut String, word: &str) {
    if !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c == '"' || c == '=') {
        text.push_str(word);
        return;
    }
    text.push('"');
    for character in word.chars() {
        // A quote inside is doubled, as in a CSV file.
        if character == '"' {
            text.push('"');
        }
        text.push(character);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::TableOptions;

    #[test]
    fn keys_are_equal_only_if_all_values_are() {
        let table = "store,item no,x\n1,7,1\n";
        let rows = Rows::open("k.csv".as_ref(), table.as_bytes(), &TableOptions::default(), false).unwrap();
        let one = Key::named(&rows, "--group-column", "item no").unwrap();
        let two = Key::named(&rows, "--group-column", "store, item no").unwrap();
        let mut text = String::new();
        let mut seen = std::collections::HashSet::new();
        for (values, expected) in [
            (["1", "7"], "store=1 \"item no\"=7"),
            (["1 \"item no\"=7", ""], "store=\"1 \"\"item no\"\"=7\" \"item no\"=\"\""),
            (["1", "\"\" 7"], "store=1 \"item no\"=\"\"\"\"\" 7\""),
            (["1\" \"", "7"], "store=\"1\"\" \"\"\" \"item no\"=7"),
            (["New York", " a,b "], "store=\"New York\" \"item no\"=a,b"),
        ] {
            let row = StringRecord::from(values.to_vec());
            assert_eq!(two.of(&row, &mut text), expected);
            assert!(seen.insert(expected));
            assert_eq!(one.of(&row, &mut text), values[1].trim());
        }
        assert_eq!(two.empty(&StringRecord::from(vec!["1", " ", "3"])), Some(1));
        let twice = Key::named(&rows, "--id-column", "store,store").unwrap_err().to_string();
        assert!(twice.contains("--id-column names \"store\" twice"), "{twice}");
        assert!(
            Key::named(&rows, "--id-column", "store,stare").unwrap_err().to_string().contains("mean store?")
        );
    }
}
