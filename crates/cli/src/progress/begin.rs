//! What training prints before its first step.

use longspan::model::ModelSpec;
use longspan_run::train::Start;
use longspan_run::visible;

use super::{counted, figure, grouped, name};
use crate::wrap::{note_columns, pad, wrap};

/// Column in which the texts begin; that of the summary of training.
const TEXTS: usize = 13;

/// The run, its data, model and computation, one line or more for each; then what is remarkable about them.
pub(super) fn describe(start: &Start) -> Vec<String> {
    let Start { data, .. } = start;
    let mut lines = Vec::new();
    let mut add = |label: &str, text: &str| {
        let wrapped = wrap(&pad(label, TEXTS), text, note_columns());
        lines.extend(wrapped.lines().map(str::to_owned));
    };
    add("run", &visible::path(&start.out));
    add("data", &data.description);
    add("parts", &parts(start));
    let parameters = counted_in_groups(start.parameters as u64, "parameter");
    add("model", &format!("{}, {parameters}", model(&start.model)));
    add("training", &length(start));
    add("loss", &format!("{}; baseline {}, {}", name(data.unit), figure(data.baseline_loss), data.baseline));
    add("computation", &format!("{}, {}", counted(start.threads, "thread"), start.level));
    if start.step == 0 {
        lines.extend(data.notices.iter().map(|notice| format!("note: {notice}")));
    }
    if let Some(plan) = &start.memory {
        lines.push(format!("bptt memory: {plan}"));
    }
    if start.step > 0 {
        lines.push(format!("resuming after step {} of {}", grouped(start.step), grouped(start.steps)));
    }
    if let Some(isa) = &start.began_on {
        lines.push(format!(
            "note: the run began on {isa}, and {} rounds differently; for equal bits, set LONGSPAN_ISA={isa}",
            start.level
        ));
    }
    lines
}

/// The sizes of the parts: "sequences: 243 for training, 27 for validation".
fn parts(start: &Start) -> String {
    let parts = &start.data.parts;
    let train = match parts.train {
        0 => "new at each step for training".to_owned(),
        train => format!("{} for training", grouped(train)),
    };
    let valid = match parts.valid {
        0 => "none for validation".to_owned(),
        valid => format!("{} for validation", grouped(valid)),
    };
    let test = if parts.test > 0 { format!(", {} for test", grouped(parts.test)) } else { String::new() };
    format!("{}: {train}, {valid}{test}", parts.items)
}

/// The cell and the size of the network: "lstm, 2 layers of 128 units".
fn model(spec: &ModelSpec) -> String {
    let layers = counted(spec.layers as u64, "layer");
    let coder = if spec.encoder.is_some() { "encoder and decoder, each " } else { "" };
    let both = if spec.bidirectional { " in both directions" } else { "" };
    format!("{}, {coder}{layers} of {}{both}", spec.cell, counted(spec.hidden as u64, "unit"))
}

/// The planned steps: "6 epochs, 48 steps, 32 sequences per batch".
fn length(start: &Start) -> String {
    let steps = counted_in_groups(start.steps, "step");
    let epochs = start.epochs.map_or(String::new(), |epochs| counted_in_groups(epochs, "epoch") + ", ");
    format!("{epochs}{steps}, {} per batch", counted_in_groups(start.batch as u64, "sequence"))
}

fn counted_in_groups(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(n))
}
