//! The items of each batch of a set, for training and for evaluation.
//!
//! A set has n items, and a batch has B rows with one item each. Training goes through the items in passes without end.
//! Each pass has every item once, in its own order π. An epoch is ⌈n/B⌉ full batches:
//!
//! ```text
//! row b of window w of epoch e        p = (e ⌈n/B⌉ + w) B + b        item π_{⌊p/n⌋}(p mod n)
//! ```
//!
//! So every item is used equally often, and a batch may end one pass and begin the next. Evaluation takes each item
//! once, in the order of the set; its last batch has the remaining rows. Within a batch the longest rows come first.

use super::Batch;
use super::permutation::Permutation;

/// The order of the items of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// For training: full batches, every item equally often.
    Shuffled {
        /// Seed of the order.
        seed: u64,
    },
    /// For evaluation: each item once.
    Once,
}

/// Chooses the items of each batch, for a [`Source`](super::Source) of independent rows.
#[derive(Clone, Debug)]
pub struct Deal {
    items: usize,
    rows: usize,
    order: Order,
}

impl Deal {
    /// Deals `items` in batches of `rows`; None if there are no items.
    ///
    /// # Panics
    /// If `rows` is 0.
    pub fn new(items: usize, rows: usize, order: Order) -> Option<Self> {
        assert!(rows > 0, "a batch needs at least 1 row");
        let rows = if order == Order::Once { rows.min(items) } else { rows };
        (items > 0).then_some(Self { items, rows, order })
    }

    /// Number of batches in an epoch.
    pub fn windows(&self) -> u64 {
        self.items.div_ceil(self.rows) as u64
    }

    /// Number of rows of a batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Reshapes a batch for window `window` of epoch `epoch`: each of its items gets a row of `length(item)` steps, and
    /// [`Batch::items`] names them.
    ///
    /// # Panics
    /// If the epoch has no such window.
    pub fn open(&self, epoch: u64, window: u64, batch: &mut Batch, length: impl Fn(usize) -> usize) {
        assert!(window < self.windows(), "window {window} of {}", self.windows());
        let (items, rows) = (self.items as u64, self.rows as u64);
        batch.first_sample = (epoch * self.windows() + window) * rows;
        batch.carry = false;
        match self.order {
            Order::Shuffled { seed } => {
                let first = batch.first_sample;
                let item = |p: u64| Permutation::new(seed, p / items, items).at(p % items) as usize;
                batch.reshape_for((first..first + rows).map(item), length);
            }
            Order::Once => {
                let first = window as usize * self.rows;
                batch.reshape_for(first..self.items.min(first + self.rows), length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items of several windows, one after another.
    fn dealt(deal: &Deal, epoch: u64, windows: std::ops::Range<u64>) -> Vec<usize> {
        let mut batch = Batch { carry: true, ..Batch::default() };
        let mut items = Vec::new();
        for window in windows {
            deal.open(epoch, window, &mut batch, |item| 1 + item % 3);
            assert!(!batch.carry && batch.items.len() == batch.rows());
            for (row, &item) in batch.items.iter().enumerate() {
                assert_eq!(batch.shape.length(row), 1 + item % 3);
            }
            items.extend_from_slice(&batch.items);
        }
        items
    }

    #[test]
    fn evaluation_has_each_item_once() {
        for items in 1..20 {
            for rows in 1..25 {
                let deal = Deal::new(items, rows, Order::Once).unwrap();
                let mut all = dealt(&deal, 4, 0..deal.windows());
                all.sort_unstable();
                assert!(all.into_iter().eq(0..items), "{items} in rows of {rows}");
                assert!(deal.rows <= items);
            }
        }
        assert!(Deal::new(0, 3, Order::Once).is_none());
    }

    #[test]
    fn training_batches_are_full_and_have_items_equally_often() {
        for (items, rows) in [(1, 1), (1, 4), (10, 4), (7, 7), (5, 12), (12, 4)] {
            let deal = Deal::new(items, rows, Order::Shuffled { seed: 3 }).unwrap();
            let mut counts = vec![0; items];
            let mut most = 0;
            for epoch in 0..6 {
                let all = dealt(&deal, epoch, 0..deal.windows());
                assert_eq!(all.len() as u64, rows as u64 * deal.windows());
                all.into_iter().for_each(|item| counts[item] += 1);
                most = counts.iter().copied().max().unwrap();
                // Only the current pass is incomplete.
                assert!(counts.iter().all(|&count| count + 1 >= most), "{counts:?}");
            }
            assert!(most >= 6);
        }
    }

    #[test]
    fn windows_have_no_history_and_seeds_and_epochs_differ() {
        let deal = |seed| Deal::new(50, 10, Order::Shuffled { seed }).unwrap();
        let first = dealt(&deal(1), 2, 3..4);
        assert_eq!(dealt(&deal(1), 2, 0..4)[30..], first);
        assert_ne!(dealt(&deal(2), 2, 3..4), first);
        assert_ne!(dealt(&deal(1), 3, 3..4), first);
    }
}
