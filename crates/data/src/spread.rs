//! Distribution of the values of a channel around their mean.

use serde::Serialize;

/// Mean, standard deviation and farthest value of a channel, without missing values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// μ = Σ x / n.
    pub mean: f64,
    /// σ = √(Σ (x − μ)² / n).
    pub std: f64,
    /// max |x − μ| / σ; 0 for a constant channel.
    pub farthest: f64,
}

/// Whether all values except missing ones are the same: then a channel has no scale. Inspection and training use this
/// rule.
pub fn is_constant(values: impl Iterator<Item = f64>) -> bool {
    let mut present = values.filter(|x| !x.is_nan());
    let first = present.next();
    present.all(|x| Some(x) == first)
}

/// Numbers that programs write for a missing value.
const SENTINELS: [f64; 14] = [
    -99.0, -999.0, -9999.0, -99999.0, -99.9, -999.9, -9999.9, 999.0, 9999.0, 99999.0, 999.9, 9999.9, 1e20,
    -32768.0,
];

/// A number that may stand for a missing value, and how often it occurs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sentinel {
    /// The number.
    pub value: f64,
    /// Number of its occurrences.
    pub count: u64,
}

impl Sentinel {
    /// Finds a number such as -999 at one end of the values, farther from all others than these are from one another.
    /// `values` must return the same values each time.
    pub fn of<I: Iterator<Item = f64>>(values: impl Fn() -> I, least: f64, greatest: f64) -> Option<Self> {
        let known = |end: &f64| SENTINELS.contains(end);
        [least, greatest].into_iter().filter(known).find_map(|value| {
            let (mut count, mut low, mut high) = (0, f64::INFINITY, f64::NEG_INFINITY);
            for x in values().filter(|x| !x.is_nan()) {
                if x == value {
                    count += 1;
                } else {
                    (low, high) = (low.min(x), high.max(x));
                }
            }
            let gap = (low - value).abs().min((high - value).abs());
            (low <= high && gap > (high - low).max(10.0)).then_some(Self { value, count })
        })
    }
}

impl Spread {
    /// Computes the spread; None if there are no values. `values` must return the same values each time.
    pub fn of<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> Option<Self> {
        let (sum, n) = values().filter(|x| !x.is_nan()).fold((0.0, 0u64), |(sum, n), x| (sum + x, n + 1));
        let constant = is_constant(values());
        if n == 0 {
            return None;
        }
        let mean = sum / n as f64;
        let (squares, most) = values()
            .filter(|x| !x.is_nan())
            .map(|x| (x - mean).abs())
            .fold((0.0, 0.0f64), |(squares, most), x| (squares + x * x, most.max(x)));
        let std = (squares / n as f64).sqrt();
        // The mean of a constant has a rounding error.
        let std = if constant { 0.0 } else { std };
        Some(Self { mean, std, farthest: if std > 0.0 { most / std } else { 0.0 } })
    }

    /// Whether all values are the same.
    pub fn is_constant(&self) -> bool {
        self.std == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_ignored_and_constants_have_no_scale() {
        let of = |values: &'static [f64]| Spread::of(|| values.iter().copied());
        assert_eq!(of(&[1.0, f64::NAN, 5.0]), Some(Spread { mean: 3.0, std: 2.0, farthest: 1.0 }));
        assert_eq!(of(&[f64::NAN]), None);
        let constant = of(&[0.1, 0.1, 0.1]).unwrap();
        assert!(constant.is_constant() && constant.farthest == 0.0, "{constant:?}");
        let tailed = Spread::of(|| (0..1000).map(|i| if i == 7 { 50.0 } else { f64::from(i % 2) })).unwrap();
        assert!(tailed.farthest > 25.0, "{tailed:?}");
    }
}
