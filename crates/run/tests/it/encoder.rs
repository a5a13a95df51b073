//! Encoder and decoder: gradients of every cell against central differences over ragged rows, the gradient
//! from decoder to encoder, and training.
#![allow(missing_docs, reason = "a test file")]

use crate::objective::Objective;
use longspan::batch::Batch;
use longspan::cell::CellKind;
use longspan::model::{InputSpec, ModelSpec};
use longspan::trainer::Trainer;
use longspan_kernel::{Context, InstructionSet};
use longspan_run::config::{Config, Origin};
use longspan_run::dataset::Dataset;

const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };

/// Lengths of the decoder's rows and of the encoder's sequences: in another order, and longer or shorter.
const DECODER_LENGTHS: [usize; 4] = [5, 3, 3, 1];
const ENCODER_LENGTHS: [usize; 4] = [2, 7, 1, 4];

fn spec(cell: CellKind, layers: usize, encoder: InputSpec) -> ModelSpec {
    ModelSpec { chunk: 3, encoder: Some(encoder), ..ModelSpec::language(cell, 5, 3, 4, layers) }
}

#[test]
fn every_cell_has_exact_gradients() {
    let inputs = [InputSpec::Tokens { vocabulary: 6, embedding: 2 }, InputSpec::Numbers { width: 2 }];
    for cell in CellKind::ALL {
        for (layers, input, rate) in [(1, inputs[0], 0.0), (2, inputs[1], 0.0), (2, inputs[0], 0.3)] {
            let mut problem =
                Objective::new(spec(cell, layers, input), &DECODER_LENGTHS, &ENCODER_LENGTHS, rate, 7);
            problem.check();
            // Evaluation gives the same loss, whatever the initial state.
            problem.dropout = None;
            let (trained, scored) = (problem.gradient().0, problem.score());
            assert!((trained.mean_loss() - scored.mean_loss()).abs() < 1e-13, "{cell:?}");
        }
    }
}

