//! Makes the fixtures that no command makes, in a copy of `tests/fixtures` that `LONGSPAN_FIXTURES` names: see its README.md.
#![allow(clippy::disallowed_methods, reason = "it makes files that tests read")]

use std::path::PathBuf;

use longspan::prelude::*;
use longspan_run::checkpoint::{Checkpoint, replace_header};
use longspan_run::{Outcome, RunRecorder, Watched};

fn directory() -> PathBuf {
    std::env::var_os("LONGSPAN_FIXTURES").expect("LONGSPAN_FIXTURES=DIR").into()
}

/// A run of a loop of one's own.
fn recorded() -> Result<(), Box<dyn std::error::Error>> {
    let model = ModelSpec::language(CellKind::GRU, 4, 4, 4, 1);
    let x: Vec<Vec<u32>> = (0..16).map(|i| (i..i + 8).map(|t| t % 4).collect()).collect();
    let next = |x: &Vec<u32>| x.iter().map(|token| (token + 1) % 4).collect();
    let y = Targets::ClassesByStep(x.iter().map(next).collect());
    let data = Sequences::new(&model, Inputs::Tokens(x), y, 4, Order::Shuffled { seed: 1 })?;
    let spec = TrainerSpec { observe: Observe::Full, observe_every: 10, ..TrainerSpec::new(model, 4) };
    let mut trainer = Trainer::<f32>::new(Context::detect(1), &spec);
    let watched = Watched { by: "my program 1.0".into(), needed_lag_steps: Some(3), ..Watched::default() };
    let path = directory().join("2026-12/recorded");
    let mut run = RunRecorder::of_trainer(&path, &trainer, watched)?;
    run.baseline("class frequencies", f64::ln(4.0))?;
    for _ in 0..12 {
        trainer.step(&data, 0.01)?;
        run.step_of(&trainer)?;
    }
    run.valid_of(&mut trainer, &data)?;
    run.close(Outcome::Finished)?;
    drop(run);
    Ok(std::fs::remove_file(path.join("lock"))?)
}

/// A checkpoint of format 4: the checksum covers the tensors alone, and the header has the fields of format 5.
fn format_4() -> Result<(), Box<dyn std::error::Error>> {
    let new = directory().join("2026-12/text/checkpoints/best.safetensors");
    let mut header = serde_json::to_value(Checkpoint::read(&new)?.require_header()?)?;
    header["format"] = 4.into();
    let old = replace_header(&std::fs::read(&new)?, &header).ok_or("a header")?;
    Ok(std::fs::write(directory().join("format-4.safetensors"), old)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    recorded()?;
    format_4()
}
