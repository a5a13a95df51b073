//! A training loop of one's own: observed steps, and steps that fail.

use longspan::prelude::*;

fn data(model: &ModelSpec) -> Sequences {
    let x: Vec<Vec<f32>> =
        (0..10u8).map(|i| (0..7 + i % 2).map(|t| f32::from(i * t).sin()).collect()).collect();
    let y = Targets::Values(x.iter().map(|x| vec![x[0]]).collect());
    Sequences::new(model, Inputs::Numbers(x), y, 5, Order::Shuffled { seed: 2 }).expect("arrays that fit")
}

fn model() -> ModelSpec {
    let values = OutputSpec::Values { width: 1, loss: ValueLoss::Squared };
    ModelSpec::new(CellKind::GRU, InputSpec::Numbers { width: 1 }, 6, 2, values)
}

fn trainer() -> Trainer<f32> {
    let spec = TrainerSpec { observe: Observe::Full, observe_every: 2, ..TrainerSpec::new(model(), 5) };
    Trainer::new(Context::detect(1), &spec)
}

/// An observer sees every layer and time step of a training step, and changes no bit: neither of the weights nor of what
/// the trainer records itself.
#[test]
fn a_step_is_observed_and_keeps_its_bits() {
    let data = data(&model());
    let (mut alone, mut observed) = (trainer(), trainer());
    for _ in 0..4 {
        alone.step(&data, 0.01).expect("a step");
        let mut seen = Vec::new();
        let mut observer = OnBackwardStep(|step: &BackwardStep<'_, f32>| seen.push((step.layer, step.t)));
        observed.step_observed_by(&data, 0.01, &mut observer).expect("a step");
        let steps = observed.batch().steps();
        seen.sort_unstable();
        assert!(seen.into_iter().eq((0..2).flat_map(|layer| (0..steps).map(move |t| (layer, t)))));
    }
    assert!(alone.params().flat() == observed.params().flat());
    assert_eq!(alone.record(), observed.record());
    assert_eq!(alone.flow(), observed.flow());
}

/// A window that starts from the initial state may have any number of rows, and takes the step that a trainer for this
/// number takes.
#[test]
fn windows_may_have_other_numbers_of_rows() {
    let x: Vec<Vec<f32>> = (0..5u8).map(|i| vec![f32::from(i), 1.0]).collect();
    let y = Targets::Values(x.iter().map(|x| vec![x[0]]).collect());
    let data = Sequences::new(&model(), Inputs::Numbers(x), y, 3, Order::Once).expect("arrays that fit");
    let of = |rows| Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model(), rows));
    let (mut fits, mut other) = (of(3), of(8));
    for _ in 0..4 {
        fits.step(&data, 0.01).expect("a step");
        other.step(&data, 0.01).expect("a step");
    }
    assert_eq!((other.batch().rows(), other.position().epoch), (2, 2));
    assert!(fits.params().flat() == other.params().flat());
    let divergence = other.step(&data, 1e39).expect_err("an overflow");
    assert_eq!(other.first_fault(&divergence, Vec::new()).step, 5);
}

/// Training batches are full, and validation scores each sequence once.
#[test]
fn sequences_are_trained_on_and_scored() {
    let (mut trainer, data) = (trainer(), data(&model()));
    let first = trainer.evaluate(&data);
    for _ in 0..60 {
        trainer.step(&data, 0.01).expect("a step");
    }
    let last = trainer.evaluate(&data);
    assert_eq!((first.scored, trainer.position().epoch), (10, 30));
    assert!(last.mean_loss() < 0.5 * first.mean_loss(), "{first:?}, {last:?}");
}

#[test]
fn a_divergence_is_an_error_with_its_numbers() {
    let (mut trainer, data) = (trainer(), data(&model()));
    let error: Box<dyn std::error::Error> = trainer.step(&data, 1e39).expect_err("an overflow").into();
    let text = error.to_string();
    assert!(text.starts_with("step 1 (epoch 1) was not taken: loss "), "{text}");
    assert!(text.contains("Try a lower learning rate"), "{text}");
}
