//! `longspan demo`: where the gradient dies, and what keeps it alive.

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Instant;

use clap::ArgMatches;
use longspan::config::{CellName, Config};
use longspan::dataset::Dataset;
use longspan::head::Score;
use longspan::head::Unit;
use longspan::kernel::Context;
use longspan::task::agreement::Agreement;
use longspan::task::{EVALUATION_OFFSET, Lengths, TaskKind};
use longspan::trainer::Trainer;

use crate::draw::{bar, magnitude};
use crate::failure::{Failure, fail, put};
use crate::machine::{self, Stop};
use crate::progress::{duration, loss};

/// Steps between subject and verb: tanh loses the subject on the way, five seeds of five; the lstm keeps it.
const LENGTH: usize = 20;
/// Training steps of each network.
const STEPS: u64 = 800;
/// First training steps, over which the gradient's strength is averaged: what each network had to learn from.
const MEASURED: u64 = 100;
/// Decades of the chart.
const DECADES: f64 = 10.0;
/// Characters of a bar.
const WIDTH: usize = 20;

/// One network of the story.
struct Part {
    name: &'static str,
    cell: CellName,
    forget_bias: f64,
}

/// With its forget bias at 1 an lstm keeps σ(1) = 73 % a step at first: enough for a dozen steps. At 3 it keeps 95 %.
const PARTS: [Part; 2] = [
    Part { name: "rnn", cell: CellName::Rnn, forget_bias: 0.0 },
    Part { name: "lstm", cell: CellName::Lstm, forget_bias: 3.0 },
];

/// What became of a network.
struct Result {
    score: Score,
    /// Mean over the first training steps of log10(‖∂ℒ/∂h_t‖ / ‖∂ℒ/∂h_T‖), for each t.
    strength: Vec<f64>,
    seconds: f64,
}

pub(crate) fn run(matches: &ArgMatches) -> std::result::Result<ExitCode, Failure> {
    let count = |name: &str, default: u64| matches.get_one::<u64>(name).copied().unwrap_or(default);
    let length = usize::try_from(count("length", LENGTH as u64)).unwrap_or(usize::MAX);
    if !(1..=500).contains(&length) {
        return Err(fail(format!("--length {length}: the demo takes 1 to 500; `longspan train` takes more")));
    }
    let mut config = Config::default();
    (config.task, config.length, config.hidden) = (Some(TaskKind::Agreement), Lengths::only(length), 64);
    config.seed = count("seed", 0);
    let task = Agreement::new(length, 1, config.seed, 1, 0)?;
    put(&format!(
        "Agreement of a verb with a subject {length} steps before it. A network reads a sentence word by word, and\n\
         at its end has to say was or were:\n\n    {}\n\nNothing but the second word tells. Two networks of {} units, the same data, {STEPS} steps each:\n\n",
        task.sentence(EVALUATION_OFFSET),
        config.hidden
    ))?;
    let stop = Stop::listen()?;
    let mut results = Vec::new();
    for part in &PARTS {
        let Some(result) = train(&config, part, count("threads", 0) as usize, &stop)? else {
            return Ok(ExitCode::from(stop.code()));
        };
        let verdict = match result.score.accuracy() {
            a if a >= 0.95 => "it has learned the rule",
            a if a <= 0.6 => "no better than a coin",
            _ => "it has begun to learn the rule",
        };
        put(&format!(
            "    {:5} {:5.1} % right on fresh sentences, loss {}: {verdict}  ({})\n",
            part.name,
            100.0 * result.score.accuracy(),
            loss(result.score.mean_loss(), Unit::Nats),
            duration(result.seconds)
        ))?;
        results.push(result);
    }
    put(&chart(&task, &results))?;
    put(
        "Each recurrent step of the rnn multiplies the gradient by a factor below 1, and what is left at the subject\n\
         drowns in the noise of the words between. The lstm's forget gate, biased to 3, lets 95 % through.\n\n\
         Next: longspan train --text FILE\n",
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Trains one network; None if stopped.
fn train(
    config: &Config,
    part: &Part,
    threads: usize,
    stop: &Stop,
) -> std::result::Result<Option<Result>, Failure> {
    let began = Instant::now();
    let mut config = config.clone();
    (config.cell, config.forget_bias) = (part.cell, part.forget_bias);
    let data = Dataset::open(&config, None)?;
    let ctx = Context::<f32>::new(machine::level()?, machine::threads(threads));
    let mut trainer = Trainer::new(ctx, &config.model_spec(&data.schema), &config);
    let mut strength = vec![0.0; config.length.longest() + 2];
    for step in 0..STEPS {
        if stop.cancel.load(Ordering::Relaxed) {
            return Ok(None);
        }
        trainer
            .step(data.train.as_ref(), config.lr)
            .map_err(|d| fail(format!("the {} diverged at step {}", part.name, d.step)))?;
        if step < MEASURED {
            let profile = trainer.flow().mean(0);
            let last = profile[profile.len() - 1];
            strength.iter_mut().zip(profile).for_each(|(s, x)| *s += (x / last).log10() / MEASURED as f64);
        }
    }
    let valid = data.valid.ok_or_else(|| fail("the task has no validation samples"))?;
    let score = trainer.evaluate(valid.as_ref(), &|| stop.cancel.load(Ordering::Relaxed));
    Ok(score.map(|score| Result { score, strength, seconds: began.elapsed().as_secs_f64() }))
}

/// The sentence from top to bottom, beside each word the gradient that arrives there.
fn chart(task: &Agreement, results: &[Result]) -> String {
    let sentence = task.sentence(EVALUATION_OFFSET).replace(',', " ,");
    let words: Vec<&str> = sentence.split_whitespace().take(task.dependency_length() + 2).collect();
    let mut text = format!(
        "\nGradient of the loss at the end by the state after each word, relative to the last (first {MEASURED} steps;\n\
         a full bar is 1, an empty one 1e-{DECADES:.0} or less):\n\n"
    );
    let width = words.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    text += &format!("    {:width$}  ", "");
    for part in &PARTS {
        text += &format!("{:1$}", part.name, WIDTH + 10);
    }
    text = text.trim_end().to_owned() + "\n";
    for (t, word) in words.iter().enumerate() {
        text += &format!("    {word:width$}  ");
        for result in results {
            let log10 = result.strength[t];
            text += &format!("{} {:8} ", bar(1.0 + log10 / DECADES, WIDTH), magnitude(log10));
        }
        text = text.trim_end().to_owned();
        text += if t == 1 { "  <- the subject\n" } else { "\n" };
    }
    text + "\n"
}
