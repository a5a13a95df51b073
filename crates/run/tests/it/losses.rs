//! The weighted loss: its gradient against central differences, its sums, and its effect in training and
//! evaluation.
#![allow(missing_docs, reason = "a test file")]

use crate::objective::Objective;
use longspan::batch::{Batch, IGNORE, Source};
use longspan::cell::CellKind;
use longspan::model::head::Score;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, ModelSpec, OutputSpec};
use longspan::trainer::Trainer;
use longspan_data::mask::{LastScored, LossMask};
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};
use longspan_run::config::Config;

const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };

fn spec(classes: usize, pool: Pooling) -> ModelSpec {
    let (input, output) =
        (InputSpec::Numbers { width: 2 }, OutputSpec::Classes { count: classes, tied: false });
    ModelSpec { pool, chunk: 3, ..ModelSpec::new(LSTM, input, 3, 2, output) }
}

/// Ragged rows with ignored positions, predictions from steps and from means, fewer classes than a tile and
/// more, and a class with weight 0.
#[test]
fn weighted_gradients_are_exact() {
    for (classes, pool, rate) in [(4, Pooling::Last, 0.3), (4, Pooling::Mean, 0.0), (600, Pooling::Last, 0.0)]
    {
        let mut problem = Objective::new(spec(classes, pool), &[7, 4, 4, 1, 1], &[], rate, 3);
        let weights: Vec<f64> = (0..classes).map(|c| (c % 4) as f64 * 0.7).collect();
        problem.model.weigh_classes(&weights);
        problem.check();
    }
}

/// Σ w ℓ and Σ w of the parts add up to those of the whole, where a part has the targets of one class and
/// ignores all others.
#[test]
fn weighted_sums_add_up() {
    let weights = [0.5, 2.0, 0.0, 3.0];
    let mut problem = Objective::new(spec(4, Pooling::Last), &[7, 4, 4, 1, 1], &[], 0.0, 5);
    let plain = problem.gradient().0;
    assert_eq!((plain.weight, problem.score()), (plain.scored as f64, plain));
    problem.model.weigh_classes(&weights);
    let whole = problem.gradient().0;
    // Evaluation is unweighted, and its bits do not change.
    assert_eq!(problem.score(), plain);
    let targets = problem.batch.targets.clone();
    let (mut sum, mut by_hand) = (Score::default(), [0.0; 2]);
    for class in 0..4 {
        let only = |&target: &u32| if target == class { target } else { IGNORE };
        problem.batch.targets = targets.iter().map(only).collect();
        sum += problem.gradient().0;
        let score = problem.score();
        by_hand[0] += weights[class as usize] * score.loss;
        by_hand[1] += weights[class as usize] * score.scored as f64;
    }
    let close = |a: f64, b: f64| (a - b).abs() < 1e-12 * b;
    assert!(close(whole.loss, sum.loss) && close(whole.weight, sum.weight), "{whole:?} {sum:?}");
    assert_eq!((whole.scored, whole.correct), (sum.scored, sum.correct));
    assert!(close(whole.mean_loss(), by_hand[0] / by_hand[1]), "{whole:?} {by_hand:?}");
}

/// Three classes, one of which is rare. The class follows from one of two numbers, with noise.
struct Rare;

impl Source for Rare {
    fn windows(&self) -> u64 {
        10
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        let mut draw = Key::new(epoch, Purpose::Task, 0, window).stream(0, 0);
        batch.reshape(2, 40);
        for row in 0..40 {
            let class = if row < 2 { 2 } else { draw.below(2) };
            let x = f64::from(class) + 0.7 * draw.normal();
            batch.targets[row] = 0;
            batch.targets[40 + row] = class;
            batch.numbers.extend([x as f32, draw.normal() as f32]);
        }
        batch.numbers.extend_from_within(..);
    }

    fn shape(&self) -> (usize, usize) {
        (2, 40)
    }
}

/// Balanced weights come from the training source and follow its mask, give every class the same total
/// weight, and make a model predict the rare class more often.
#[test]
fn a_balanced_model_predicts_the_rare_class() {
    let learn = |balance: bool| {
        let mut config = Config::default();
        (config.data.batch, config.run.seed) = (40, 3);
        let spec = ModelSpec::new(
            LSTM,
            InputSpec::Numbers { width: 2 },
            8,
            1,
            OutputSpec::Classes { count: 3, tied: false },
        );
        let mut trainer =
            Trainer::<f32>::new(Context::new(InstructionSet::detect(), 1), &config.trainer(spec.clone()));
        let source = LastScored::new(Box::new(Rare));
        if balance {
            trainer.balance_classes(&source);
        }
        let mut weight = 0.0;
        for step in 0..120 {
            trainer.step(&source, 0.02).expect("no divergence");
            if step < 10 {
                weight += trainer.score().weight;
            }
        }
        // Over the epoch that was counted, the mean weight of a target is 1.
        assert!((weight / 400.0 - 1.0).abs() < 1e-12, "{weight}");
        let only_rare = OnlyRare(source);
        trainer.evaluate(&only_rare).accuracy()
    };
    let (plain, weighted) = (learn(false), learn(true));
    assert!(
        weighted > plain + 0.3,
        "accuracy on the rare class: {plain} without weights, {weighted} with weights"
    );
}

/// A source with only the positions of the rare class.
struct OnlyRare(LastScored);

impl Source for OnlyRare {
    fn windows(&self) -> u64 {
        self.0.windows()
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        self.0.fill(epoch + 1000, window, batch);
        batch.targets.iter_mut().filter(|t| **t != 2).for_each(|t| *t = IGNORE);
    }

    fn shape(&self) -> (usize, usize) {
        self.0.shape()
    }
}

/// The setting reaches the data: training scores one position of each row of a window, and validation all
/// positions.
#[test]
fn the_mask_applies_to_training_only() {
    use longspan_run::config::Origin;
    use longspan_run::dataset::Dataset;
    let mut config = Config::default();
    for (key, value) in [("task", "copy"), ("length", "5..9"), ("batch", "7"), ("mask-loss", "last")] {
        config.set(key, value, Origin::Flag).expect("a setting");
    }
    assert_eq!(config.data.mask_loss, Some(LossMask::Last));
    let (data, mut batch) = (Dataset::open(&config, None).expect("a task"), Batch::default());
    data.train.fill(0, 0, &mut batch);
    let ends: Vec<bool> = (0..batch.shape.positions())
        .map(|position| {
            let (t, row) = batch.shape.position(position);
            t + 1 == batch.shape.length(row)
        })
        .collect();
    assert_eq!(batch.targets.iter().map(|t| *t != IGNORE).collect::<Vec<_>>(), ends);
    data.valid.expect("samples").fill(0, 0, &mut batch);
    assert_eq!(batch.scored(), batch.shape.positions());
}
