//! The loss of each token of a text, given the tokens before it.

mod blocks;

use longspan::batch::Batch;
use longspan_data::schema::Schema;

use super::bar::Bar;
use super::job::{End, Job, open};
use super::table::{Cell, Table};
use super::values::finite;
use crate::commands::eval::Loaded;
use crate::failure::{Failure, fail};
use blocks::Blocks;

/// The largest number of steps that are computed at once, and of logits.
const AT_ONCE: (usize, usize) = (256, 1 << 20);

pub(super) fn run(loaded: &mut Loaded, schema: &Schema, job: &mut Job) -> Result<End, Failure> {
    let Loaded { ctx, model, params, config, .. } = loaded;
    let vocabulary = schema.vocabulary().expect("a language model");
    let (input, bytes): (Box<dyn std::io::Read>, u64) = match job.input.take() {
        Some(input) => (input, 0),
        None => {
            let file = open(&job.path)?;
            let bytes = file.metadata().map_or(0, |metadata| metadata.len());
            (Box::new(file), bytes)
        }
    };
    let mut blocks = Blocks::new(input, &job.path, vocabulary, config.data.encoding);
    let names = ["token", "nats"].map(str::to_owned).to_vec();
    let mut table = Table::begin(&mut job.output, names, job.json)?;
    let bar = Bar::new(bytes, "bytes");
    let count = vocabulary.len();
    let most = (AT_ONCE.1 / count).clamp(1, AT_ONCE.0);
    let (mut state, mut batch, mut logits) = (model.zero_state(1), Batch::default(), Vec::new());
    // `tokens` begins with the last token of the block before.
    let (mut tokens, mut begun) = (Vec::new(), false);
    while let Some(bytes) = blocks.next(&mut tokens)? {
        if let (false, Some(&first)) = (begun, tokens.first()) {
            // The first token has no prediction.
            table.row([Cell::Text(&vocabulary.label(first)), Cell::Nothing])?;
            begun = true;
        }
        for first in (0..tokens.len().saturating_sub(1)).step_by(most) {
            if job.stop.came() {
                return Ok(End::Interrupted);
            }
            let steps = most.min(tokens.len() - 1 - first);
            batch.reshape(steps, 1);
            batch.inputs.copy_from_slice(&tokens[first..first + steps]);
            let positions: Vec<u32> = (0..steps as u32).collect();
            model.predict(ctx, params, &batch, &mut state, &positions, &mut logits);
            finite(&logits)?;
            for (logits, &token) in logits.chunks_exact(count).zip(&tokens[first + 1..]) {
                let loss = nats(logits, token as usize);
                table.row([Cell::Text(&vocabulary.label(token)), Cell::Number(loss)])?;
            }
        }
        tokens.drain(..tokens.len().saturating_sub(1));
        bar.advance(bytes);
    }
    if tokens.is_empty() {
        return Err(fail(format!("{} is empty: name a file with text", job.path.display())));
    }
    Ok(End::Done)
}

/// −ln softmax(x)_y.
fn nats(logits: &[f32], token: usize) -> f64 {
    let most = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|&x| (f64::from(x) - most).exp()).sum();
    sum.ln() + most - f64::from(logits[token])
}
