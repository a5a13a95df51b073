//! Checks of a header against the tensors of its file and against itself, before anything is built from it.

use std::collections::HashMap;
use std::path::Path;

use super::error::CheckpointError;
use super::format::{FORMAT, Tensors};
use super::header::Header;
use longspan::model::{InputSpec, Model, ModelSpec};
use longspan_data::schema::SchemaError;
use longspan_kernel::InstructionSet;
use longspan_record::RecoveryAction;

/// The most steps that are counted. The number of samples that they read stays below 2^64.
const MOST_STEPS: u64 = 1 << 40;
/// The most recoveries: the largest `max_faults`.
const MOST_RECOVERIES: usize = 1000;
/// The names of the moments of all optimizers.
const MOMENTS: [&str; 5] = ["exp_avg", "exp_avg_sq", "square_avg", "sum", "momentum_buffer"];

/// Checks every field of a header.
pub(super) fn check(path: &Path, header: &Header, tensors: &Tensors) -> Result<(), CheckpointError> {
    let field = |field: String, reason: String| CheckpointError::Field { path: path.into(), field, reason };
    let of_schema = |prefix: &str| {
        let prefix = prefix.to_owned();
        move |error: SchemaError| field(prefix + &error.field, error.reason)
    };
    let spec = &header.model;
    spec.check().map_err(|error| field(format!("model.{}", error.field), error.to_string()))?;
    header.schema.check().map_err(of_schema("schema."))?;
    header.schema.check_model(spec).map_err(of_schema(""))?;
    check_counts(header).map_err(|(name, reason)| field(name.into(), reason.into()))?;
    check_recoveries(header).map_err(|(name, reason)| field(name, reason.into()))?;
    check_sizes(spec, tensors).map_err(|(name, reason)| field(name.into(), reason))?;
    check_tensors(path, spec, tensors)
}

/// Checks the numbers of steps.
fn check_counts(header: &Header) -> Result<(), (&'static str, &'static str)> {
    let (position, patience) = (&header.position, &header.patience);
    let step = position.step;
    let within = [
        ("position.epoch", position.epoch),
        ("position.window", position.window),
        ("validated", header.validated),
        ("patience.since_best", patience.since_best),
        ("patience.reductions", patience.reductions),
    ];
    if step > MOST_STEPS {
        return Err(("position.step", "it is more than 2^40"));
    }
    // A batch that was left out is read, but no step is taken.
    let most = step + header.recoveries.len() as u64;
    if let Some((name, _)) = within.into_iter().find(|count| count.1 > most) {
        return Err((name, "it is more than the number of steps"));
    }
    if header.optimizer_steps != step {
        return Err(("optimizer_steps", "it is not the number of steps"));
    }
    if patience.since_reduction > patience.since_best {
        return Err(("patience.since_reduction", "it is more than the validations since the best one"));
    }
    // After a rewind, the best validation may be one of the steps that were undone.
    if patience.best.is_nan()
        || patience.best.is_finite() && header.validated == 0 && header.recoveries.is_empty()
    {
        return Err(("patience.best", "there was no validation"));
    }
    Ok(())
}

/// Checks the faults after which training continued.
fn check_recoveries(header: &Header) -> Result<(), (String, &'static str)> {
    let plain = header.recoveries.is_empty();
    if plain != (header.format < FORMAT) {
        return Err(("recoveries".into(), "the format does not have them, or has them and they are missing"));
    }
    if header.recoveries.len() > MOST_RECOVERIES {
        return Err(("recoveries".into(), "there are more than 1000"));
    }
    for (index, record) in header.recoveries.iter().enumerate() {
        let fault = &record.fault;
        let wrong = |name: &str, reason| Err((format!("recoveries[{index}].{name}"), reason));
        for (name, number) in
            [("fault.step", fault.step), ("fault.epoch", fault.epoch), ("window", record.window)]
        {
            if !(1..=MOST_STEPS).contains(&number) {
                return wrong(name, "it is not in 1 to 2^40");
            }
        }
        if record.step > MOST_STEPS {
            return wrong("step", "it is more than 2^40");
        }
        let goes_on = match record.action {
            RecoveryAction::Skip => record.to_step.checked_add(1) == Some(fault.step),
            RecoveryAction::Rewind => record.to_step < fault.step,
        };
        if record.to_step > MOST_STEPS || !goes_on {
            return wrong("to_step", "training cannot continue there after this fault");
        }
        if !fault.before.is_empty() {
            return wrong("fault.before", "the steps before it are not stored here");
        }
    }
    Ok(())
}

