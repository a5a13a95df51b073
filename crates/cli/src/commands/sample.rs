//! `longspan sample`: a run writes text.

use std::process::ExitCode;

use clap::ArgMatches;
use longspan::model::StepInput;
use longspan::model::sampling::choose;
use longspan_data::vocabulary::{Level, Vocabulary};
use longspan_kernel::rng::{Key, Purpose};
use serde_json::json;

use super::eval::{Loaded, load};
use crate::failure::{Failure, fail, put};
use crate::stop::Stop;

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let count = |name: &str, default: u64| matches.get_one::<u64>(name).copied().unwrap_or(default);
    let temperature = match matches.get_one::<String>("temperature") {
        None => 1.0,
        Some(text) => match text.parse::<f64>() {
            Ok(t) if t.is_finite() && t >= 0.0 => t,
            _ => return Err(fail(format!("--temperature {text}: needs a finite number, 0 or more"))),
        },
    };
    let Loaded { checkpoint, config, ctx, mut model, params } = load(matches, 1)?;
    let header = checkpoint.require_header()?;
    if config.data.task.is_some() || !header.model.is_language() {
        return Err(fail("the model has learned no text to go on with: `longspan eval` scores it"));
    }
    let vocabulary = header.schema.vocabulary().expect("a language model");
    let prompt = matches.get_one::<String>("prompt").map_or("", String::as_str);
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
    let as_json = matches.get_flag("json");
    let mut printer = Printer { vocabulary, shown: 0 };
    if !as_json {
        printer.show(&written, false)?;
    }
    let stop = Stop::listen()?;
    let key = Key::new(count("seed", 0), Purpose::Sample, 0, 0);
    let top_k = usize::try_from(count("top-k", 0)).unwrap_or(usize::MAX);
    for t in 0..count("length", 500) {
        if stop.came() {
            put("\n")?;
            return Ok(ExitCode::from(stop.code()));
        }
        let draw = key.stream(0, t).uniform();
        let Some(token) = choose(&logits, temperature, top_k, draw) else {
            return Err(fail(
                "the model's outputs are not finite: its training diverged, take an earlier checkpoint",
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
        put("\n")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is read where there is no prompt: the end of a line, or the first token.
fn beginning(vocabulary: &Vocabulary) -> u32 {
    vocabulary.encode_prompt("\n").ok().and_then(|tokens| tokens.last().copied()).unwrap_or(0)
}

/// Prints tokens as they come.
struct Printer<'a> {
    vocabulary: &'a Vocabulary,
    /// Bytes printed.
    shown: usize,
}

impl Printer<'_> {
    /// Prints what is new; bytes that do not yet make a character wait, unless it is the `end`.
    fn show(&mut self, tokens: &[u32], end: bool) -> Result<(), Failure> {
        // A character takes at most 4 bytes, a word any number: decode from a safe place behind.
        let bytes = self.vocabulary.decode_bytes(tokens);
        let mut fresh = &bytes[self.shown.min(bytes.len())..];
        if self.vocabulary.level() == Level::Tokenizer && !end {
            // It writes a mark in the place of a character that is not whole.
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
        put(&String::from_utf8_lossy(&fresh[..whole]))
    }
}
