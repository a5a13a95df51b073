//! Formats numbers for sentences.

use crate::language::{Language, Text};

/// The source of thresholds that were chosen on runs with injected faults.
pub(crate) const CALIBRATED: Text = Text {
    en: "calibration half of the fault-injection benchmark",
    zh: "故障注入基准测试的校准半集",
};

/// Formats a number with two digits.
pub fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e5).contains(&size) => format!("{x:.1e}"),
        size if size >= 100.0 => format!("{x:.0}"),
        _ => {
            let digits = (1 - x.abs().log10().floor() as i32).max(0) as usize;
            format!("{x:.digits$}")
        }
    }
}

/// Formats a positive number given by its log10, which may be outside the range of f64: "5e-22", "3e410", "0.02".
pub(crate) fn power(log10: f64) -> String {
    let x = 10f64.powf(log10);
    if !log10.is_finite() || x.is_normal() && (1e-3..1e5).contains(&x) {
        return short(x);
    }
    let exponent = log10.floor();
    match 10f64.powf(log10 - exponent).round() {
        10.0 => format!("1e{}", exponent + 1.0),
        mantissa => format!("{mantissa}e{exponent}"),
    }
}

/// Formats a number with three digits, and without zeros at its end: "0.5", "2e-3", "1.48".
pub(crate) fn three_digits(x: f64) -> String {
    let two = format!("{x:.2e}").parse::<f64>().unwrap_or(x);
    if (0.01..1e4).contains(&two) { format!("{two}") } else { format!("{two:e}") }
}

/// Formats a share in percent: "96 %".
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// Formats a loss relative to the baseline: "93 % of the baseline", or "1.2e20 times the baseline".
pub(crate) fn of_baseline(ratio: f64, language: Language) -> String {
    match language {
        Language::English if ratio.is_nan() => "not a number".into(),
        Language::Chinese if ratio.is_nan() => "非数（NaN）".into(),
        Language::English if ratio < 10.0 => format!("{} of the baseline", percent(ratio)),
        Language::Chinese if ratio < 10.0 => format!("基线的 {}", percent(ratio)),
        Language::English => format!("{} times the baseline", short(ratio)),
        Language::Chinese => format!("基线的 {} 倍", short(ratio)),
    }
}

/// Goes on in a sentence with a loss relative to the baseline: ", and the loss is 93 % of the baseline"; empty if it is not known.
pub(crate) fn and_loss(ratio: f64, language: Language) -> String {
    match language {
        _ if ratio.is_nan() => String::new(),
        Language::English => format!(", and the loss is {}", of_baseline(ratio, language)),
        Language::Chinese => format!("，而损失是{}", of_baseline(ratio, language)),
    }
}

/// Formats a number of steps: "1 step", "2 steps".
pub(crate) fn steps(count: usize) -> String {
    format!("{count} step{}", if count == 1 { "" } else { "s" })
}

/// Rounds a value of a setting to one digit, as a person would choose it.
pub(crate) fn setting(x: f64) -> String {
    let rounded = format!("{x:.0e}").parse::<f64>().unwrap_or(x);
    if (0.01..10_000.0).contains(&rounded) { format!("{rounded}") } else { format!("{rounded:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_any_size_have_one_digit() {
        for (log10, text) in [
            (-21.3, "5e-22"),
            (-0.5, "0.32"),
            (2.0, "100"),
            (410.5, "3e410"),
            (-400.01, "1e-400"),
            (f64::NEG_INFINITY, "0"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(power(log10), text, "{log10}");
        }
    }

    #[test]
    fn losses_are_relative_to_the_baseline() {
        let [en, zh] = [Language::English, Language::Chinese];
        assert_eq!(of_baseline(0.934, en), "93 % of the baseline");
        assert_eq!(of_baseline(1.2e20, zh), "基线的 1.2e20 倍");
        assert_eq!(of_baseline(f64::NAN, en), "not a number");
        assert_eq!(and_loss(0.5, en), ", and the loss is 50 % of the baseline");
        assert_eq!([en, zh].map(|language| and_loss(f64::NAN, language)), ["", ""]);
        assert_eq!((steps(1), steps(2)), ("1 step".into(), "2 steps".into()));
    }
}
