//! Runs of loops of one's own: what is recorded when they fail, and of cells that this crate does not know.

use longspan::bptt::dropout::Mask;
use longspan::cell::CustomCell;
use longspan::cell::residual::Residual;
use longspan::model::init::Init;
use longspan::optim::clip::Clip;
use longspan::optim::{Rule, Settings};
use longspan::prelude::*;
use longspan_diagnose::{Language, diagnose};
use longspan_run::config::Origin;
use longspan_run::dialect::Dialect;
use longspan_run::directory::history;
use longspan_run::report::verdict::VerdictText;
use longspan_run::{Config, RunRecorder, Watched};

use crate::test_dir::TestDir;

fn model(cell: CellKind) -> ModelSpec {
    ModelSpec::language(cell, 4, 4, 6, 2)
}

fn data(model: &ModelSpec) -> Sequences {
    let x: Vec<Vec<u32>> = (0..8).map(|i| (i..i + 6).map(|token| token % 4).collect()).collect();
    let y = Targets::Classes(x.iter().map(|x| x[0]).collect());
    Sequences::new(model, Inputs::Tokens(x), y, 4, Order::Shuffled { seed: 1 }).expect("arrays that fit")
}

fn watched() -> Watched {
    Watched { by: "a test".into(), ..Watched::default() }
}

/// A step that fails is recorded with its first bad value and the steps before it, as in a run of the program.
#[test]
fn a_failed_step_is_recorded() {
    let directory = TestDir::new();
    let path = directory.path().join("run");
    let model = model(CellKind::LSTM);
    let data = data(&model);
    let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model, 4));
    let mut run = RunRecorder::of_trainer(&path, &trainer, watched()).expect("a run");
    for _ in 0..3 {
        trainer.step(&data, 0.01).expect("a step");
        run.step_of(&trainer).expect("a record");
    }
    let divergence = trainer.step(&data, 1e39).expect_err("an overflow");
    run.diverged(&mut trainer, &divergence).expect("a record");
    let history = history::read(&path).expect("a run");
    // The remedies are settings: such a loop has no flags, no commands and no lines of Python.
    let verdict = diagnose(&history.evidence());
    let text = VerdictText::new(&verdict, &Dialect::of(&history), Language::English);
    assert!(text.command.is_none());
    for unjudged in &text.unjudged {
        assert!(matches!(unjudged.command.as_deref(), None | Some("RunRecorder::probe")), "{unjudged:?}");
    }
    let remedies: Vec<_> = text.findings.iter().flat_map(|finding| &finding.remedies).collect();
    assert!(
        remedies.iter().any(|way| !way.toml.is_empty())
            && remedies.iter().all(|way| way.flags.is_empty() && way.pytorch.is_empty())
    );
    let fault = history.fault.as_ref().expect("a fault");
    assert_eq!((fault.step, fault.before.len(), fault.tensor.is_empty()), (4, 3, false));
    assert_eq!((history.outcome(), &*history.record.data.baseline), (Some("diverged"), "first loss"));
    assert_eq!(history.record.data.baseline_loss, history.steps[0].loss);
}

/// The settings name a cell that another crate defines, and no training begins from them.
#[test]
fn a_custom_cell_is_recorded_and_cannot_be_chosen() {
    let directory = TestDir::new();
    let path = directory.path().join("run");
    let model = model(CellKind::Custom(CustomCell::new("mine", &Residual)));
    let data = data(&model);
    let mut trainer = Trainer::<f64>::new(Context::detect(1), &TrainerSpec::new(model, 4));
    let mut run = RunRecorder::of_trainer(&path, &trainer, watched()).expect("a run");
    trainer.step(&data, 0.01).expect("a step");
    run.step_of(&trainer).expect("a record");
    let history = history::read(&path).expect("a run");
    assert_eq!((history.evidence().facts.cell, history.outcome()), ("custom".into(), None));
    let mut config = Config::default();
    config.set("task", "adding", Origin::Flag).expect("a setting");
    config.set("cell", "custom", Origin::Flag).expect("the settings of a recorded run are read");
    let error = config.check().expect_err("no equations").to_string();
    assert!(
        error.contains("custom") && error.contains("equations of such a cell are in another program"),
        "{error}"
    );
    let unknown = config.set("cell", "lsmt", Origin::Flag).expect_err("no cell").to_string();
    assert!(unknown.contains("lstm") && !unknown.contains("custom"), "{unknown}");
}

/// Everything of a trainer's specification is in its settings.
#[test]
fn settings_of_a_trainer_give_the_trainer_back() {
    let model = ModelSpec { bidirectional: true, layer_norm: true, ..model(CellKind::GRU) };
    let spec = TrainerSpec {
        seed: 7,
        init: Init::Gaussian { gain: 0.5 },
        forget_bias: 2.0,
        dropout: 0.25,
        dropout_mask: Mask::Sequence,
        optimizer: Settings { rule: Rule::Sgd, momentum: 0.5, weight_decay: 0.1, ..Settings::default() },
        clip: Clip::Value(3.0),
        memory_limit: Some(1 << 20),
        observe: Observe::Full,
        observe_every: 3,
        ..TrainerSpec::new(model.clone(), 9)
    };
    let config = Config::of_trainer(&spec);
    assert_eq!(format!("{:?}", config.trainer(model)), format!("{spec:?}"));
    assert!(config.model.bidirectional && config.model.layer_norm);
}
