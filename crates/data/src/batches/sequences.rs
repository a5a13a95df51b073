//! Labelled sequences: each sequence is one row, and its class or its target is predicted once.

use std::sync::Arc;

use super::{Deal, Order};
use crate::labelled::{Kind, Labelled};
use crate::mask::{LossMask, MeanMask};
use longspan::batch::{Batch, IGNORE, Source};
use longspan::model::pooling::Pooling;

/// Batches of whole sequences of values or tokens. Values are used as they are, so scale them first. Targets have the scale
/// that is set for them.
#[derive(Clone, Debug)]
pub struct SequenceBatches {
    data: Arc<Labelled>,
    sequences: Vec<usize>,
    pool: Pooling,
    mask: LossMask,
    deal: Deal,
}

impl SequenceBatches {
    /// Batches `rows` of the given sequences, for a model with this pooling; None if there are no sequences.
    ///
    /// # Panics
    /// If `rows` is 0 or a sequence does not exist.
    pub fn new(
        data: Arc<Labelled>,
        sequences: Vec<usize>,
        rows: usize,
        order: Order,
        pool: Pooling,
    ) -> Option<Self> {
        assert!(sequences.iter().all(|&i| i < data.len()), "a sequence number is not below {}", data.len());
        let deal = Deal::new(sequences.len(), rows, order)?;
        Some(Self { data, sequences, pool, mask: LossMask::Last, deal })
    }

    /// Chooses the scored positions: the end of each row (the default), or every position, with the label of the row.
    ///
    /// # Errors
    /// [`MeanMask`] for all positions with a readout of the mean of a row.
    pub fn scored(self, mask: LossMask) -> Result<Self, MeanMask> {
        if mask == LossMask::All && self.pool == Pooling::Mean {
            return Err(MeanMask);
        }
        Ok(Self { mask, ..self })
    }

    /// Returns the sequence for an entry of [`Batch::items`].
    pub fn sequence(&self, item: usize) -> usize {
        self.sequences[item]
    }
}

impl SequenceBatches {
    /// Writes the known targets, in ascending order of their positions.
    fn fill_targets(&self, batch: &mut Batch) {
        let Batch { shape, items, values, .. } = batch;
        let target = |row: usize| self.data.scaled_target(self.sequences[items[row]]).unwrap_or(f32::NAN);
        let mut ends: Vec<(u32, usize)> = match self.mask {
            LossMask::Last => (0..items.len()).map(|row| (self.pool.end(shape, row) as u32, row)).collect(),
            LossMask::All => (0..shape.positions()).map(|at| (at as u32, shape.position(at).1)).collect(),
        };
        ends.sort_unstable();
        for (position, row) in ends {
            let target = target(row);
            if !target.is_nan() {
                values.positions.push(position);
                values.targets.push(target);
            }
        }
    }
}

impl Source for SequenceBatches {
    fn windows(&self) -> u64 {
        self.deal.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        let (data, width) = (&self.data, self.data.width());
        self.deal.open(epoch, window, batch, |item| data.length(self.sequences[item]));
        if let Kind::Values { .. } = data.kind() {
            batch.numbers.resize(batch.shape.positions() * width, 0.0);
        }
        if self.pool != Pooling::Last {
            batch.targets.clear();
            batch.targets.resize(batch.rows(), IGNORE);
        }
        for row in 0..batch.rows() {
            let sequence = self.sequences[batch.items[row]];
            let position = |t| batch.shape.offset(t) + row;
            match data.kind() {
                Kind::Values { .. } => {
                    for (t, step) in data.sequence(sequence).chunks_exact(width).enumerate() {
                        batch.numbers[position(t) * width..][..width].copy_from_slice(step);
                    }
                }
                Kind::Tokens { .. } => {
                    for (t, &token) in data.tokens(sequence).iter().enumerate() {
                        batch.inputs[position(t)] = token;
                    }
                }
            }
            if data.targets().is_some() {
                continue;
            }
            let label = data.labels()[sequence];
            match self.mask {
                LossMask::Last => batch.targets[self.pool.end(&batch.shape, row)] = label,
                LossMask::All => {
                    (0..batch.shape.length(row)).for_each(|t| batch.targets[position(t)] = label)
                }
            }
        }
        if data.targets().is_some() {
            self.fill_targets(batch);
        }
    }

    /// Counts each sequence once, even if training repeats it, weighted by its scored positions.
    fn class_counts(&self, classes: usize) -> Vec<u64> {
        let mut counts = vec![0; classes];
        for &sequence in &self.sequences {
            let positions = if self.mask == LossMask::All { self.data.length(sequence) } else { 1 };
            counts[self.data.labels()[sequence] as usize] += positions as u64;
        }
        counts
    }

