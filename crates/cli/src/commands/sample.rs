//! `longspan sample`: generates text with a language model.

use clap::Args;
use longspan::model::StepInput;
use longspan::model::sampling::Sampling;
use longspan_data::vocabulary::{TokenLevel, Vocabulary};
use longspan_kernel::rng::{Key, Purpose};
use serde_json::json;

use super::eval::{Loaded, load};
use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::flags::{Json, Threads, Weights};
use crate::shell;
use crate::stop::Stop;
use crate::streams::{put, put_more};

/// Generate text with a language model
#[derive(Args, Debug)]
#[command(mut_arg("threads", |arg| arg.help("Threads; 0 means one per core [default: 1]")))]
pub(crate) struct SampleArgs {
    #[command(flatten)]
    weights: Weights,
    /// Text to continue
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    prompt: String,
    /// Tokens to generate
    #[arg(long, value_name = "N", default_value_t = 500)]
    length: u64,
    /// Temperature: below 1 prefers likely tokens, above 1 gives more variety, 0 always chooses the most likely token
    #[arg(long, value_name = "X", default_value_t = 1.0, allow_negative_numbers = true, value_parser = temperature)]
    temperature: f64,
    /// Choose among the K most likely tokens; 0 means all
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// Choose among the most likely tokens whose probabilities add up to P; 1 means all
    #[arg(long, value_name = "P", default_value_t = 1.0, allow_negative_numbers = true, value_parser = probability)]
    top_p: f64,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    json: Json,
}

fn temperature(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|t| t.is_finite() && *t >= 0.0);
    number.ok_or_else(|| "needs a finite number, 0 or more".into())
}

fn probability(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|p| *p > 0.0 && *p <= 1.0);
    number.ok_or_else(|| "needs a number above 0, and at most 1".into())
}

pub(crate) fn run(args: &SampleArgs) -> Result<ExitCode, Failure> {
    let stop = Stop::listen()?;
    let Loaded { checkpoint, config, ctx, mut model, params, .. } =
        load(&args.weights, args.threads.count(1))?;
    let header = checkpoint.require_header()?;
    if config.data.task.is_some() || !header.model.is_language() {
        let run = shell::path(&args.weights.run);
        return Err(fail(format!(
            "the model was not trained on a text: score it instead (next: longspan eval {run})"
        )));
    }
    let vocabulary = header.schema.vocabulary().expect("a language model");
    let prompt = args.prompt.as_str();
    let mut written = vocabulary.encode_prompt(prompt).map_err(|error| fail(format!("--prompt: {error}")))?;
    let prompted = written.len();
    if written.is_empty() {
        written.push(beginning(vocabulary));
    }
    let mut steps = model.steps(&params, 1);
    let mut logits = vec![0.0; vocabulary.len()];
    for token in &written {
        model.step(&ctx, &params, StepInput::Tokens(&[*token]), &mut steps, &mut logits);
    }
    if prompted == 0 {
        written.clear();
    }
    let as_json = args.json.json;
    let mut printer = Printer { vocabulary, shown: 0 };
    if !as_json {
        printer.show(&written, false)?;
    }
    let sampling = Sampling { temperature: args.temperature, top_k: args.top_k, top_p: args.top_p };
    stop.hold().hold();
    let key = Key::new(args.seed, Purpose::Sample, 0, 0);
    for t in 0..args.length {
        if stop.came() {
            put_more("\n")?;
            return Ok(ExitCode::from(stop.code()));
        }
        let draw = key.stream(0, t).uniform();
        let Some(token) = sampling.choose(&logits, draw) else {
            return Err(fail(
                "the outputs of the model are not finite, because its training diverged: choose another --checkpoint",
            ));
        };
        written.push(token);
        if !as_json {
            printer.show(&written, false)?;
        }
        model.step(&ctx, &params, StepInput::Tokens(&[token]), &mut steps, &mut logits);
    }
    if as_json {
        let text = vocabulary.decode(&written);
        put(
            &(json!({"prompt": prompt, "text": text, "tokens": written.len() - prompted}).to_string() + "\n")
        )?;
    } else {
        printer.show(&written, true)?;
        put_more("\n")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The token that is read if there is no prompt: the end of a line, otherwise the first of the vocabulary.
fn beginning(vocabulary: &Vocabulary) -> u32 {
    vocabulary.encode_prompt("\n").ok().and_then(|tokens| tokens.last().copied()).unwrap_or(0)
}

/// Prints tokens as they are generated.
struct Printer<'a> {
    vocabulary: &'a Vocabulary,
    /// The number of bytes that are printed.
    shown: usize,
}

impl Printer<'_> {
    /// Prints the new bytes. An incomplete character waits for its other bytes, unless this is the `end`.
    ///
    /// # Errors
    /// [`Failure`] if standard output cannot be written.
    fn show(&mut self, tokens: &[u32], end: bool) -> Result<(), Failure> {
        let bytes = self.vocabulary.decode_bytes(tokens);
        let mut fresh = &bytes[self.shown.min(bytes.len())..];
        if self.vocabulary.level() == TokenLevel::Tokenizer && !end {
            // A tokenizer decodes an incomplete character to U+FFFD.
            while let Some(before) = fresh.strip_suffix("\u{fffd}".as_bytes()) {
                fresh = before;
            }
        }
        let whole = match std::str::from_utf8(fresh) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() && !end => error.valid_up_to(),
            Err(_) => fresh.len(),
        };
        self.shown += whole;
        put_more(&String::from_utf8_lossy(&fresh[..whole]))
    }
}
