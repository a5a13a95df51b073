//! Sizes of buffers: products that must not wrap, because unsafe code relies on them.

/// Returns the product of sizes.
///
/// # Panics
/// If it does not fit a `usize`; the message begins with `what`.
#[inline]
#[track_caller]
pub(crate) fn elements<const N: usize>(what: &str, sizes: [usize; N]) -> usize {
    let product = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    product.unwrap_or_else(|| panic!("{what}: the product of {sizes:?} overflows"))
}

/// Panics unless a buffer of `len` numbers has at least `needed` numbers.
#[inline]
#[track_caller]
pub(crate) fn check_len(what: &str, len: usize, needed: usize) {
    assert!(len >= needed, "{what}: {needed} numbers needed, but only {len} given");
}

/// Returns the first item of part `part` if `count` items are split into `parts` parts of almost equal
/// length: ⌊count · part / parts⌋.
///
/// It does not decrease with `part` and is `count` at `part = parts`, so parts neither overlap nor extend
/// beyond the last item.
#[inline]
pub(crate) fn part_start(count: usize, part: usize, parts: usize) -> usize {
    // In two terms, because count · part may wrap.
    count / parts * part + count % parts * part / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_plain_quotient_and_never_wrap() {
        for count in [0, 1, 5, 16, 1000] {
            for parts in 1..9 {
                for part in 0..=parts {
                    assert_eq!(part_start(count, part, parts), count * part / parts);
                }
            }
        }
        for parts in 1..9 {
            let starts: Vec<usize> = (0..=parts).map(|part| part_start(usize::MAX, part, parts)).collect();
            assert!(starts.is_sorted() && starts[parts] == usize::MAX, "{starts:?}");
        }
    }

    #[test]
    #[should_panic(expected = "tape: the product of [4611686018427387904, 4] overflows")]
    fn a_product_that_wraps_is_refused() {
        elements("tape", [1 << 62, 4]);
    }
}
