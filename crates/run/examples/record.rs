//! Trains in a loop of its own, and leaves a run directory: `longspan diagnose DIRECTORY`, `longspan report DIRECTORY`.
use std::path::Path;

use longspan::prelude::*;
use longspan::probe::{ProbeOptions, Watch, examine};
use longspan_run::{Outcome, RunRecorder, Watched};

/// Trains, and records the run in `path`, which must be new or empty.
pub fn train_into(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let input = InputSpec::Tokens { vocabulary: 9, embedding: 8 };
    let model = ModelSpec::new(CellKind::Rnn, input, 16, 1, OutputSpec::Classes { count: 2, tied: false });
    // The class of a sequence is its first token, which is read 39 steps before the loss.
    let tokens = |i: u32| (0..40).map(|t| if t == 0 { i % 2 } else { 2 + (i * t * t) % 7 }).collect();
    let part = |items: std::ops::Range<u32>, order| {
        let classes = Targets::Classes(items.clone().map(|i| i % 2).collect());
        Sequences::new(&model, Inputs::Tokens(items.map(tokens).collect()), classes, 16, order)
    };
    let (train, valid) = (part(0..512, Order::Shuffled { seed: 1 })?, part(512..640, Order::Once)?);
    let spec = TrainerSpec { observe: Observe::Full, ..TrainerSpec::new(model.clone(), 16) };
    let mut trainer = Trainer::<f32>::new(Context::detect(1), &spec);

    let watched = Watched { by: "record.rs".into(), needed_lag_steps: Some(39), ..Watched::default() };
    let mut run = RunRecorder::of_trainer(path, &trainer, watched)?;
    run.baseline("class frequencies", f64::ln(2.0))?;
    for _epoch in 0..10 {
        for _ in 0..train.windows() {
            if let Err(divergence) = trainer.step(&train, 0.01) {
                run.diverged(&mut trainer, &divergence)?;
                return Err(divergence.into());
            }
            run.step_of(&trainer)?;
        }
        run.valid_of(&mut trainer, &valid)?;
    }
    let (ctx, params) = (trainer.context(), trainer.params());
    run.probe(examine(ctx, &model, params, &valid, &ProbeOptions::default(), &mut Watch::default())?)?;
    Ok(run.close(Outcome::Finished)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    train_into(Path::new(&std::env::args_os().nth(1).unwrap_or("runs/mine".into())))
}
