//! The probability of each key at the next step, after each step of a piece.

use longspan::model::StepInput;
use longspan_data::labelled::music::{KEYS, Music};
use longspan_data::schema::Schema;

use super::bar::Bar;
use super::job::{End, Job};
use super::table::{Cell, Table};
use super::values::{channels, finite, probability, shares};
use crate::commands::eval::Loaded;
use crate::failure::Failure;

pub(super) fn run(loaded: &mut Loaded, schema: &Schema, job: &mut Job) -> Result<End, Failure> {
    let Loaded { ctx, model, params, .. } = loaded;
    let Music { train, valid, test, .. } = match job.input.take() {
        Some(input) => Music::read(input, &job.path)?,
        None => Music::open(&job.path)?,
    };
    let names = ["part", "piece", "step"].map(str::to_owned).into_iter().chain(shares(channels(schema).0));
    let mut table = Table::begin(&mut job.output, names.collect(), job.json)?;
    let parts = [("train", Some(train)), ("valid", valid), ("test", test)];
    let lengths = parts.iter().filter_map(|(_, pieces)| pieces.as_ref()?.lengths());
    let bar = Bar::new(lengths.map(|lengths| lengths.total as u64).sum(), "steps");
    let (mut steps, mut roll, mut out) = (model.steps(params, 1), Vec::new(), vec![0.0; KEYS]);
    for (part, pieces) in parts.iter().filter_map(|(part, pieces)| Some((part, pieces.as_ref()?))) {
        for piece in 0..pieces.len() {
            if job.stop.came() {
                return Ok(End::Interrupted);
            }
            roll.resize(pieces.length(piece) * KEYS, 0.0);
            pieces.roll(piece, &mut roll);
            steps.clear();
            for (step, keys) in roll.chunks_exact(KEYS).enumerate() {
                model.step(ctx, params, StepInput::Numbers(keys), &mut steps, &mut out);
                finite(&out)?;
                let position = [Cell::Text(part), Cell::Whole(piece as u64), Cell::Whole(step as u64)];
                table.row(position.into_iter().chain(out.iter().map(|&x| Cell::Number(probability(x)))))?;
            }
            bar.advance(pieces.length(piece) as u64);
        }
    }
    Ok(End::Done)
}
