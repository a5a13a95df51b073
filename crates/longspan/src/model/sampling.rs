//! Sampling of one token from logits, with temperature, top-k and top-p.
//!
//! p_j ∝ e^{x_j / T} over the k largest logits. Of these, top-p keeps the most likely tokens until their
//! probabilities add up to P. T = 0 selects the largest logit, the first of equal ones.
//!
//! # References
//! Top-k: Fan, Lewis, Dauphin, "Hierarchical neural story generation", ACL 2018. Top-p: Holtzman, Buys, Du, Forbes,
//! Choi, "The curious case of neural text degeneration", ICLR 2020.

/// What a token is sampled from.
///
/// # Examples
/// ```
/// use longspan::model::sampling::Sampling;
///
/// let logits = [0.0, 2.0, 1.0];
/// assert_eq!(Sampling { temperature: 0.0, ..Sampling::default() }.choose(&logits, 0.9), Some(1));
/// // The first token has a probability of 0.67, so it is enough for top-p 0.6.
/// assert_eq!(Sampling { top_p: 0.6, ..Sampling::default() }.choose(&logits, 0.9), Some(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// T, 0 or more.
    pub temperature: f64,
    /// Number of the largest logits that are kept; 0 keeps all.
    pub top_k: usize,
    /// P, above 0 and at most 1; 1 keeps all.
    pub top_p: f64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 1.0, top_k: 0, top_p: 1.0 }
    }
}

impl Sampling {
    /// Returns the token that `draw`, uniform on [0, 1), selects. None if a logit is not finite.
    pub fn choose(&self, logits: &[f32], draw: f64) -> Option<u32> {
        if logits.is_empty() || logits.iter().any(|x| !x.is_finite()) {
            return None;
        }
        let mut order: Vec<u32> = (0..logits.len() as u32).collect();
        order.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]));
        if self.temperature == 0.0 {
            return order.first().copied();
        }
        if self.top_k > 0 {
            order.truncate(self.top_k);
        }
        let largest = f64::from(logits[order[0] as usize]);
        let mut weights: Vec<f64> = order
            .iter()
            .map(|&j| ((f64::from(logits[j as usize]) - largest) / self.temperature).exp())
            .collect();
        if self.top_p < 1.0 {
            let enough = self.top_p * weights.iter().sum::<f64>();
            let mut sum = 0.0;
            let last = weights.iter().position(|weight| {
                sum += weight;
                sum >= enough
            });
            weights.truncate(last.map_or(weights.len(), |last| last + 1));
        }
        let mut left = draw * weights.iter().sum::<f64>();
        for (&token, weight) in order.iter().zip(&weights) {
            left -= weight;
            if left < 0.0 {
                return Some(token);
            }
        }
        // Rounding may leave the draw above all sums: take the last token with a positive weight.
        order.iter().zip(&weights).rfind(|(_, weight)| **weight > 0.0).map(|(&token, _)| token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 4] = [0.0, 2.0, 1.0, 2.0];

    fn shares(sampling: Sampling) -> [f64; 4] {
        let mut shares = [0.0; 4];
        for i in 0..10_000 {
            let token = sampling.choose(&LOGITS, (i as f64 + 0.5) / 10_000.0).unwrap();
            shares[token as usize] += 1e-4;
        }
        shares
    }

    #[test]
    fn shares_follow_temperature_top_k_and_top_p() {
        // At T = 1 the probabilities are 0.054, 0.399, 0.147 and 0.399.
        let cases: [(f64, usize, f64, [bool; 4]); 9] = [
            (1.0, 0, 1.0, [true; 4]),
            (0.5, 0, 1.0, [true; 4]),
            (3.0, 2, 1.0, [false, true, false, true]),
            (1.0, 3, 1.0, [false, true, true, true]),
            (1.0, 9, 1.0, [true; 4]),
            (1.0, 0, 0.7, [false, true, false, true]),
            (1.0, 0, 0.8, [false, true, true, true]),
            (1.0, 0, 1e-9, [false, true, false, false]),
            // Of the two that top-k leaves, each has a half.
            (1.0, 2, 0.5, [false, true, false, false]),
        ];
        for (temperature, top_k, top_p, kept) in cases {
            let mut exact = LOGITS.map(|x| (f64::from(x) / temperature).exp());
            exact.iter_mut().zip(kept).filter(|(_, kept)| !kept).for_each(|(x, _)| *x = 0.0);
            let sum: f64 = exact.iter().sum();
            let found = shares(Sampling { temperature, top_k, top_p });
            for (found, exact) in found.into_iter().zip(exact) {
                // Draws are evenly spaced, so a share is off by less than two of them.
                assert!((found - exact / sum).abs() < 2e-4, "{temperature} {top_k} {top_p}: {found}");
            }
        }
    }

    #[test]
    fn zero_temperature_takes_the_first_largest_and_faults_are_named() {
        let at = |temperature| Sampling { temperature, ..Sampling::default() };
        assert_eq!(at(0.0).choose(&LOGITS, 0.99), Some(1));
        assert_eq!(at(1e-300).choose(&LOGITS, 0.999_999), Some(3));
        assert_eq!(at(1.0).choose(&[1.0, f32::NAN], 0.5), None);
        assert_eq!(at(1.0).choose(&[], 0.5), None);
    }
}
