//! Settings of the form `NAME[:X[:Y]]`, read with errors that say what to write instead.

mod size;

pub use size::Size;

/// A setting that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// The name does not exist.
    #[error("there is no {what} \"{name}\": {}choose {choices}", .nearest.as_ref().map(|n| format!("did you mean {n}? ")).unwrap_or_default())]
    Unknown {
        /// The kind of setting, for example "clipping rule".
        what: &'static str,
        /// The text that was given.
        name: String,
        /// The most similar form, if the name is plausibly a typo.
        nearest: Option<String>,
        /// All forms, as a list in words.
        choices: String,
    },
    /// A text in place of a number.
    #[error("{what} must be {need}, not \"{text}\"")]
    NotANumber {
        /// The meaning of the number, for example "the clipping norm".
        what: &'static str,
        /// The text that was given.
        text: String,
        /// "a number" or "a whole number".
        need: &'static str,
    },
    /// A number outside the allowed range.
    #[error("{what} must be {need}, not {value}")]
    OutOfRange {
        /// The meaning of the number, for example "the clipping norm".
        what: &'static str,
        /// The number that was given.
        value: String,
        /// The requirement, for example "finite and above 0".
        need: &'static str,
    },
    /// A required number is missing.
    #[error("\"{text}\" lacks {what}: write {form}")]
    MissingNumber {
        /// The text that was given.
        text: String,
        /// The meaning of the number.
        what: &'static str,
        /// The correct form.
        form: &'static str,
    },
    /// There are more numbers than the setting has.
    #[error("\"{text}\" has too many numbers: write {form}")]
    SurplusNumber {
        /// The text that was given.
        text: String,
        /// The correct form.
        form: &'static str,
    },
    /// A setting that would have no effect.
    #[error("{by} has no {what}: leave it out")]
    Unused {
        /// The setting, for example "momentum".
        what: &'static str,
        /// The value that does not use it, for example "adam".
        by: String,
    },
}

/// Returns the choice that `name` is plausibly a misspelling of: at most a third of its letters are wrong (a
/// swap of two adjacent letters counts as one, Damerau–Levenshtein), or it is truncated after at least three
/// letters. Whatever follows the name in a choice (`norm:C`) or in `name` is ignored, and so is case.
pub fn nearest<'a>(name: &str, choices: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = head(name).to_lowercase();
    let letters = name.chars().count();
    let distance = |choice: &str| {
        let choice = head(choice).to_lowercase();
        if letters >= 3 && choice.starts_with(&name) {
            return Some(0);
        }
        let wrong = strsim::damerau_levenshtein(&name, &choice);
        (wrong * 3 <= letters.max(choice.chars().count())).then_some(wrong)
    };
    choices
        .into_iter()
        .filter_map(|choice| distance(choice).map(|d| (d, choice)))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Returns the name in `name:X` or `name[:X]`.
fn head(form: &str) -> &str {
    form.split([':', '[']).next().unwrap_or(form)
}

/// A kind of setting: its name in messages, and the forms of its values (`step:E[:F]`).
pub struct Kind {
    /// The name of a value in messages.
    pub what: &'static str,
    /// The forms of a value.
    pub forms: &'static [&'static str],
}

impl Kind {
    /// Splits a setting of this kind at its colons.
    pub fn read<'t>(&self, text: &'t str) -> Result<Parts<'t>, OptionError> {
        let mut rest = text.split(':');
        let name = rest.next().unwrap_or_default();
        let form = self.forms.iter().find(|form| head(form) == name).ok_or_else(|| self.unknown(text))?;
        Ok(Parts { name, text, form, rest })
    }

    /// Returns the error for a name that none of the forms has.
    pub fn unknown(&self, text: &str) -> OptionError {
        let choices = match self.forms {
            [] => String::new(),
            [only] => (*only).to_string(),
            [most @ .., last] => format!("{} or {last}", most.join(", ")),
        };
        let nearest = nearest(text, self.forms.iter().copied()).map(str::to_string);
        OptionError::Unknown { what: self.what, name: text.to_string(), nearest, choices }
    }
}

/// A setting, split at its colons.
pub struct Parts<'t> {
    /// NAME.
    pub name: &'t str,
    text: &'t str,
    form: &'static str,
    rest: std::str::Split<'t, char>,
}

impl<'t> Parts<'t> {
    /// Returns the text of the next number, which is required.
    pub fn required(&mut self, what: &'static str) -> Result<&'t str, OptionError> {
        self.rest.next().ok_or_else(|| OptionError::MissingNumber {
            text: self.text.to_string(),
            what,
            form: self.form,
        })
    }

    /// Returns the text of the next number, if there is one.
    pub fn optional(&mut self) -> Option<&'t str> {
        self.rest.next()
    }

    /// Checks that no number is left.
    pub fn end<T>(&mut self, value: T) -> Result<T, OptionError> {
        match self.rest.next() {
            None => Ok(value),
            Some(_) => Err(OptionError::SurplusNumber { text: self.text.to_string(), form: self.form }),
        }
    }
}

