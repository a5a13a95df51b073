//! Trains a planned run on one thread and keeps everything that rules may read.

use longspan::batch::{Batch, Source};
use longspan::bptt::{Keep, Pass};
use longspan::model::{Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan::probe::credit::{Watch, measure, widen};
use longspan::probe::lyapunov::Lyapunov;
use longspan::trainer::Trainer;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::credit::{CreditOptions, CreditReport};
use longspan_record::spectrum::{LyapunovOptions, LyapunovSpectrum};
use longspan_record::{FaultRecord, ScoreRecord, StepRecord};

use super::autotrainer::Signs;
use super::plan::Plan;
use super::sources::Spoiled;

/// Steps that are recorded before a fault.
const BEFORE: usize = 32;
/// Checks of the AutoTrainer baseline, and validations, in a run.
const CHECKS: u64 = 8;

/// The records of a run.
pub(crate) struct Trace {
    pub(crate) spec: ModelSpec,
    pub(crate) need_steps: Option<usize>,
    pub(crate) chance_loss: f64,
    /// Steps in a window, and whether the state is carried from one window to the next.
    pub(crate) window_steps: usize,
    pub(crate) carried: bool,
    pub(crate) steps: Vec<StepRecord>,
    pub(crate) valid: Vec<ScoreRecord>,
    pub(crate) fault: Option<FaultRecord>,
    pub(crate) reach: Option<CreditReport>,
    pub(crate) spectrum: Option<LyapunovSpectrum>,
    pub(crate) signs: Vec<Signs>,
}

/// Trains a run and measures it.
pub(crate) fn trace(plan: &Plan) -> Trace {
    let config = &plan.config;
    let opened = plan.data.open(config);
    let spoiled = |of: Box<dyn Source>| match plan.spoil {
        Some(spoil) => Box::new(Spoiled { of, spoil }),
        None => of,
    };
    let (train, valid) = (spoiled(opened.train), spoiled(opened.valid));
    let spec = opened.spec;
    let ctx = || Context::new(InstructionSet::detect(), 1);
    let mut trainer = Trainer::<f32>::new(ctx(), &config.trainer(spec.clone()));
    plan.edits.iter().for_each(|edit| edit.apply(trainer.params_mut(), spec.hidden));
    let mut batch = Batch::default();
    train.fill(0, 1, &mut batch);
    let carried = batch.carry;

    let (mut steps, mut scores, mut signs, mut fault) = (Vec::new(), Vec::new(), Vec::new(), None);
    let every = (config.run.steps / CHECKS).max(1);
    let classes = matches!(spec.output, OutputSpec::Classes { .. });
    for step in 0..config.run.steps {
        if step % every == 0 {
            signs.push(signs_of(&spec, trainer.params(), train.as_ref(), step));
        }
        if let Err(found) = trainer.step(train.as_ref(), config.optimizer.lr) {
            signs.push(signs_of(&spec, trainer.params(), train.as_ref(), step));
            let before = steps[steps.len().saturating_sub(BEFORE)..].to_vec();
            fault = Some(trainer.first_fault(&found, before));
            break;
        }
        steps.push(trainer.record().clone());
        if (step + 1) % every == 0 {
            let score = trainer.evaluate(valid.as_ref());
            scores.push(ScoreRecord {
                step: step + 1,
                loss: score.mean_loss(),
                accuracy: classes.then(|| score.accuracy()),
                scored: score.scored,
                ..ScoreRecord::default()
            });
        }
    }
    let wide = widen(trainer.params());
    let finite = wide.flat().iter().all(|w| w.is_finite());
    let (reach, spectrum) = match finite {
        true => (Some(reach(&spec, &wide, valid.as_ref())), spectrum(&spec, &wide, valid.as_ref())),
        false => (None, None),
    };
    Trace {
        spec,
        need_steps: opened.need_steps,
        chance_loss: opened.chance_loss,
        window_steps: train.shape().0,
        carried,
        steps,
        valid: scores,
        fault,
        reach,
        spectrum,
        signs,
    }
}

fn signs_of(spec: &ModelSpec, params: &Params<f32>, source: &dyn Source, step: u64) -> Signs {
    let ctx = Context::new(InstructionSet::detect(), 1);
    let mut model = Model::<f32>::new(ctx.instruction_set(), spec);
    let (mut batch, mut grads) = (Batch::default(), Params::zeros(params.layout().clone()));
    source.fill(step / source.windows(), step % source.windows(), &mut batch);
    let mut state = model.zero_state(batch.rows());
    model.pack(&ctx, params);
    model.train(&mut Pass::new(&ctx, params), &batch, &mut state, &mut grads);
    Signs::of(&grads)
}

fn reach(spec: &ModelSpec, params: &Params<f64>, source: &dyn Source) -> CreditReport {
    let options = CreditOptions {
        sequences: 32,
        least_sequences: 8,
        resamples: 200,
        truncations: vec![2, 4, 8, 16, 32],
        truncation_batches: 2,
        sensitivity_sequences: 4,
        used: false,
        ..CreditOptions::default()
    };
    let mut watch = Watch { progress: &mut |_, _, _| (), cancelled: &|| false, late: &|| false };
    measure(&Context::new(InstructionSet::detect(), 1), spec, params, source, &options, &mut watch)
        .expect("not cancelled")
}

fn spectrum(spec: &ModelSpec, params: &Params<f64>, source: &dyn Source) -> Option<LyapunovSpectrum> {
    let ctx = Context::new(InstructionSet::detect(), 1);
    let mut model = Model::<f64>::new(ctx.instruction_set(), spec);
    let mut batch = Batch::default();
    source.fill(0, 0, &mut batch);
    let steps = batch.steps();
    let plain = !(spec.layer_norm || spec.layer_residual || spec.learned_state || spec.bidirectional);
    if !plain || batch.inputs.len() != steps * batch.rows() {
        return None;
    }
    let mut state = model.zero_state(batch.rows());
    let options =
        LyapunovOptions { exponents: Some(4), warmup_steps: steps / 4, ..LyapunovOptions::default() };
    let mut lyapunov = Lyapunov::new(&ctx, &state, batch.rows(), options);
    model.pack(&ctx, params);
    let pass = &mut Pass::new(&ctx, params).observed_by(&mut lyapunov);
    model.forward(pass, &batch, Keep::Outputs, &mut state);
    Some(lyapunov.spectrum())
}
