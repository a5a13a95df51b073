//! Windows of a series: the model reads W rows and predicts all K targets of the next H rows at once.

use std::sync::Arc;

use super::{Deal, Order};
use crate::series::{Part, Series};
use longspan::batch::{Batch, Source};
use longspan::model::pooling::Pooling;

/// Batches of standardised windows of one part: inputs `[W, D]`, targets `[H, K]`.
#[derive(Clone, Debug)]
pub struct WindowBatches {
    series: Arc<Series>,
    part: Part,
    pool: Pooling,
    /// The windows of the part that are used; None for all.
    chosen: Option<Vec<usize>>,
    deal: Deal,
}

impl WindowBatches {
    /// Batches `rows` windows of a part at a time, for a model with this pooling; None if the part has no windows.
    ///
    /// # Panics
    /// If `rows` is 0.
    pub fn new(series: Arc<Series>, part: Part, rows: usize, order: Order, pool: Pooling) -> Option<Self> {
        let deal = Deal::new(series.windows(part), rows, order)?;
        Some(Self { series, part, pool, chosen: None, deal })
    }

    /// Batches `count` windows that are spread evenly over a part, each once; None if there are none.
    ///
    /// # Panics
    /// If `rows` is 0.
    pub fn spread(series: Arc<Series>, part: Part, rows: usize, count: usize, pool: Pooling) -> Option<Self> {
        let all = series.windows(part);
        let count = count.min(all);
        let deal = Deal::new(count, rows, Order::Once)?;
        // The product may be larger than a usize on a 32-bit machine.
        let chosen = (0..count).map(|i| (i as u64 * all as u64 / count as u64) as usize).collect();
        Some(Self { series, part, pool, chosen: Some(chosen), deal })
    }
}

impl Source for WindowBatches {
    fn windows(&self) -> u64 {
        self.deal.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        let (series, columns) = (&self.series, self.series.columns.len());
        self.deal.open(epoch, window, batch, |_| series.window);
        if let Some(chosen) = &self.chosen {
            batch.items.iter_mut().for_each(|item| *item = chosen[*item]);
        }
        batch.numbers.resize(batch.shape.positions() * columns, 0.0);
        for row in 0..batch.rows() {
            let view = series.window(self.part, batch.items[row]);
            for (t, step) in view.inputs.chunks_exact(columns).enumerate() {
                batch.numbers[(batch.shape.offset(t) + row) * columns..][..columns].copy_from_slice(step);
            }
            // Rows have equal lengths, so their ends are in ascending order.
            batch.values.positions.push(self.pool.end(&batch.shape, row) as u32);
            batch.values.targets.extend(view.targets());
        }
    }

    fn shape(&self) -> (usize, usize) {
        (self.series.window, self.deal.rows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::SeriesOptions;

    #[test]
    fn windows_are_inputs_and_their_horizons_targets() {
        let text: String = (0..12).map(|t| format!("{t},{}\n", 100 + t * t)).collect();
        let mut options = SeriesOptions::new("count.csv", 3, 2);
        (options.test_fraction, options.reach_back) = (0.5, false);
        options.target = vec!["b".to_owned(), "a".to_owned()];
        let series = Arc::new(Series::read(&options, format!("a,b\n{text}").as_bytes()).unwrap());
        let z = |column: usize, x: usize| series.columns[column].standardised(x as f64) as f32;
        for pool in [Pooling::Last, Pooling::Mean] {
            let of = |part, order| WindowBatches::new(Arc::clone(&series), part, 4, order, pool);
            let (source, mut batch) = (of(Part::Test, Order::Once).unwrap(), Batch::default());
            source.fill(0, 0, &mut batch);
            // Rows 6 to 11 have windows that begin at rows 6 and 7.
            assert_eq!((source.windows(), source.shape(), &batch.items[..]), (1, (3, 2), &[0, 1][..]));
            let step = |t: usize| [z(0, t), z(1, 100 + t * t)];
            let read = [6, 7, 7, 8, 8, 9].map(step).concat();
            let targets = [9, 10, 10, 11].map(|t| step(t).into_iter().rev().collect::<Vec<_>>()).concat();
            let near = |a: &[f32], b: &[f32]| {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
            };
            assert!(near(&batch.numbers, &read), "{:?} {read:?}", batch.numbers);
            assert!(near(&batch.values.targets, &targets), "{:?} {targets:?}", batch.values.targets);
            let positions = if pool == Pooling::Last { [4, 5] } else { [0, 1] };
            assert_eq!((&batch.values.positions[..], batch.scored()), (&positions[..], 0));
            assert!(of(Part::Valid, Order::Once).is_none());
            let training = of(Part::Train, Order::Shuffled { seed: 0 }).unwrap();
            training.fill(0, 0, &mut batch);
            assert_eq!((training.shape(), batch.rows(), batch.values.positions.len()), ((3, 4), 4, 4));
        }
    }
}
