//! Parity with PyTorch on ragged rows (`PackedSequence`): every loss, with and without class weights, ignored positions
//! and masks, and encoder–decoder models. `tools/golden.py` writes the files.
#![allow(missing_docs, reason = "a test file")]

use std::cmp::Reverse;
use std::path::Path;
use std::sync::Arc;

use longspan::batch::{Batch, Source};
use longspan::bptt::Pass;
use longspan::cell::CellKind;
use longspan::cell::Real;
use longspan::model::head::ValueLoss;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan_data::batches::{Order, SequenceBatches};
use longspan_data::labelled::ts;
use longspan_data::mask::LossMask;
use longspan_kernel::{Context, InstructionSet};
use safetensors::SafeTensors;

const GRU: CellKind = CellKind::Gru { reset_after: true };
const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };

/// Lengths of the rows in the window of the losses, and of the decoder.
const RAGGED: [usize; 4] = [7, 4, 4, 1];
const DECODER: [usize; 4] = [5, 4, 4, 1];
const INPUT: usize = 5;
const HIDDEN: usize = 6;

struct Golden(Vec<u8>);

impl Golden {
    fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.safetensors"));
        Self(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let file = SafeTensors::deserialize(&self.0).expect("a golden file");
        file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}")).data().to_vec()
    }

    fn reals(&self, name: &str) -> Vec<f64> {
        self.bytes(name).as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
    }

    fn singles(&self, name: &str) -> Vec<f32> {
        self.reals(name).into_iter().map(|x| x as f32).collect()
    }

    /// −1 marks ignored positions.
    fn tokens(&self, name: &str) -> Vec<u32> {
        self.bytes(name).as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect()
    }

    /// Compares the loss, the gradients of all weights, and that of the initial state if the file has one.
    fn compare<R: Real>(&self, spec: &ModelSpec, weights: Option<&[f64]>, batch: &Batch, tolerance: f64) {
        let ctx = Context::<R>::new(InstructionSet::detect(), 2);
        let mut model = Model::new(ctx.instruction_set(), spec);
        if let Some(weights) = weights {
            model.weigh_classes(weights);
        }
        let mut params = Params::<R>::zeros(Arc::clone(model.layout()));
        let mut grads = Params::zeros(Arc::clone(model.layout()));
        for (index, entry) in model.layout().entries().iter().enumerate() {
            let values = self.reals(&format!("init.{}", entry.name));
            assert_eq!(values.len(), entry.len(), "{}", entry.name);
            params.tensor_mut(index).iter_mut().zip(values).for_each(|(to, x)| *to = R::from_f64(x));
        }
        let mut state = model.zero_state(batch.rows());
        model.pack(&ctx, &params);
        let score = model.train(&mut Pass::new(&ctx, &params), batch, &mut state, &mut grads);
        assert_close("loss", &[R::from_f64(score.mean_loss())], &self.reals("loss"), tolerance);
        for (index, entry) in model.layout().entries().iter().enumerate() {
            let truth = self.reals(&format!("grad.{}", entry.name));
            assert_close(&entry.name, grads.tensor(index), &truth, tolerance);
        }
        if spec.encoder.is_none() {
            return;
        }
        let d_state = model.d_state().expect("after a training pass");
        let n = batch.rows() * HIDDEN;
        for (part, name) in ["d_h0", "d_c0"].into_iter().enumerate().take(d_state.layer(0).len() / n) {
            let truth = self.reals(name);
            for layer in 0..spec.layers {
                let (ours, truth) = (&d_state.layer(layer)[part * n..][..n], &truth[layer * n..][..n]);
                assert_close(name, ours, truth, tolerance);
            }
        }
    }
}

fn assert_close<R: Real>(name: &str, ours: &[R], truth: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), truth.len(), "{name}");
    let error: f64 = ours.iter().zip(truth).map(|(o, t)| (o.to_f64() - t).powi(2)).sum();
    let size: f64 = truth.iter().map(|t| t * t).sum();
    assert!((error / size).sqrt() < tolerance, "{name}: relative error {:e}", (error / size).sqrt());
}

/// Tolerances for the rounding of short sums over seven steps, as for the language models.
fn both(golden: &Golden, spec: &ModelSpec, weights: Option<&[f64]>, batch: &Batch) {
    golden.compare::<f64>(spec, weights, batch, 1e-12);
    golden.compare::<f32>(spec, weights, batch, 5e-6);
}

