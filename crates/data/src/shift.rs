//! Whether other data are in the units of the data that a model was trained on.

/// Distance of the means, in standard deviations of the training part, from which data are in other units.
const FAR: f64 = 10.0;
/// Ratio of the standard deviations, either way, from which they are.
const RATIO: f64 = 10.0;
/// Fewer values than this may vary little because they are few.
const VALUES: f64 = 100.0;

/// Returns a sentence if standardised values have another mean or spread than those of the training part, which have
/// the mean `own` and the standard deviation `std` in the units of the file. `what` names the column or channel;
/// `values` must return the same values each time.
pub(crate) fn shift<I: Iterator<Item = f64>>(
    what: &str,
    (own, std): (f64, f64),
    values: impl Fn() -> I,
) -> Option<String> {
    let count = values().count() as f64;
    if count == 0.0 {
        return None;
    }
    let mean = values().sum::<f64>() / count;
    let spread = (values().map(|z| (z - mean).powi(2)).sum::<f64>() / count).sqrt();
    if mean.abs() > FAR {
        let (new, old) = (figure(own + std * mean), figure(own));
        return Some(format!("{what}: mean {new}, training mean {old}: are the units the same?"));
    }
    let narrow = count >= VALUES && spread > 0.0 && spread * RATIO < 1.0;
    (spread > RATIO || narrow).then(|| {
        let (new, old) = (figure(std * spread), figure(std));
        format!("{what}: standard deviation {new}, in training {old}: are the units the same?")
    })
}

/// A number of six digits.
pub(crate) fn figure(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    match rounded.abs() {
        a if a != 0.0 && !(1e-4..1e12).contains(&a) => format!("{rounded:e}"),
        _ => rounded.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_means_and_spreads_are_told() {
        let of = |values: &[f64]| shift("column a", (50.0, 2.0), || values.iter().copied());
        assert_eq!((of(&[]), of(&[-1.0, 0.5, 9.0])), (None, None));
        let far = of(&[11.0, 12.0]).unwrap();
        assert_eq!(far, "column a: mean 73, training mean 50: are the units the same?");
        assert!(of(&[30.0, -30.0]).unwrap().starts_with("column a: standard deviation 60, in training 2:"));
        // Few values may be close together.
        assert_eq!(of(&[0.01, -0.01]), None);
        assert!(of(&[0.01, -0.01].repeat(50)).unwrap().contains("standard deviation 0.02"));
        assert_eq!(of(&[0.0; 100]), None);
    }
}
