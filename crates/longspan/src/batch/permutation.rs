//! A permutation of 0 … n−1 that computes each position on its own: no list is shuffled or stored.
//!
//! A number below 4^m is split into two halves of m bits and goes through rounds of a Feistel network. A round can be
//! inverted whatever the function f is; the counter-based generator draws f. The network uses the smallest m with 4^m ≥
//! n. A result of n or more goes through the network again until it is below n, which takes at most 4 passes on
//! average.
//!
//! ```text
//! (l, r) → (r, l ⊕ f_i(r))        i = 1 … 8
//! ```
//!
//! # References
//! Luby, Rackoff, "How to construct pseudorandom permutations from pseudorandom functions", SIAM J. Computing 17, 1988.
//! Repeating until the number fits (cycle walking): Black, Rogaway, "Ciphers with arbitrary finite domains", CT-RSA
//! 2002.

use longspan_kernel::rng::{Key, Purpose};

/// Number of rounds. Four are enough for a large domain; small domains need more.
const ROUNDS: u32 = 8;

/// The order of the items in one pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permutation {
    key: Key,
    items: u64,
    /// m, the number of bits of a half.
    half: u32,
}

impl Permutation {
    /// Returns the order of `items` items in pass `pass`.
    ///
    /// # Panics
    /// If `items` is 0.
    pub(super) fn new(seed: u64, pass: u64, items: u64) -> Self {
        assert!(items > 0, "an order needs at least 1 item");
        let bits = u64::BITS - (items - 1).leading_zeros();
        Self { key: Key::new(seed, Purpose::Order, 0, pass), items, half: bits.div_ceil(2).max(1) }
    }

    /// Returns the item at `position`.
    ///
    /// # Panics
    /// If `position` is not below the number of items.
    pub(super) fn at(&self, position: u64) -> u64 {
        assert!(position < self.items, "position {position} of {}", self.items);
        let mut number = position;
        loop {
            number = self.network(number);
            if number < self.items {
                return number;
            }
        }
    }

    fn network(&self, number: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (number >> self.half, number & mask);
        for round in 0..ROUNDS {
            let drawn = u64::from(self.key.words(round, right, 0)[0]);
            (left, right) = (right, left ^ (drawn & mask));
        }
        (left << self.half) | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_one_position() {
        for items in (1..70).chain([255, 256, 257, 1000, 4097]) {
            for pass in 0..3 {
                let order = Permutation::new(9, pass, items);
                let mut all: Vec<u64> = (0..items).map(|position| order.at(position)).collect();
                all.sort_unstable();
                assert!(all.into_iter().eq(0..items), "{items} items");
            }
        }
    }

    /// All orders of a few items, and all pairs of (position, item) of more items, are about equally frequent.
    #[test]
    fn orders_are_uniform() {
        const PASSES: u64 = 6000;
        let even = |counts: &[u64], share: f64| {
            let deviation = (PASSES as f64 * share * (1.0 - share)).sqrt();
            let far = |&count: &u64| (count as f64 - PASSES as f64 * share).abs() > 5.0 * deviation;
            assert!(!counts.iter().any(far), "{counts:?}");
        };
        let mut orders = vec![0; 27];
        for pass in 0..PASSES {
            let order = Permutation::new(1, pass, 3);
            orders[(9 * order.at(0) + 3 * order.at(1) + order.at(2)) as usize] += 1;
        }
        orders.retain(|&count| count > 0);
        assert_eq!(orders.len(), 6);
        even(&orders, 1.0 / 6.0);
        for items in [2, 5, 16, 37] {
            let mut pairs = vec![0; (items * items) as usize];
            for pass in 0..PASSES {
                let order = Permutation::new(2, pass, items);
                (0..items).for_each(|position| pairs[(position * items + order.at(position)) as usize] += 1);
            }
            even(&pairs, 1.0 / items as f64);
        }
    }

    #[test]
    fn seeds_and_passes_have_different_orders() {
        let order =
            |seed, pass| (0..20).map(|position| Permutation::new(seed, pass, 20).at(position)).collect();
        let first: Vec<u64> = order(1, 0);
        assert_eq!(first, order(1, 0));
        assert!(first != order(2, 0) && first != order(1, 1));
    }
}