    fn shape(&self) -> (usize, usize) {
        let steps = self.sequences.iter().map(|&sequence| self.data.length(sequence)).max();
        (steps.unwrap_or(0), self.deal.rows())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::labelled::folder;
    use crate::labelled::folder::Tokens;
    use crate::labelled::{LabelledOptions, TargetScaling, load_to_predict, ts};
    use crate::vocabulary::TokenLevel;

    #[test]
    fn values_have_their_positions_and_the_class_is_at_the_end() {
        let text = "@classLabel true a b\n@data\n1:10:a\n2,3,4:20,30,40:b\n5,6:50,60:b\n";
        let data = Arc::new(ts::read(text.as_bytes(), Path::new("x.ts")).unwrap());
        let of = |pool| SequenceBatches::new(Arc::clone(&data), vec![0, 1, 2], 8, Order::Once, pool).unwrap();
        let mut batch = Batch::default();
        let source = of(Pooling::Last);
        source.fill(0, 0, &mut batch);
        assert_eq!((source.windows(), source.shape(), &batch.items[..]), (1, (3, 3), &[1, 2, 0][..]));
        let (i, numbers) = (IGNORE, [2.0, 20.0, 5.0, 50.0, 1.0, 10.0, 3.0, 30.0, 6.0, 60.0, 4.0, 40.0]);
        assert_eq!((&batch.numbers[..], &batch.targets[..]), (&numbers[..], &[i, i, 0, i, 1, 1][..]));
        of(Pooling::Last).scored(LossMask::All).unwrap().fill(0, 0, &mut batch);
        assert_eq!(batch.targets, [1, 1, 0, 1, 1, 1]);
        // A shuffled batch of eight repeats some of the three sequences.
        let shuffled = |mask| {
            let order = Order::Shuffled { seed: 1 };
            let source = SequenceBatches::new(Arc::clone(&data), vec![0, 1, 2], 8, order, Pooling::Last);
            source.unwrap().scored(mask).unwrap().class_counts(3)
        };
        assert_eq!([shuffled(LossMask::Last), shuffled(LossMask::All)], [[1, 2, 0], [1, 5, 0]]);
        assert!(of(Pooling::Mean).scored(LossMask::All).is_err());
        of(Pooling::Mean).scored(LossMask::Last).unwrap().fill(0, 0, &mut batch);
        assert_eq!((&batch.numbers[..], &batch.targets[..]), (&numbers[..], &[1, 1, 0][..]));
    }

    #[test]
    fn targets_are_at_the_ends_in_ascending_order() {
        // The third sequence has no target.
        let values = "1:10:0.5\n2,3,4:20,30,40:-1\n5,6:50,60:?\n7,8:70,80:2\n";
        let text = format!("@targetlabel true\n@data\n{values}");
        let path = std::env::temp_dir().join(format!("longspan-targets-{}.ts", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let kind = Kind::Values { channels: vec!["1".into(), "2".into()] };
        let options = LabelledOptions::new(&path);
        let mut data = load_to_predict(&path, None, &options, &kind, None).unwrap();
        std::fs::remove_file(&path).unwrap();
        data.scale_targets(TargetScaling { mean: 1.0, std: 0.5 });
        let data = Arc::new(data);
        let of = |pool, mask| {
            let source = SequenceBatches::new(Arc::clone(&data), vec![0, 1, 2, 3], 4, Order::Once, pool);
            let (source, mut batch) = (source.unwrap().scored(mask).unwrap(), Batch::default());
            source.fill(0, 0, &mut batch);
            assert_eq!((&batch.items[..], batch.scored()), (&[1, 2, 3, 0][..], 0));
            batch.values
        };
        // Positions: rows 0 to 3 of step 0, rows 0 to 2 of step 1, row 0 of step 2.
        let ends = of(Pooling::Last, LossMask::Last);
        assert_eq!((ends.positions, ends.targets), (vec![3, 6, 7], vec![-1.0, 2.0, -4.0]));
        let means = of(Pooling::Mean, LossMask::Last);
        assert_eq!((means.positions, means.targets), (vec![0, 2, 3], vec![-4.0, 2.0, -1.0]));
        let all = of(Pooling::Last, LossMask::All);
        assert_eq!(all.positions, [0, 2, 3, 4, 6, 7]);
        assert_eq!(all.targets, [-4.0, 2.0, -1.0, -4.0, 2.0, -4.0]);
    }

    #[test]
    fn only_the_chosen_sequences_are_read() {
        let file = |name: &str, text: &'static str| Ok((name.to_owned(), name.into(), text.as_bytes()));
        let files = [file("x", "ab\nabc\n"), file("y", "c\nba\n")];
        let data =
            Arc::new(folder::read(files, Path::new("names"), Tokens::Build(TokenLevel::Char)).unwrap());
        let of =
            |sequences| SequenceBatches::new(Arc::clone(&data), sequences, 2, Order::Once, Pooling::Last);
        assert!(of(vec![]).is_none());
        let (source, mut batch) = (of(vec![3, 0, 2]).unwrap(), Batch::default());
        let letter = |token: u32| data.tokens(1).iter().position(|&other| other == token);
        source.fill(0, 0, &mut batch);
        let read: Vec<_> = batch.inputs.iter().map(|&token| letter(token)).collect();
        assert_eq!(read, [Some(1), Some(0), Some(0), Some(1)]);
        assert_eq!((batch.targets[2..].to_vec(), batch.numbers.len()), (vec![1, 0], 0));
        source.fill(0, 1, &mut batch);
        assert_eq!((letter(batch.inputs[0]), batch.targets[0], batch.rows()), (Some(2), 1, 1));
        assert_eq!((source.sequence(batch.items[0]), source.shape()), (2, (2, 2)));
    }
}