/// Compares the sizes of the model with the tensors that have them: a wrong size could ask for any amount of memory.
fn check_sizes(spec: &ModelSpec, tensors: &Tensors) -> Result<(), (&'static str, String)> {
    let size = |name: &str, axis: usize| tensors.get(name).and_then(|(shape, _)| shape.get(axis).copied());
    let is = |field: &'static str, own: usize, name: &str, axis: usize| match size(name, axis) {
        Some(found) if found == own => Ok(()),
        Some(found) => Err((field, format!("it is {own}, but the tensor {name} has {found}"))),
        None => Err((field, format!("there is no tensor {name} of this size"))),
    };
    // Each layer has at least two tensors.
    if spec.layers > tensors.len() {
        return Err(("model.layers", format!("{} layers have more tensors than the file", spec.layers)));
    }
    let scope = if spec.encoder.is_some() { "decoder." } else { "" };
    for (scope, input) in [(scope, Some(spec.input)), ("encoder.", spec.encoder)] {
        let name = |name: &str| format!("{scope}{name}");
        match input {
            Some(InputSpec::Tokens { vocabulary, embedding }) => {
                is("model.input.tokens.vocabulary", vocabulary, &name("embedding.weight"), 0)?;
                is("model.input.tokens.embedding", embedding, &name("embedding.weight"), 1)?;
            }
            Some(InputSpec::Numbers { width }) => {
                is("model.input.numbers.width", width, &name("rnn.weight_ih_l0"), 1)?;
            }
            None => continue,
        }
        is("model.hidden", spec.hidden, &name("rnn.weight_hh_l0"), 1)?;
        is("model.layers", spec.hidden, &name(&format!("rnn.weight_hh_l{}", spec.layers - 1)), 1)?;
        let next = name(&format!("rnn.weight_hh_l{}", spec.layers));
        if tensors.contains_key(&next) {
            return Err(("model.layers", format!("it is {}, but there is a tensor {next}", spec.layers)));
        }
    }
    is("model.output", spec.output.width(), "head.bias", 0)
}

/// Checks that every tensor has the shape that the model gives it, and that there are no others.
fn check_tensors(path: &Path, spec: &ModelSpec, tensors: &Tensors) -> Result<(), CheckpointError> {
    let wrong = |name: &str, expected: &[usize]| CheckpointError::Tensor {
        path: path.into(),
        name: name.into(),
        expected: expected.to_vec(),
        found: tensors.get(name).map_or("missing".into(), |(shape, _)| format!("{shape:?}")),
    };
    let model = Model::<f32>::new(InstructionSet::detect(), spec);
    let entries = model.layout().entries();
    let shapes: HashMap<&str, &Vec<usize>> = entries.iter().map(|e| (e.name.as_str(), &e.shape)).collect();
    for entry in entries {
        if tensors.get(&entry.name).is_none_or(|(shape, _)| *shape != entry.shape) {
            return Err(wrong(&entry.name, &entry.shape));
        }
    }
    let state = model.zero_state(1);
    // All layers have the rows of the first one.
    let rows = tensors.get("state.l0").and_then(|(shape, _)| shape.get(1).copied()).unwrap_or(1).max(1);
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort();
    for name in names {
        let moment = name.strip_prefix("optimizer.").and_then(|rest| rest.split_once('.'));
        let layer = name.strip_prefix("state.l").and_then(|k| k.parse::<usize>().ok());
        let expected = match (moment, layer) {
            (Some((moment, weights)), _) if MOMENTS.contains(&moment) => {
                shapes.get(weights).copied().cloned()
            }
            (None, Some(k)) if k < state.layers() => {
                Some(vec![state.layer(k).len() / spec.hidden, rows, spec.hidden])
            }
            _ => shapes.get(name.as_str()).copied().cloned(),
        };
        let Some(expected) = expected else {
            let (field, reason) = ("model".into(), format!("it has no tensor {name}, but the file has it"));
            return Err(CheckpointError::Field { path: path.into(), field, reason });
        };
        if tensors[name].0 != expected {
            return Err(wrong(name, &expected));
        }
    }
    Ok(())
}
