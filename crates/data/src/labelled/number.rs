//! Parses the numbers of .ts files, in which `?` and `NaN` are missing values.

use super::error::{Problem, quoted};

/// Parses a number; a missing value is NaN. Infinities and overflow in single precision are errors.
pub(super) fn number(text: &str) -> Result<f32, Problem> {
    let text = text.trim();
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(value) if value.is_nan() => Ok(f32::NAN),
        Err(_) if text == "?" => Ok(f32::NAN),
        Ok(_) if text.contains(|c: char| c.is_ascii_digit()) => {
            Err(Problem::TooLarge { value: quoted(text) })
        }
        Ok(_) => Err(Problem::NotFinite { value: quoted(text) }),
        Err(_) => Err(Problem::Number { value: quoted(text) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_finite_or_missing() {
        for (text, value) in
            [("1", 1.0), (" -2.5e-1 ", -0.25), ("+3", 3.0), ("1e-60", 0.0), ("3.4e38", 3.4e38)]
        {
            assert_eq!(number(text), Ok(value), "{text}");
        }
        for text in ["?", " ? ", "NaN", "nan", "-nan"] {
            assert!(number(text).is_ok_and(f32::is_nan), "{text}");
        }
        for text in ["inf", "-Infinity"] {
            assert!(matches!(number(text), Err(Problem::NotFinite { .. })), "{text}");
        }
        for text in ["1e39", "-4e38", "1e999"] {
            assert!(matches!(number(text), Err(Problem::TooLarge { .. })), "{text}");
        }
        for text in ["", "NA", "n/a", "Null", ".", "-", "abc", "1,5", "0x10", "1_000", "--1"] {
            assert!(matches!(number(text), Err(Problem::Number { .. })), "{text}");
        }
    }
}
