//! Descriptions of runs, checkpoints, and weights that lack a description of their model.

use std::io::Read;
use std::path::Path;

use longspan::model::{InputSpec, OutputSpec};
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_run::checkpoint::{Checkpoint, Header};
use longspan_run::config::Config;
use longspan_run::directory::{self, UNFINISHED};
use longspan_run::{plain_file, visible};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::progress::{counted, figure, grouped};
use crate::shell;

/// The number of tensors that are listed.
const LISTED: usize = 24;

/// A description as text and as a JSON document.
pub(super) struct Lines {
    pub(super) text: String,
    pub(super) document: Map<String, Value>,
}

impl Lines {
    fn new(path: &Path, kind: &str, words: &str) -> Self {
        let document =
            Map::from_iter([("path".into(), json!(visible::name(path))), ("kind".into(), json!(kind))]);
        Self { text: format!("{}: {words}\n", visible::path(path)), document }
    }

    fn add(&mut self, name: &str, words: &str, value: Value) {
        self.text += &format!("{name:<12} {}\n", visible::line(words));
        self.document.insert(name.replace(' ', "_"), value);
    }

    /// Adds a command to run next. The document keeps the last one.
    fn next(&mut self, line: String) {
        self.text += &format!("{:<12} {line}\n", "next:");
        self.document.insert("command".into(), line.into());
    }
}

/// Whether a file is in the safetensors format: by its name, or by its beginning, the length of a header in 8 bytes and a brace.
pub(super) fn is_weights(path: &Path) -> bool {
    let mut head = [0; 9];
    let named = path.extension().is_some_and(|extension| extension == "safetensors");
    path.is_file()
        && (named
            || plain_file::open(path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok())
                && head[7..] == *b"\0{")
}

/// Describes the directory of a run.
///
/// # Errors
/// A message if it cannot be read.
pub(super) fn run(path: &Path) -> Result<Lines, Failure> {
    let record = directory::read_record(path)?;
    let config = directory::read_config(path)?;
    let summary: Option<Value> = plain_file::read_to_string(&path.join("summary.json"))
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok());
    let of = |name: &str| summary.as_ref().map_or(Value::Null, |summary| summary[name].clone());
    let mut lines = Lines::new(path, "run", "a run");
    lines.add("data", &record.data.description, json!(record.data.description));
    if let Ok(checkpoint) =
        directory::find_checkpoint(path).map_err(Failure::from).and_then(|file| Ok(Checkpoint::read(&file)?))
    {
        describe(&mut lines, checkpoint.require_header()?);
    }
    let outcome = of("outcome").as_str().unwrap_or(UNFINISHED).to_owned();
    let step = of("step").as_u64();
    let words = step.map_or(outcome.clone(), |step| format!("{outcome} after step {}", grouped(step)));
    lines.add("outcome", &words, json!(outcome));
    let out = shell::path(path);
    let more = match outcome.as_str() {
        "finished" | "stopped_early" if config.run.steps > 0 => format!(" --steps {}", 2 * config.run.steps),
        "finished" | "stopped_early" => format!(" --epochs {}", 2 * config.run.epochs),
        _ => String::new(),
    };
    lines.text.push('\n');
    lines.next(format!("longspan eval {out}"));
    lines.next(format!("longspan resume {out}{more}"));
    Ok(lines)
}

