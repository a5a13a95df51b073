//! Units of numbers: currency signs, `%`, K M G, or a unit that every number of a column has.

use super::misfit::Misfit;
use super::missing::is_missing;
use super::notation::bracketed;

/// Currencies before or after a number. What begins like another one is before it.
const CURRENCIES: [&str; 12] = ["US$", "$", "€", "£", "¥", "₹", "Rs.", "Rs", "USD", "EUR", "GBP", "INR"];
/// Units that may follow a number without a space; others, and single letters, need one.
const UNITS: [&str; 46] = [
    "%", "‰", "°", "°C", "°F", "kg", "mg", "lb", "oz", "cm", "mm", "km", "ft", "in", "mi", "ms", "us", "µs",
    "ns", "min", "mV", "kV", "mA", "kW", "MW", "GW", "Wh", "kWh", "MWh", "kJ", "Pa", "hPa", "kPa", "bar",
    "mbar", "Hz", "kHz", "MHz", "GHz", "kB", "MB", "GB", "ml", "m/s", "km/h", "ppm",
];
/// Longest unit, in characters.
const LONGEST: usize = 8;

/// What the numbers of a column have before and after their digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    before: String,
    after: String,
    /// Whether each number ends with K, M, G or B: thousands, millions, or thousand millions.
    multiples: bool,
}

impl Unit {
    /// Finds the unit that all values of a column have.
    pub(super) fn of<'f>(fields: impl Iterator<Item = &'f str>) -> Self {
        let mut found: Option<Self> = None;
        for field in fields.map(str::trim).filter(|field| !is_missing(field)) {
            let field = bracketed(field).unwrap_or(field);
            let Some((before, digits, after)) = parts(field) else { return Self::default() };
            let multiples = multiple(after).is_some();
            // Zero needs no unit.
            if before.is_empty() && after.is_empty() && digits == "0" {
                continue;
            }
            let own = Self {
                before: before.into(),
                after: if multiples { String::new() } else { after.into() },
                multiples,
            };
            match &found {
                Some(found) if *found != own => return Self::default(),
                Some(_) => {}
                None => found = Some(own),
            }
        }
        found.unwrap_or_default()
    }

    /// Parses the digits of a field without its unit, times its multiple. A field without the unit is parsed too.
    pub(super) fn read(
        &self,
        field: &str,
        parse: impl Fn(&str) -> Result<f64, Misfit>,
    ) -> Result<f64, Misfit> {
        if *self == Self::default() {
            return parse(field);
        }
        let (before, digits, after) = parts(field).ok_or(Misfit::Text)?;
        let signed = match field.trim_start().starts_with(['-', '\u{2212}'])
            && !digits.starts_with(['-', '\u{2212}'])
        {
            true => -1.0,
            false => 1.0,
        };
        let times = match multiple(after).filter(|_| self.multiples) {
            Some(times) => times,
            None if after.is_empty() || after == self.after => 1.0,
            None => return Err(Misfit::Text),
        };
        if !before.is_empty() && before != self.before {
            return Err(Misfit::Text);
        }
        Ok(signed * parse(digits)? * times)
    }

    /// Returns the digits of a field whose unit is a sign: a currency or a percent sign.
    pub(super) fn sign_of(field: &str) -> Option<&str> {
        let (before, digits, after) = parts(field)?;
        let sign = |text: &str| text.is_empty() || CURRENCIES.contains(&text) || text == "%";
        (sign(before) && sign(after)).then_some(digits)
    }
}

/// Splits a field into what is before its digits, the digits with their sign and marks, and what is after them.
fn parts(field: &str) -> Option<(&str, &str, &str)> {
    let minus = ['-', '\u{2212}', '+'];
    let unsigned = field.strip_prefix(minus).unwrap_or(field).trim_start();
    let before = CURRENCIES.into_iter().find(|currency| unsigned.starts_with(currency)).unwrap_or_default();
    let rest = if before.is_empty() { field } else { unsigned[before.len()..].trim_start() };
    let end = rest.rfind(|c: char| c.is_ascii_digit()).map(|last| last + 1)?;
    let (digits, tail) = rest.split_at(end);
    let (after, spaced) = (tail.trim(), tail.starts_with([' ', '\u{a0}']));
    let word = after.chars().count() <= LONGEST && !after.contains(|c: char| c.is_ascii_digit() || c == ' ');
    let known = after.is_empty()
        || multiple(after).is_some()
        || CURRENCIES.contains(&after)
        || UNITS.contains(&after)
        || spaced && word && after.chars().all(|c| c.is_alphabetic() || "°%/²³·^-*µ".contains(c));
    let number = |c: char| !c.is_alphabetic() || matches!(c, 'e' | 'E');
    (known && digits.chars().all(number)).then_some((before, digits, after))
}

/// The factor of K, M, G or B.
fn multiple(after: &str) -> Option<f64> {
    match after {
        "K" | "k" => Some(1e3),
        "M" => Some(1e6),
        "G" | "B" => Some(1e9),
        _ => None,
    }
}
