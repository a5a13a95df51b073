//! Trains in a loop of its own, and leaves a run directory: `longspan diagnose DIRECTORY`, `longspan report DIRECTORY`.
use std::path::PathBuf;

use longspan::prelude::*;
use longspan_run::{Outcome, RunRecorder, Watched};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The class of a sequence is its first token, which is read 39 steps before the loss.
    let tokens = |i: u32| (0..40).map(|t| if t == 0 { i % 2 } else { 2 + (i * t * t) % 7 }).collect();
    let part = |items: std::ops::Range<u32>| {
        let classes = items.clone().map(|i| i % 2).collect();
        (Inputs::Tokens(items.map(tokens).collect()), Targets::Classes(classes))
    };
    let input = InputSpec::Tokens { vocabulary: 9, embedding: 8 };
    let output = OutputSpec::Classes { count: 2, tied: false };
    let model = ModelSpec::new(CellKind::Rnn, input, 16, 1, output);
    let ((x, y), held_out) = (part(0..512), part(512..640));
    let train = Sequences::new(&model, x, y, 16, Order::Shuffled { seed: 1 })?;
    let valid = Sequences::new(&model, held_out.0, held_out.1, 16, Order::Once)?;
    let spec = TrainerSpec { observe: Observe::Full, observe_every: 10, ..TrainerSpec::new(model, 16) };
    let mut trainer = Trainer::<f32>::new(Context::detect(1), &spec);

    let path = PathBuf::from(std::env::args().nth(1).unwrap_or("runs/mine".into()));
    let watched = Watched { by: "record.rs".into(), needed_lag_steps: Some(39), ..Watched::default() };
    let mut run = RunRecorder::of_trainer(&path, &trainer, watched)?;
    run.baseline("class frequencies", f64::ln(2.0))?;
    for _epoch in 0..10 {
        for _ in 0..train.windows() {
            if let Err(divergence) = trainer.step(&train, 0.01) {
                run.diverged(&mut trainer, &divergence)?;
                return Err(divergence.into());
            }
            run.step_of(&trainer)?;
        }
        let score = trainer.evaluate(&valid);
        run.valid_of(&trainer, &score)?;
    }
    run.close(Outcome::Finished)?;
    println!("longspan diagnose {}", path.display());
    Ok(())
}