/// Describes a checkpoint, or weights that lack a description of their model.
///
/// # Errors
/// A message if the file cannot be read.
pub(super) fn weights(path: &Path) -> Result<Lines, Failure> {
    let checkpoint = Checkpoint::read(path)?;
    let file = shell::path(path);
    let Some(header) = checkpoint.header() else {
        let shapes = checkpoint.shapes();
        let mut lines = Lines::new(
            path,
            "weights",
            &format!("weights without a description of their model, {}", counted(shapes.len(), "tensor")),
        );
        for (name, shape) in shapes.iter().take(LISTED) {
            lines.text += &format!("{:<12} {name} {shape:?}\n", "");
        }
        if shapes.len() > LISTED {
            lines.text += &format!("{:<12} and {} more\n", "", shapes.len() - LISTED);
        }
        let tensors = shapes.iter().map(|&(name, shape)| (name.to_owned(), json!(shape)));
        lines.document.insert("tensors".into(), Value::Object(tensors.collect()));
        let words = match model_of(&shapes) {
            Some(flags) => format!("add the flag of your data to: longspan train {flags} --from {file}"),
            None => "the tensors do not have the names of PyTorch (rnn.weight_ih_l0, …, head.weight): rename them, then train with --from".into(),
        };
        lines.add("train", &words, json!(words));
        return Ok(lines);
    };
    let mut lines = Lines::new(path, "checkpoint", "a checkpoint");
    describe(&mut lines, header);
    let flag = match (&header.schema.predicts, &header.schema.reads) {
        (Predicts::Next, Reads::Tokens(_)) => "--text FILE",
        (Predicts::Forecast(_), _) => "--series FILE",
        (Predicts::Classes(_) | Predicts::Regression(_) | Predicts::Next, _) => "--labelled FILE",
        (Predicts::Value, _) => "--task NAME",
    };
    let words = format!("longspan train --from {file} {flag}");
    lines.document.insert("train".into(), json!(words));
    lines.text += &format!("\n{:<12} {words}\n", "next:");
    Ok(lines)
}

/// The flags of a model whose weights have these shapes under PyTorch's names. The recurrent matrix is as many times as high as
/// wide as the cell has gates and candidates.
fn model_of(shapes: &[(&str, &[usize])]) -> Option<String> {
    let shape = |name: &str| shapes.iter().find(|(own, _)| *own == name).map(|(_, shape)| *shape);
    let &[height, hidden] = shape("rnn.weight_hh_l0")? else { return None };
    let layers = (0..).take_while(|k| shape(&format!("rnn.weight_hh_l{k}")).is_some()).count();
    let cell = match height.checked_div(hidden)? {
        1 => "rnn",
        3 => "gru",
        4 => "lstm",
        _ => return None,
    };
    Some(format!("--cell {cell} --hidden {hidden} --layers {layers}"))
}

fn describe(lines: &mut Lines, header: &Header) {
    let model = &header.model;
    let mut config = Config::default();
    config.adopt(model);
    let words = format!("{} {}x{}", config.model.cell, model.layers, model.hidden);
    lines.add(
        "model",
        &words,
        json!({"cell": config.model.cell.to_string(), "layers": model.layers, "hidden": model.hidden}),
    );
    lines.add("reads", &reads(&header.schema, model.input), json!(reads(&header.schema, model.input)));
    let predicts = predicts(&header.schema, model.output);
    lines.add("predicts", &predicts, json!(predicts));
    let step = header.position.step;
    lines.add("step", &grouped(step), json!(step));
}

fn reads(schema: &Schema, input: InputSpec) -> String {
    match (&schema.reads, input) {
        (Reads::Tokens(vocabulary), _) => {
            format!("{} tokens, {} distinct", vocabulary.level(), vocabulary.len())
        }
        (Reads::Numbers { channels, .. }, _) => match channels.len() {
            1 => format!("1 channel, {}", channels[0]),
            n if n <= 6 => format!("{n} channels, {}", channels.join(", ")),
            n => format!("{n} channels, {} to {}", channels[0], channels[n - 1]),
        },
    }
}

fn predicts(schema: &Schema, output: OutputSpec) -> String {
    match &schema.predicts {
        Predicts::Next => "the next step".into(),
        Predicts::Classes(names) if names.len() <= 12 => {
            format!("{} classes, {}", names.len(), names.join(", "))
        }
        Predicts::Classes(names) => format!("{} classes", names.len()),
        Predicts::Regression(scaling) => {
            format!("a number for each sequence, {} on average", figure(scaling.mean))
        }
        Predicts::Value => counted(output.width(), "number"),
        Predicts::Forecast(forecast) => {
            let channels = match &schema.reads {
                Reads::Numbers { channels, .. } => &channels[..],
                Reads::Tokens(_) => &[],
            };
            let targets: Vec<&str> = forecast
                .targets
                .iter()
                .filter_map(|target| Some(channels.get(target.channel)?.as_str()))
                .collect();
            format!(
                "{} ahead of {} from {}",
                counted(forecast.ahead, "row"),
                targets.join(", "),
                counted(forecast.window, "row")
            )
        }
    }
}
