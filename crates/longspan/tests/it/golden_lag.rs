//! Parity with PyTorch of lag profiles in training. `tools/golden_lag.py` writes the files.
#![allow(missing_docs, reason = "a test file")]

use longspan::batch::{Batch, IGNORE};
use longspan::cell::CellKind;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, ModelSpec};
use longspan::telemetry::Observe;
use longspan::trainer::{Trainer, TrainerSpec};
use longspan_kernel::{Context, InstructionSet};
use safetensors::SafeTensors;

use crate::lag_snapshot::{Expected, Norms, Window, drawn, step};

const HIDDEN: usize = 5;
const TOKENS: usize = 7;

struct Golden<'a>(SafeTensors<'a>);

impl Golden<'_> {
    fn tensor(&self, name: &str) -> Vec<f64> {
        let view = self.0.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
    }

    fn whole(&self, name: &str) -> Vec<i32> {
        let view = self.0.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        view.data().as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b)).collect()
    }

    /// Fills the positions of a batch from rows of the same length, padded.
    fn fill(
        &self,
        name: &str,
        shape: &longspan_kernel::packed_shape::PackedShape,
        rows: &[usize],
    ) -> Vec<u32> {
        let all = self.whole(name);
        let steps = all.len() / rows.len();
        let of = |position: usize| {
            let (t, row) = shape.position(position);
            all[rows[row] * steps + t] as u32
        };
        (0..shape.positions()).map(of).collect()
    }

    fn batch(&self, case: &str) -> Batch {
        let lengths: Vec<usize> = self.whole("lengths").iter().map(|&length| length as usize).collect();
        let rows: Vec<usize> = (0..lengths.len()).collect();
        let mut batch = Batch::default();
        batch.reshape_to(&lengths);
        batch.inputs = self.fill("inputs", &batch.shape, &rows);
        batch.targets = self.fill("targets", &batch.shape, &rows);
        batch.carry = case == "text";
        if case == "ends" {
            batch.targets.truncate(lengths.len());
        }
        if case == "encoder" {
            let lengths: Vec<usize> = self.whole("read_lengths").iter().map(|&n| n as usize).collect();
            // The encoder's rows are sorted by their own lengths.
            let mut sorted = rows.clone();
            sorted.sort_by_key(|&row| std::cmp::Reverse(lengths[row]));
            let encoded = &mut batch.encoded;
            encoded.shape.set_lengths_of(rows.len(), |own| lengths[sorted[own]]);
            encoded.inputs = self.fill("read", &encoded.shape, &sorted);
            encoded.rows =
                rows.iter().map(|&row| sorted.iter().position(|&own| own == row).unwrap()).collect();
        }
        assert!(batch.targets.iter().all(|&target| target != IGNORE));
        batch
    }

    fn check(&self, case: &str, cell: CellKind) {
        let both = matches!(case, "both" | "ends");
        let spec = ModelSpec {
            chunk: 4,
            bidirectional: both,
            pool: if case == "ends" { Pooling::BothEnds } else { Pooling::Last },
            encoder: (case == "encoder").then_some(InputSpec::Tokens { vocabulary: TOKENS, embedding: 3 }),
            ..ModelSpec::language(cell, TOKENS, 3, HIDDEN, 2)
        };
        let batch = self.batch(case);
        let rows = batch.rows();
        let of = TrainerSpec { observe: Observe::Full, ..TrainerSpec::new(spec.clone(), rows) };
        let mut trainer = Trainer::<f64>::new(Context::new(InstructionSet::detect(), 2), &of);
        let layout = trainer.params().layout().clone();
        for (index, entry) in layout.entries().iter().enumerate() {
            let weights = self.tensor(&format!("init.{}", entry.name));
            trainer.params_mut().tensor_mut(index).copy_from_slice(&weights);
        }
        if case == "text" {
            let state = self.tensor("state");
            let layers = state.chunks(state.len() / 2);
            layers.enumerate().for_each(|(l, layer)| trainer.state_mut().layer_mut(l).copy_from_slice(layer));
        }
        let (ln, states) = (self.tensor("ln"), if both { 4 } else { 2 });
        let anchors = drawn(&batch);
        let (steps, of_anchors) = (batch.steps(), if case == "ends" { 1 } else { batch.steps() });
        let lags = steps + batch.encoded.shape.steps();
        let norms: Norms = (0..states)
            .map(|state| {
                let of_row = |row: usize| {
                    let anchor = if case == "ends" { 0 } else { anchors[row].expect("an anchor") };
                    ln[((state * rows + row) * of_anchors + anchor) * lags..][..lags].to_vec()
                };
                (0..rows).map(of_row).collect()
            })
            .collect();
        let lags_of = |row: usize| norms[0][row].iter().filter(|ln| !ln.is_nan()).count();
        let expected = Expected {
            what: format!("{case} {cell}"),
            rows: (0..rows).map(|row| (row, lags_of(row))).collect(),
            norms: &norms,
            counted: if case == "both" { &[true, false, true, false] } else { &[true; 4][..states] },
            layers: 2,
        };
        expected.compare(&step(&mut trainer, &Window(batch)));
    }
}

macro_rules! golden {
    ($($test:ident: $case:literal, $cell:literal, $kind:expr;)*) => {
        $(
            #[test]
            fn $test() {
                let bytes = include_bytes!(concat!("../golden/lag/", $case, "_", $cell, ".safetensors"));
                Golden(SafeTensors::deserialize(bytes).expect("a golden file")).check($case, $kind);
            }
        )*
    };
}

const GRU: CellKind = CellKind::Gru { reset_after: true };
const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };

golden! {
    ragged_rnn: "ragged", "rnn", CellKind::Rnn;
    ragged_gru: "ragged", "gru", GRU;
    ragged_lstm: "ragged", "lstm", LSTM;
    text_rnn: "text", "rnn", CellKind::Rnn;
    text_gru: "text", "gru", GRU;
    text_lstm: "text", "lstm", LSTM;
    both_rnn: "both", "rnn", CellKind::Rnn;
    both_gru: "both", "gru", GRU;
    both_lstm: "both", "lstm", LSTM;
    ends_rnn: "ends", "rnn", CellKind::Rnn;
    ends_gru: "ends", "gru", GRU;
    ends_lstm: "ends", "lstm", LSTM;
    encoder_rnn: "encoder", "rnn", CellKind::Rnn;
    encoder_gru: "encoder", "gru", GRU;
    encoder_lstm: "encoder", "lstm", LSTM;
}