/// Returns `value` if it meets the requirement.
pub fn check(
    what: &'static str,
    value: f64,
    good: impl Fn(f64) -> bool,
    need: &'static str,
) -> Result<f64, OptionError> {
    if good(value) {
        Ok(value)
    } else {
        Err(OptionError::OutOfRange { what, value: value.to_string(), need })
    }
}

/// Parses a number, without checking its range.
pub fn number(what: &'static str, text: &str) -> Result<f64, OptionError> {
    let error = || OptionError::NotANumber { what, text: text.to_string(), need: "a number" };
    text.parse().map_err(|_| error())
}

/// Parses a finite number above 0.
pub fn positive(what: &'static str, text: &str) -> Result<f64, OptionError> {
    check(what, number(what, text)?, |x| x.is_finite() && x > 0.0, "finite and above 0")
}

/// Parses a whole number.
pub fn whole(what: &'static str, text: &str) -> Result<u64, OptionError> {
    let error = || OptionError::NotANumber { what, text: text.to_string(), need: "a whole number" };
    text.parse().map_err(|_| error())
}

/// Parses a whole number of at least 1.
pub fn count(what: &'static str, text: &str) -> Result<u64, OptionError> {
    match whole(what, text)? {
        0 => Err(OptionError::OutOfRange { what, value: "0".into(), need: "at least 1" }),
        n => Ok(n),
    }
}

/// Implements `FromStr` and `Display` for an enum without values; the error names the most similar choice. Names after
/// `unlisted` are read, but not offered as choices.
#[macro_export]
macro_rules! option_names {
    ($t:ident, $what:literal: $($variant:ident = $name:literal),* $(; unlisted $hidden:ident = $of_hidden:literal)?) => {
        impl ::std::str::FromStr for $t {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok(Self::$variant),)*
                    $($of_hidden => Ok(Self::$hidden),)?
                    _ => {
                        let choices = [$($name),*];
                        let near = $crate::option_syntax::nearest(text, choices).map_or(String::new(), |n| format!("did you mean {n}? "));
                        Err(format!("there is no such {}: {near}choose one of {}", $what, choices.join(", ")))
                    }
                }
            }
        }

        impl ::std::fmt::Display for $t {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $name,)*
                    $(Self::$hidden => $of_hidden,)?
                })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Kind = Kind { what: "clipping rule", forms: &["none", "norm:C", "step:E[:F]"] };

    #[test]
    fn only_plausible_typos_have_a_nearest_name() {
        let names = ["sgd", "adam", "adamw", "rmsprop", "orthogonal[:gain]"];
        for (typed, meant) in [
            ("sdg", Some("sgd")),
            ("Adam", Some("adam")),
            ("admaw", Some("adamw")),
            ("rms_prop", Some("rmsprop")),
            ("orth:2", Some("orthogonal[:gain]")),
            ("lion", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, names), meant, "{typed}");
        }
    }

    #[test]
    fn an_unknown_name_gives_an_error_with_the_choices() {
        assert_eq!(
            RULE.unknown("nrom:1").to_string(),
            "there is no clipping rule \"nrom:1\": did you mean norm:C? choose none, norm:C or step:E[:F]"
        );
        assert_eq!(
            RULE.unknown("agc").to_string(),
            "there is no clipping rule \"agc\": choose none, norm:C or step:E[:F]"
        );
    }

    #[test]
    fn numbers_are_read_where_the_form_has_them() -> Result<(), OptionError> {
        let mut parts = RULE.read("step:3:0.25")?;
        assert_eq!((parts.name, count("E", parts.required("E")?)?), ("step", 3));
        assert_eq!(parts.optional().map(|text| positive("F", text)), Some(Ok(0.25)));
        parts.end(())?;
        let missing = RULE.read("norm")?.required("the clipping norm").map_err(|e| e.to_string());
        assert_eq!(missing, Err("\"norm\" lacks the clipping norm: write norm:C".into()));
        let surplus = RULE.read("none:1")?.end(()).map_err(|e| e.to_string());
        assert_eq!(surplus, Err("\"none:1\" has too many numbers: write none".into()));
        Ok(())
    }

    #[test]
    fn numbers_must_be_in_their_range() {
        let said = |error: OptionError| error.to_string();
        for (text, value) in [("nan", "NaN"), ("inf", "inf"), ("0", "0"), ("-1", "-1")] {
            let need = format!("the norm must be finite and above 0, not {value}");
            assert_eq!(positive("the norm", text).map_err(said), Err(need));
        }
        assert_eq!(
            positive("the norm", "a").map_err(said),
            Err("the norm must be a number, not \"a\"".into())
        );
        assert_eq!(count("E", "0").map_err(said), Err("E must be at least 1, not 0".into()));
        assert_eq!(whole("E", "1.5").map_err(said), Err("E must be a whole number, not \"1.5\"".into()));
    }
}
