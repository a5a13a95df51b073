//! Spellings of a missing value: one list for all readers.

/// The spellings, in lower case; files may use any case.
const SPELLINGS: [&str; 24] = [
    "", "?", ".", "-", "--", "\u{2013}", "\u{2014}", "\u{2212}", "na", "n/a", "<na>", "#n/a", "#n/a n/a",
    "nan", "-nan", "null", "(null)", "nil", "none", "\\n", "#div/0!", "#value!", "#num!", "#ref!",
];

/// Whether a trimmed field is a missing value in every table.
pub fn is_missing(field: &str) -> bool {
    field.len() <= 8 && SPELLINGS.iter().any(|missing| field.eq_ignore_ascii_case(missing))
}

/// More spellings of a missing value, from `--na`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Na(Vec<(String, Option<f64>)>);

impl Na {
    pub(crate) fn new(spellings: &[String]) -> Self {
        let of = |text: &String| (text.trim().to_owned(), text.trim().parse().ok());
        Self(spellings.iter().map(of).collect())
    }

    /// Whether a trimmed field is one of them: the same text in any case, or the same number, so that -999 also means
    /// -999.0.
    pub(crate) fn has(&self, field: &str) -> bool {
        !self.0.is_empty() && {
            let number = field.parse::<f64>().ok();
            let same = |(text, value): &(String, Option<f64>)| {
                field.eq_ignore_ascii_case(text) || value.is_some() && *value == number
            };
            self.0.iter().any(same)
        }
    }
}