/// The encoder's row of a sequence changes nothing but rounding: rows of equal length may be exchanged.
#[test]
fn rows_follow_the_permutation() {
    let input = InputSpec::Tokens { vocabulary: 6, embedding: 2 };
    let mut problem = Objective::new(spec(LSTM, 2, input), &DECODER_LENGTHS, &[3; 4], 0.0, 7);
    let (score, grads, _) = problem.gradient();
    let encoded = &mut problem.batch.encoded;
    let moved = [2, 0, 3, 1];
    let before = encoded.clone();
    for t in 0..3 {
        (0..4).for_each(|row| encoded.inputs[4 * t + moved[row]] = before.inputs[4 * t + row]);
    }
    encoded.rows = before.rows.iter().map(|&row| moved[row]).collect();
    let (other, other_grads, _) = problem.gradient();
    assert_eq!(score.loss, other.loss);
    let far = grads.flat().iter().zip(other_grads.flat()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(far < 1e-14, "{far:e}");
    problem.batch.encoded.rows = before.rows;
    assert_ne!(problem.gradient().0.loss, score.loss);
}

/// The profile has the encoder's steps and then the decoder's, each layer and step once. At the last step of
/// the encoder it has the gradient that leaves the decoder.
#[test]
fn the_gradient_is_observed_from_decoder_to_encoder() {
    for layers in 1..=2 {
        let input = InputSpec::Tokens { vocabulary: 6, embedding: 2 };
        let mut problem = Objective::new(spec(LSTM, layers, input), &DECODER_LENGTHS, &[7; 4], 0.0, 7);
        let (_, _, flows) = problem.gradient();
        let mut seen: Vec<(usize, usize)> = flows.iter().map(|&(layer, t, _)| (layer, t)).collect();
        seen.sort_unstable();
        let all = (0..layers).flat_map(|layer| (0..12).map(move |t| (layer, t)));
        assert!(seen.into_iter().eq(all));
        // Only the decoder reads the last state of the top layer.
        let top = layers - 1;
        let of = |t: usize| flows.iter().find(|flow| (flow.0, flow.1) == (top, t)).expect("seen").2;
        let d_state = problem.model.d_state().expect("after a training pass").layer(top);
        let crossing: f64 = d_state[..4 * 4].iter().map(|d| d * d).sum();
        assert!((of(6) - crossing).abs() < 1e-14 * crossing, "{} {crossing}", of(6));
        assert!(crossing > 0.0 && of(0) > 0.0);
    }
}

fn config(settings: &str) -> Config {
    let mut config = Config::default();
    for pair in settings.split_whitespace() {
        let (key, value) = pair.split_once('=').expect("key=value");
        config.set(key, value, Origin::Flag).expect("a setting");
    }
    config.check().expect("settings that go together");
    config
}

/// Trained with teacher forcing, then decoded freely: whole sequences of different lengths in a batch are
/// reversed. The profile has the step at which the decoder starts.
#[test]
fn a_small_model_learns_to_reverse() {
    let config = config(
        "task=reversal encoder-decoder=true length=2..6 hidden=64 cell=gru batch=64 lr=0.01 steps=800 seed=1",
    );
    let data = Dataset::open(&config, None).expect("a task");
    let ctx = Context::<f32>::new(InstructionSet::detect(), 1);
    let mut trainer = Trainer::new(ctx, &config.trainer(config.model_spec(&data.schema).clone()));
    for step in 0..config.run.steps {
        let rate = config.optimizer.lr * (1.0 - step as f64 / config.run.steps as f64);
        trainer.step(data.train.as_ref(), rate).expect("no divergence");
    }
    let flow = trainer.flow();
    assert_eq!((flow.steps(), flow.decoder_start()), (10, Some(5)));
    let valid = data.valid.expect("samples");
    let score = trainer.evaluate(valid.as_ref());
    let mut model = longspan::model::Model::new(trainer.instruction_set(), trainer.model().spec());
    model.pack(trainer.context(), trainer.params());
    let (mut right, mut rows) = (0, 0);
    let mut batch = Batch::default();
    for window in 0..valid.windows() {
        valid.fill(0, window, &mut batch);
        let decoded = model.decode(trainer.context(), trainer.params(), &batch);
        assert_eq!(decoded.len(), batch.shape.positions());
        right += (0..batch.rows())
            .filter(|&row| {
                let positions = (0..batch.shape.length(row)).map(|t| batch.shape.offset(t) + row);
                positions.into_iter().all(|position| decoded[position] == batch.targets[position])
            })
            .count();
        rows += batch.rows();
    }
    let whole = right as f64 / rows as f64;
    eprintln!("reversal: {:.4} nats, {:.3} of {rows} sequences right", score.mean_loss(), whole);
    assert!(whole > 0.9, "{whole} of the sequences, loss {}", score.mean_loss());
}

/// The encoder's input and the decoder's target are the two parts of the task's own samples.
#[test]
fn pairs_are_the_samples_in_two_parts() {
    let pairs = config("task=reversal encoder-decoder=true length=1..7 batch=9");
    let whole = config("task=reversal length=1..7 batch=9");
    let open = |config: &Config| Dataset::open(config, None).expect("a task");
    let (pairs, whole) = (open(&pairs), open(&whole));
    let (mut pair, mut sample) = (Batch::default(), Batch::default());
    assert_eq!(pairs.train.shape(), (6, 9));
    for window in 0..20 {
        pairs.train.fill(1, window, &mut pair);
        whole.train.fill(1, window, &mut sample);
        assert_eq!((pair.rows(), pair.first_sample, pair.carry), (9, sample.first_sample, false));
        for row in 0..9 {
            let n = pair.shape.length(row);
            assert_eq!((2 * n, pair.encoded.rows[row]), (sample.shape.length(row), row));
            let tokens = |batch: &Vec<u32>, shape: &longspan_kernel::packed_shape::PackedShape| -> Vec<u32> {
                (0..n).map(|t| batch[shape.offset(t) + row]).collect()
            };
            let read = tokens(&pair.encoded.inputs, &pair.encoded.shape);
            assert_eq!(read, tokens(&sample.inputs, &sample.shape));
            let target = tokens(&pair.targets, &pair.shape);
            assert!(target.iter().eq(read.iter().rev()));
            let input = tokens(&pair.inputs, &pair.shape);
            assert_eq!((input[0], &input[1..]), (1, &target[..n - 1]));
        }
    }
    // A batch that another source fills keeps nothing of the encoder.
    whole.train.fill(0, 0, &mut pair);
    assert_eq!(pair.encoded, longspan::batch::Encoded::default());
}

#[test]
fn encoder_and_decoder_need_the_task_reversal() {
    let rejected = |settings: &[(&str, &str)]| {
        let mut config = Config::default();
        for (key, value) in settings {
            config.set(key, value, Origin::Flag).expect("a setting");
        }
        config.check().expect_err("rejected").to_string()
    };
    let text = rejected(&[("task", "copy"), ("encoder-decoder", "true")]);
    assert!(text.starts_with("--encoder-decoder true: needs --task reversal"), "{text}");
    let text = rejected(&[("task", "reversal"), ("encoder-decoder", "true"), ("bptt-memory", "1MiB")]);
    assert!(text.contains("--bptt-memory"), "{text}");
}