fn reader(output: OutputSpec, pool: Pooling) -> ModelSpec {
    let input = InputSpec::Numbers { width: INPUT };
    ModelSpec { pool, chunk: 3, ..ModelSpec::new(LSTM, input, HIDDEN, 1, output) }
}

#[test]
fn classes_with_ignored_positions_and_weights() {
    let spec = reader(OutputSpec::Classes { count: 4, tied: false }, Pooling::Last);
    for name in ["cross_entropy", "weighted"] {
        let golden = Golden::open(&format!("loss/{name}"));
        let mut batch = Batch::default();
        batch.reshape_to(&RAGGED);
        (batch.numbers, batch.targets) = (golden.singles("x"), golden.tokens("targets"));
        assert!(batch.scored() < batch.shape.positions());
        let weights = golden.reals("weights");
        both(&golden, &spec, Some(&weights[..]).filter(|_| name == "weighted"), &batch);
    }
}

/// [`SequenceBatches`] makes the window from the same numbers, so the masks are those of the source.
#[test]
fn labels_at_the_end_at_every_step_and_from_the_mean() {
    for (name, mask, pool) in [
        ("last", LossMask::Last, Pooling::Last),
        ("all", LossMask::All, Pooling::Last),
        ("mean", LossMask::Last, Pooling::Mean),
    ] {
        let golden = Golden::open(&format!("loss/{name}"));
        let (x, labels) = (golden.singles("x"), golden.tokens("labels"));
        let mut batch = Batch::default();
        batch.reshape_to(&RAGGED);
        let line = |row: usize| {
            let column = |d: usize| {
                let at = |t: usize| x[(batch.shape.offset(t) + row) * INPUT + d].to_string();
                (0..RAGGED[row]).map(at).collect::<Vec<_>>().join(",")
            };
            let columns: Vec<String> = (0..INPUT).map(column).collect();
            format!("{}:{}\n", columns.join(":"), labels[row])
        };
        let lines: String = (0..RAGGED.len()).map(line).collect();
        let text = format!("@classLabel true 0 1 2 3\n@data\n{lines}");
        let data = ts::read(text.as_bytes(), Path::new("x.ts")).expect("sound lines");
        let source = SequenceBatches::new(Arc::new(data), (0..4).collect(), 4, Order::Once, pool);
        let source = source.expect("sequences").scored(mask).expect("a mask for the pool");
        source.fill(0, 0, &mut batch);
        assert_eq!(batch.numbers, x);
        both(&golden, &reader(OutputSpec::Classes { count: 4, tied: false }, pool), None, &batch);
    }
}

#[test]
fn every_loss_of_numbers() {
    for loss in ValueLoss::ALL {
        let golden = Golden::open(&format!("loss/{loss}"));
        let mut batch = Batch::default();
        batch.reshape_to(&RAGGED);
        batch.numbers = golden.singles("x");
        (batch.values.positions, batch.values.targets) = (golden.tokens("scored"), golden.singles("values"));
        both(&golden, &reader(OutputSpec::Values { width: 2, loss }, Pooling::Last), None, &batch);
    }
}

/// The test sorts the inputs of the encoder, as PyTorch does internally (`enforce_sorted=False`).
#[test]
fn encoders_and_decoders() {
    for (name, cell) in [("gru", GRU), ("lstm", LSTM)] {
        for layers in 1..=2 {
            let golden = Golden::open(&format!("encoder/{name}_{layers}"));
            let mut batch = Batch::default();
            batch.reshape_to(&DECODER);
            (batch.inputs, batch.targets) = (golden.tokens("inputs"), golden.tokens("targets"));
            let lengths: Vec<usize> = golden.tokens("read_lengths").iter().map(|&n| n as usize).collect();
            let read = golden.tokens("read");
            let mut order: Vec<usize> = (0..4).collect();
            order.sort_by_key(|&row| Reverse(lengths[row]));
            let encoded = &mut batch.encoded;
            encoded.shape.set_lengths(&order.iter().map(|&row| lengths[row]).collect::<Vec<_>>());
            encoded.rows = (0..4).map(|row| order.iter().position(|&o| o == row).expect("a row")).collect();
            let positions = (0..encoded.shape.positions()).map(|position| encoded.shape.position(position));
            encoded.inputs = positions.map(|(t, row)| read[4 * t + order[row]]).collect();
            let encoder = Some(InputSpec::Tokens { vocabulary: 9, embedding: INPUT });
            let spec =
                ModelSpec { chunk: 3, encoder, ..ModelSpec::language(cell, 11, INPUT, HIDDEN, layers) };
            both(&golden, &spec, None, &batch);
        }
    }
}
