//! Lists of column names in one text: separated by commas, a name with a comma in double quotes.

/// What a setting has instead of a name for no column.
const NONE: &str = "none";

/// Whether a setting asks for no column. A column with that name is one.
pub(crate) fn is_no_column(given: &str, names: &[String]) -> bool {
    given.trim() == NONE && !names.iter().any(|name| name == NONE)
}

/// Writes names as one text.
pub fn join_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let quoted = |name: &str| match name.contains([',', '"']) || name.trim() != name {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.to_owned(),
    };
    names.into_iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(",")
}

/// Returns the names of a text. Blanks around a name are not part of it, unless it is in quotes.
pub fn split_names(text: &str) -> Vec<String> {
    let (mut names, mut rest) = (Vec::new(), text);
    loop {
        let (name, after) = first(rest);
        names.push(name);
        match after {
            Some(after) => rest = after,
            None => return names,
        }
    }
}

/// The first name, and what follows its comma.
fn first(text: &str) -> (String, Option<&str>) {
    let plain = || match text.split_once(',') {
        Some((name, after)) => (name.trim().to_owned(), Some(after)),
        None => (text.trim().to_owned(), None),
    };
    let Some(inside) = text.trim_start().strip_prefix('"') else { return plain() };
    let (mut name, mut rest) = (String::new(), inside);
    while let Some((before, after)) = rest.split_once('"') {
        name += before;
        if let Some(quoted) = after.strip_prefix('"') {
            name.push('"');
            rest = quoted;
            continue;
        }
        return match after.trim_start().strip_prefix(',') {
            Some(after) => (name, Some(after)),
            None if after.trim().is_empty() => (name, None),
            None => plain(),
        };
    }
    plain()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_names_are_split_again() {
        for names in [&["a"][..], &["a", "b c"], &["Temp, °C", "RH"], &["a\"b", "\"", " x "], &["x", ""]] {
            assert_eq!(split_names(&join_names(names)), names, "{}", join_names(names));
        }
        assert_eq!(join_names(["RH", "Temp, °C"]), "RH,\"Temp, °C\"");
        assert_eq!(split_names(" a , \"b, c\" , d"), ["a", "b, c", "d"]);
        // Quotes that do not end are part of the name.
        assert_eq!(split_names("\"a,b"), ["\"a", "b"]);
        assert_eq!(split_names("\"a\"b,c"), ["\"a\"b", "c"]);
    }
}
