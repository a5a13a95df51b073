//! Medians and quantiles of values that may be −∞.

/// Returns the median: the mean of the two middle values if their number is even. NaN without values.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().max_by(f64::total_cmp).unwrap_or(upper);
    middle(lower, upper)
}

/// Returns the mean of two values; of two infinities with the same sign, that infinity.
pub(crate) fn middle(lower: f64, upper: f64) -> f64 {
    if lower == upper { lower } else { 0.5 * (lower + upper) }
}

/// Returns the `share` quantile of sorted values, with linear interpolation (type 7 of Hyndman and Fan 1996).
/// NaN without values.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = share * last as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    let fraction = at - at.floor();
    // Between −∞ and a number the interpolation is −∞, which the formula does not give.
    if low == high || low == f64::NEG_INFINITY || fraction == 0.0 {
        low
    } else {
        low + fraction * (high - low)
    }
}

/// Computes ln √(e^{2a} + e^{2b}).
pub(crate) fn ln_hypot(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if small == f64::NEG_INFINITY { large } else { large + 0.5 * (2.0 * (small - large)).exp().ln_1p() }
}

/// Returns the arithmetic mean; NaN without values.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_are_those_of_the_definition() {
        const NOTHING: f64 = f64::NEG_INFINITY;
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&mut [NOTHING, 1.0, NOTHING, NOTHING]), NOTHING);
        assert_eq!(median(&mut [1.0, NOTHING]), NOTHING);
        assert!(median(&mut []).is_nan());
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|q| quantile(&[1.0, 2.0, 3.0, 5.0], q)), [1.0, 1.75, 2.5, 5.0]);
        assert_eq!(quantile(&[NOTHING, NOTHING, 1.0], 0.25), NOTHING);
        assert_eq!([0.5, 0.75, 1.0].map(|q| quantile(&[NOTHING, 1.0], q)), [NOTHING, NOTHING, 1.0]);
        assert!((ln_hypot(3f64.ln(), 4f64.ln()) - 5f64.ln()).abs() < 1e-15);
        assert_eq!((ln_hypot(NOTHING, 2.0), ln_hypot(NOTHING, NOTHING)), (2.0, NOTHING));
        assert!((ln_hypot(-2000.0, -2000.0) - (-2000.0 + 0.5 * 2f64.ln())).abs() < 1e-12);
    }
}
