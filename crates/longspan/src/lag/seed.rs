//! The gradient that a backward pass from one loss starts with.

use crate::cell::Real;

/// Multiplies the numbers by a power of two, so that the largest is between 1 and 2, if one is not zero.
pub(crate) fn scale<R: Real>(values: &mut [R]) {
    let largest = values.iter().fold(0.0, |largest: f64, x| largest.max(x.abs().to_f64()));
    if largest > 0.0 && largest.is_finite() {
        // Both factors are in the range of f32 where their product is not.
        let exponent = -largest.log2().floor();
        let half = (0.5 * exponent).floor();
        let factors = [half, exponent - half].map(|e| R::from_f64(e.exp2()));
        values.iter_mut().for_each(|x| *x = *x * factors[0] * factors[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_is_exact_from_the_smallest_to_the_largest() {
        for exponent in [-126, -60, -1, 0, 1, 60, 126] {
            let unit = 2f32.powi(exponent);
            let mut values = [unit, -1.5 * unit, 0.25 * unit];
            scale(&mut values);
            assert_eq!(values, [1.0, -1.5, 0.25], "{exponent}");
        }
        let mut nothing = [0f32; 3];
        scale(&mut nothing);
        assert_eq!(nothing, [0.0; 3]);
    }
}
