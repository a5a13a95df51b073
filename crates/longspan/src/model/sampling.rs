//! Sampling of one token from logits, with temperature and top-k.
//!
//! p_j ∝ e^{x_j / T} over the k largest logits; T = 0 selects the largest logit, the first of equal ones.
//!
//! # References
//! Top-k: Fan, Lewis, Dauphin, "Hierarchical neural story generation", ACL 2018.

/// Returns the token that `draw`, uniform on [0, 1), selects; `top_k` = 0 keeps all tokens. None if a logit
/// is not finite.
pub fn choose(logits: &[f32], temperature: f64, top_k: usize, draw: f64) -> Option<u32> {
    if logits.is_empty() || logits.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let mut order: Vec<u32> = (0..logits.len() as u32).collect();
    order.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]));
    if temperature == 0.0 {
        return order.first().copied();
    }
    if top_k > 0 {
        order.truncate(top_k);
    }
    let largest = f64::from(logits[order[0] as usize]);
    let weights: Vec<f64> =
        order.iter().map(|&j| ((f64::from(logits[j as usize]) - largest) / temperature).exp()).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 4] = [0.0, 2.0, 1.0, 2.0];

    fn shares(temperature: f64, top_k: usize) -> [f64; 4] {
        let mut shares = [0.0; 4];
        for i in 0..10_000 {
            let token = choose(&LOGITS, temperature, top_k, (i as f64 + 0.5) / 10_000.0).unwrap();
            shares[token as usize] += 1e-4;
        }
        shares
    }

    #[test]
    fn shares_follow_temperature_and_top_k() {
        for (temperature, top_k) in [(1.0, 0), (0.5, 0), (3.0, 2), (1.0, 3), (1.0, 9)] {
            let mut exact = LOGITS.map(|x| (f64::from(x) / temperature).exp());
            match top_k {
                2 => (exact[0], exact[2]) = (0.0, 0.0),
                3 => exact[0] = 0.0,
                _ => {}
            }
            let sum: f64 = exact.iter().sum();
            for (found, exact) in shares(temperature, top_k).into_iter().zip(exact) {
                // Draws are evenly spaced, so a share is off by less than two of them.
                assert!((found - exact / sum).abs() < 2e-4, "{temperature} {top_k}: {found}");
            }
        }
    }

    #[test]
    fn zero_temperature_takes_the_first_largest_and_faults_are_named() {
        assert_eq!(choose(&LOGITS, 0.0, 0, 0.99), Some(1));
        assert_eq!(choose(&LOGITS, 1e-300, 0, 0.999_999), Some(3));
        assert_eq!(choose(&[1.0, f32::NAN], 1.0, 0, 0.5), None);
        assert_eq!(choose(&[], 1.0, 0, 0.5), None);
    }
}
