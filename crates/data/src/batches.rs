//! Batches of independent rows: labelled sequences, windows of a series, stretches of music.
//!
//! A set has n items, and a batch has a row for each of B of them. To train, the items are dealt out without an end, in
//! passes of which each has every item once, in an order of its own π. An epoch is ⌈n/B⌉ full batches:
//!
//! ```text
//! row b of window w of epoch e        p = (e ⌈n/B⌉ + w) B + b        item π_{⌊p/n⌋}(p mod n)
//! ```
//!
//! so that every item is seen equally often, and a batch may end one pass and begin the next. To evaluate, the items come in
//! their own order, each once, and the last batch has the rows that are left. Within a batch rows stand longest first.
//!
//! Every row begins with a zero state. Where the readout sees the mean of a row ([`Pooling::Mean`](longspan::model::pooling::Pooling::Mean)), its target is that of the
//! row, else of the row's last place; labelled sequences can be scored at every place, see [`mask`](super::mask).

mod music;
mod permutation;
mod sequences;
mod windows;

pub use music::MusicBatches;
pub use sequences::SequenceBatches;
pub use windows::WindowBatches;

use longspan::batch::Batch;
use permutation::Permutation;

/// In which order the items of a set come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Full batches of every item equally often, to train on.
    Shuffled {
        /// What the order is drawn from.
        seed: u64,
    },
    /// Each item once, to evaluate.
    Once,
}

/// Which items a batch has.
#[derive(Clone, Debug)]
struct Deal {
    items: usize,
    rows: usize,
    order: Order,
}

impl Deal {
    /// `items` in batches of `rows`; None without items.
    ///
    /// # Panics
    /// If `rows` is 0.
    fn new(items: usize, rows: usize, order: Order) -> Option<Self> {
        assert!(rows > 0, "batches without rows");
        let rows = if order == Order::Once { rows.min(items) } else { rows };
        (items > 0).then_some(Self { items, rows, order })
    }

    fn windows(&self) -> u64 {
        self.items.div_ceil(self.rows) as u64
    }

    /// Gives each item of the window a row, of `length` steps.
    fn open(&self, epoch: u64, window: u64, batch: &mut Batch, length: impl Fn(usize) -> usize) {
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

    /// The items of some windows, one after another.
    fn dealt(deal: &Deal, epoch: u64, windows: std::ops::Range<u64>) -> Vec<usize> {
        let mut batch = Batch { carry: true, ..Batch::default() };
        let mut items = Vec::new();
        for window in windows {
            deal.open(epoch, window, &mut batch, |item| 1 + item % 3);
            assert!(!batch.carry && batch.items.len() == batch.rows());
            for (row, &item) in batch.items.iter().enumerate() {
                assert_eq!(batch.extent.length(row), 1 + item % 3);
            }
            items.extend_from_slice(&batch.items);
        }
        items
    }

    #[test]
    fn to_evaluate_each_item_comes_once() {
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
    fn to_train_batches_are_full_and_items_come_equally_often() {
        for (items, rows) in [(1, 1), (1, 4), (10, 4), (7, 7), (5, 12), (12, 4)] {
            let deal = Deal::new(items, rows, Order::Shuffled { seed: 3 }).unwrap();
            let mut counts = vec![0; items];
            let mut most = 0;
            for epoch in 0..6 {
                let all = dealt(&deal, epoch, 0..deal.windows());
                assert_eq!(all.len() as u64, rows as u64 * deal.windows());
                all.into_iter().for_each(|item| counts[item] += 1);
                most = counts.iter().copied().max().unwrap();
                // The pass at hand is the only one that is not complete.
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
