//! The gradient horizon in training, by the light probe and by the full probe: three measurements of one quantity.

use longspan::model::Model;
use longspan::probe::credit::{Watch, widen};
use longspan::probe::{ProbeOptions, examine};
use longspan::telemetry::Observe;
use longspan::trainer::Trainer;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::credit::{CreditOptions, Horizon, Measured};
use longspan_run::config::{Config, Origin};
use longspan_run::dataset::Dataset;

/// Trains, and measures the horizon of the last weights: in training, by the light and by the full probe.
fn horizons(settings: &[(&str, &str)]) -> [Horizon; 3] {
    let mut config = Config::default();
    for (key, value) in settings {
        config.set(key, value, Origin::Flag).expect("a setting");
    }
    let data = Dataset::open(&config, None).expect("the data");
    let spec = config.model_spec(&data.schema);
    let context = || Context::new(InstructionSet::detect(), 1);
    let mut trainer = Trainer::<f32>::new(context(), &config.trainer(spec.clone()));
    // The lag profile is measured at step 1 and at every fifth snapshot, before the update.
    trainer.observe(Observe::Norms, 10);
    let mut weights = widen(trainer.params());
    for step in 1..=config.run.steps {
        if step == config.run.steps {
            weights = widen(trainer.params());
        }
        trainer.step(data.train.as_ref(), config.optimizer.lr).expect("no divergence");
    }
    let lag = trainer.record().snapshot.as_ref().and_then(|snapshot| snapshot.lag.as_ref());
    let in_training = lag.and_then(|lag| lag.horizon.clone()).expect("a horizon in training");
    let (held_out, _) = data.held_out();
    let ctx = Context::<f64>::new(InstructionSet::detect(), 1);
    assert_eq!(**Model::<f64>::new(ctx.instruction_set(), &spec).layout(), **weights.layout());
    let probed = |options: ProbeOptions| {
        let mut watch = Watch { progress: &mut |_, _, _| (), cancelled: &|| false, late: &|| false };
        let record = examine(&ctx, &spec, &weights, held_out.as_ref(), &options, &mut watch);
        let Measured::Known(reach) = record.expect("not cancelled").reach else { panic!("no reach") };
        reach.lag.known().expect("a lag profile").total.horizon.clone()
    };
    let reach = CreditOptions {
        used: false,
        sensitivity_sequences: 0,
        truncations: Vec::new(),
        ..Default::default()
    };
    let full = ProbeOptions { reach, exponents: Some(0), products: false, ..ProbeOptions::default() };
    [in_training, probed(ProbeOptions { exponents: Some(0), ..ProbeOptions::light() }), probed(full)]
}

/// Whether the intervals overlap.
fn agree(a: &Horizon, b: &Horizon) -> bool {
    let high = |h: &Horizon| if h.high_at_least || h.at_least { usize::MAX } else { h.high_steps };
    a.low_steps <= high(b) && b.low_steps <= high(a)
}

#[test]
fn training_and_both_probes_agree_within_their_intervals() {
    for (settings, what) in [
        (
            vec![("task", "adding"), ("length", "60"), ("cell", "rnn"), ("hidden", "32"), ("steps", "100")],
            "rnn",
        ),
        (
            vec![("task", "adding"), ("length", "60"), ("cell", "gru"), ("hidden", "32"), ("steps", "100")],
            "gru",
        ),
        (vec![("task", "agreement"), ("cell", "gru"), ("hidden", "32"), ("steps", "200")], "gru, ragged"),
    ] {
        let [in_training, light, full] = horizons(&settings);
        assert!(agree(&light, &full), "{what}: light {light:?}, full {full:?}");
        assert!(agree(&in_training, &full), "{what}: in training {in_training:?}, full {full:?}");
    }
}
