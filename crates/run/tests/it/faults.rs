//! The first bad value of a failed step: values injected at random locations are named exactly, and each
//! cause is produced by training.

use crate::planted::{Injections, check};
use crate::rows::Rows;
use longspan::batch::IGNORE;
use longspan::cell::CellKind;
use longspan::model::init::Init;
use longspan::optim::Rule;
use longspan::optim::clip::Clip;
use longspan::trainer::Trainer;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::{Cause, FaultRecord, Phase, StepRecord};
use longspan_run::config::Config;

/// Injected values that must make a step fail, over all cells, depths, directions, encoders, ragged rows,
/// chunks and memory limits.
const INJECTIONS: usize = 500;

#[test]
fn five_hundred_injected_values_are_named_exactly() {
    let (mut failed, mut harmless) = (Vec::new(), 0);
    for injection in Injections::new(1) {
        match check(&injection) {
            true => failed.push(injection.kind()),
            false => harmless += 1,
        }
        if failed.len() == INJECTIONS {
            break;
        }
    }
    // A large number that saturates, or a gradient at an inactive unit, is not a fault; but most injected
    // values must be.
    assert!(harmless < INJECTIONS / 2, "{harmless} injected values did nothing");
    for cell in CellKind::ALL {
        for layers in 1..4 {
            for phase in [Phase::Forward, Phase::Backward] {
                assert!(
                    failed.contains(&(cell, layers, phase)),
                    "no injected value in {cell:?}, {layers}, {phase:?}"
                );
            }
        }
    }
    for phase in [Phase::Weights, Phase::Input, Phase::Loss, Phase::Update] {
        assert!(
            failed.iter().filter(|(_, _, at)| *at == phase).count() > 10,
            "few injected values in {phase:?}"
        );
    }
}

const IDENTITY: CellKind = CellKind::Identity;

/// Trains until a step fails.
fn fault(rows: &Rows, config: &Config, lr: f64, change: impl FnOnce(&mut Trainer<f32>)) -> FaultRecord {
    let mut config = config.clone();
    config.data.batch = rows.batch.rows();
    let mut trainer =
        Trainer::<f32>::new(Context::new(InstructionSet::detect(), 1), &config.trainer(rows.spec.clone()));
    change(&mut trainer);
    let mut before: Vec<StepRecord> = Vec::new();
    for _ in 0..200 {
        match trainer.step(rows, lr) {
            Ok(()) => before.push(trainer.record().clone()),
            Err(divergence) => return trainer.first_fault(&divergence, before),
        }
    }
    panic!("no step has failed");
}

fn sgd(init: Init) -> Config {
    let mut config = Config::default();
    (config.optimizer.rule, config.optimizer.clip, config.model.init) = (Rule::Sgd, Clip::None, init);
    config
}

#[test]
fn a_gradient_that_grows_through_time_is_recognised_by_its_growth() {
    // A linear network that multiplies by 3 at each step, with zero inputs and states. The gradient grows to
    // 3^400.
    let mut rows = Rows::classes(IDENTITY, 1, 4, &[400, 390], 3);
    rows.batch.numbers.fill(0.0);
    let fault = fault(&rows, &sgd(Init::Identity), 1e-3, |trainer| {
        trainer.params_mut().named_mut("rnn.weight_hh_l0").iter_mut().for_each(|w| *w *= 3.0);
        for name in ["rnn.bias_ih_l0", "rnn.bias_hh_l0"] {
            trainer.params_mut().named_mut(name).fill(0.0);
        }
    });
    assert_eq!(
        (fault.phase, &fault.tensor[..], fault.cause),
        (Phase::Backward, "d_h", Cause::GradientGrowth)
    );
    let (log10, steps) = fault.evidence.log10_growth_a_step.expect("a growth");
    assert!((log10 - 3f64.log10()).abs() < 0.02 && steps > 50, "{log10} over {steps} steps");
    // 3^62 is 4e29, and the gradient at the end is of order 1.
    assert!((320..345).contains(&fault.t.expect("a step")), "{fault:?}");
    let reason = longspan_diagnose::fault::reason(&fault, longspan_diagnose::Language::English);
    assert!(reason.contains("times per step over"), "{reason}");
}

#[test]
fn states_that_grow_are_distinguished_from_gradients_that_grow() {
    let rows = Rows::classes(IDENTITY, 1, 4, &[400], 3);
    let grown = |trainer: &mut Trainer<f32>| {
        trainer.params_mut().named_mut("rnn.weight_hh_l0").iter_mut().for_each(|w| *w *= 3.0);
    };
    let fault = fault(&rows, &sgd(Init::Identity), 1e-3, grown);
    assert_eq!((fault.phase, &fault.tensor[..], fault.cause), (Phase::Forward, "h", Cause::ForwardOverflow));
    assert!(fault.value.abs() >= 1e30 && fault.evidence.largest_state > 1e29, "{fault:?}");
    assert!((55..75).contains(&fault.t.expect("a step")), "{fault:?}");
}

#[test]
fn steps_that_are_too_large_are_recognised_by_the_loss() {
    // Gradient descent on a linear network: the loss grows with each step until states or gradients overflow.
    let rows = Rows::classes(IDENTITY, 1, 8, &[12, 9, 9], 3);
    let fault = fault(&rows, &sgd(Init::Uniform), 30.0, |_| ());
    assert_eq!(fault.cause, Cause::StepTooLarge, "{fault:?}");
    assert!(fault.step > 1 && !fault.before.is_empty());
    let evidence = &fault.evidence;
    assert!(evidence.loss_rise.is_some() || evidence.relative_step.is_some(), "{evidence:?}");
}

#[test]
fn a_batch_without_targets_and_an_unbounded_learning_rate() {
    let mut rows = Rows::classes(CellKind::Rnn, 2, 5, &[6, 4], 3);
    let targets = std::mem::replace(&mut rows.batch.targets, vec![IGNORE; 10]);
    let nothing = fault(&rows, &sgd(Init::Uniform), 1e-3, |_| ());
    assert_eq!(
        (nothing.phase, &nothing.tensor[..], nothing.cause),
        (Phase::Loss, "loss", Cause::PaddingOnly)
    );
    assert_eq!((nothing.row, nothing.evidence.scored), (None, 0));
    rows.batch.targets = targets;
    for rate in [1e38, f64::INFINITY] {
        let fault = fault(&rows, &sgd(Init::Uniform), rate, |_| ());
        assert_eq!(
            (fault.phase, fault.cause, fault.step),
            (Phase::Update, Cause::StepTooLarge, 1),
            "{fault:?}"
        );
        assert_eq!(fault.tensor, "rnn.weight_ih_l0");
    }
}

/// Large but finite values are not faults: a gradient of 1e17 that is clipped, and linear states of 1e20.
#[test]
fn large_numbers_alone_are_not_a_fault() {
    let mut rows = Rows::classes(IDENTITY, 1, 4, &[8, 8], 3);
    rows.batch.numbers.iter_mut().for_each(|x| *x *= 1e18);
    let mut config = Config::default();
    (config.data.batch, config.optimizer.clip) = (2, Clip::Norm(1.0));
    let mut trainer =
        Trainer::<f32>::new(Context::new(InstructionSet::detect(), 1), &config.trainer(rows.spec.clone()));
    for _ in 0..20 {
        trainer.step(&rows, 1e-3).expect("a gradient that clipping bounds");
    }
    assert!(trainer.clip_report().global_norm_before > 1e15);
}
