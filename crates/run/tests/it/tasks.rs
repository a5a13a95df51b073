//! Training on tasks of numbers through the library.
#![allow(missing_docs, reason = "a test file")]

use longspan::cell::CellKind;
use longspan::model::ModelSpec;
use longspan::trainer::Trainer;
use longspan_data::task::adding::ADDING;
use longspan_data::task::multiplication::MULTIPLICATION;
use longspan_data::task::{EVALUATION_OFFSET, Samples};
use longspan_kernel::{Context, InstructionSet};
use longspan_run::config::Config;

#[test]
fn marked_numbers_of_several_lengths_are_learned() {
    for task in [&ADDING, &MULTIPLICATION] {
        let lengths = "3..7".parse().unwrap();
        let train = Samples::new(task, lengths, 32, 1, 100, 0).unwrap();
        let valid = Samples::new(task, lengths, 32, 1, 20, EVALUATION_OFFSET).unwrap();
        let spec = ModelSpec::new(CellKind::Gru { reset_after: true }, task.input(0), 24, 1, task.output());
        let mut config = Config::default();
        config.data.batch = 32;
        let mut trainer =
            Trainer::<f32>::new(Context::new(InstructionSet::detect(), 1), &config.trainer(spec.clone()));
        for _ in 0..1000 {
            trainer.step(&train, 5e-3).unwrap();
        }
        let score = trainer.evaluate(&valid);
        let baseline = task.chance_loss(lengths);
        // Half the baseline is far from no learning: the standard error of 640 squared errors is about 5 % of
        // their mean.
        assert!(score.mean_loss() < 0.5 * baseline, "{}: {} of {baseline}", task.name(), score.mean_loss());
    }
}
