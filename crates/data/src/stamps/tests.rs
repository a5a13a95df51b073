//! Tests of the times of a table.

mod advance;
mod ambiguity;
mod forms;
mod numbers;
mod patterns;
mod spacing;
mod zones;

use super::{Options, Recognised, Spacing, Stamps};

/// The form of a column without a name.
fn of<const N: usize>(column: [&str; N]) -> Stamps {
    with(column, &Options::default())
}

/// The form of a column with these options.
fn with<const N: usize>(column: [&str; N], options: &Options<'_>) -> Stamps {
    match Stamps::recognise(column, options).unwrap() {
        Recognised::Times(stamps) => stamps,
        other => panic!("{column:?}: {other:?}"),
    }
}

/// Options of a column with this name.
fn named(name: &str) -> Options<'_> {
    Options { name: Some(name), ..Options::default() }
}

/// The spacing of fields of this form.
fn spaced<'a>(stamps: &Stamps, fields: impl IntoIterator<Item = &'a str>) -> Spacing {
    let mut spacing = Spacing::default();
    let mut last = None;
    for field in fields {
        let instant = stamps.parse_after(field, last.as_ref()).unwrap();
        spacing.push(instant);
        last = Some(instant);
    }
    spacing
}
