//! The rows of the benchmark.

use longspan::cell::CellKind;
use longspan::optim::Rule;
use serde_json::{Value, json};

use super::specs::{Ragged, Stack, Step, Stream};
use super::subnormal;

const RNN: CellKind = CellKind::Rnn;
const RESIDUAL: CellKind = CellKind::Residual { step: 1.0, learned: false };
const GRU: CellKind = CellKind::Gru { reset_after: true };
const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };

/// Vocabulary of the character models.
const CHARACTERS: usize = 65;

#[derive(Clone, Copy)]
pub(super) enum Row {
    Stack(Stack),
    Step(Step),
    /// Rows of many lengths, compared with the same number of positions in rows of one length, and with
    /// padded rows.
    Ragged(Ragged),
    Stream(Stream),
    StackMemory(Stack),
    StepMemory(Step),
    /// The time cost of a memory limit for the backward pass.
    StackRecompute(Stack),
    StepRecompute(Step),
    /// `longspan train` of this model, from the start of the process.
    Start(Step),
    /// A stack with gradients above, towards and below the smallest normal number.
    Subnormal(Stack),
    /// The lag profile of a stack, compared with the pass without it.
    Lag(Stack),
    /// Training steps with observers of every tier.
    Observe(Step),
    /// A training step with checks for faults, compared with one without.
    Fault(Step),
    /// An update of Adam with normal, vanishing and subnormal moments.
    SubnormalUpdate,
    /// Multiply-adds of f32 and products of bf16, in registers.
    Peak,
}

/// All rows, in the order in which they are shown.
pub(super) fn all() -> Vec<Row> {
    let shapes: [(&[CellKind], [usize; 5]); 5] = [
        (&[RNN, RESIDUAL, GRU, LSTM], [128, 32, 256, 256, 1]),
        (&[RNN, RESIDUAL, GRU, LSTM], [128, 64, 512, 512, 2]),
        (&[LSTM], [64, 64, 1024, 1024, 1]),
        (&[RNN, RESIDUAL, GRU, LSTM], [1000, 8, 10, 128, 1]),
        (&[LSTM], [100, 1, 64, 64, 1]),
    ];
    let stacks: Vec<Stack> = shapes
        .iter()
        .flat_map(|&(cells, [steps, rows, input, hidden, layers])| {
            cells.iter().map(move |&cell| Stack { cell, steps, rows, input, hidden, layers })
        })
        .collect();
    let mut steps = Vec::new();
    for optimizer in [Rule::Sgd, Rule::Adam] {
        let (vocabulary, hidden, layers) = (10_000, 200, 2);
        steps.push(Step {
            model: "word-lstm",
            cell: LSTM,
            vocabulary,
            steps: 20,
            rows: 20,
            hidden,
            layers,
            optimizer,
        });
    }
    for (model, cell) in [("char-rnn", RNN), ("char-gru", GRU), ("char-lstm", LSTM)] {
        for optimizer in [Rule::Sgd, Rule::Adam] {
            steps.push(character(model, cell, optimizer));
        }
    }
    let word = steps[1];
    let streams = [64, 256].map(|hidden| Row::Stream(Stream { vocabulary: CHARACTERS, hidden }));
    let mut all: Vec<Row> = stacks.iter().copied().map(Row::Stack).collect();
    all.extend(steps.iter().copied().map(Row::Step));
    let stack = Stack { cell: LSTM, steps: 1000, rows: 32, input: 128, hidden: 128, layers: 1 };
    all.push(Row::Ragged(Ragged { stack, shortest: 10 }));
    all.extend(streams);
    all.extend(stacks.into_iter().map(Row::StackMemory));
    all.extend(steps.into_iter().map(Row::StepMemory));
    for [steps, rows, input, hidden, layers] in [[1000, 32, 256, 256, 1], [100_000, 1, 64, 64, 1]] {
        all.push(Row::StackRecompute(Stack { cell: LSTM, steps, rows, input, hidden, layers }));
    }
    all.push(Row::StepRecompute(character("char-lstm", LSTM, Rule::Adam)));
    all.push(Row::Start(character("char-lstm", LSTM, Rule::Adam)));
    let long = |cell| Stack { cell, steps: 1000, rows: 8, input: 10, hidden: 128, layers: 1 };
    all.extend([RNN, GRU, LSTM].map(|cell| Row::Subnormal(long(cell))));
    all.push(Row::SubnormalUpdate);
    all.extend([RNN, RESIDUAL, GRU, LSTM].map(|cell| Row::Lag(long(cell))));
    for hidden in [128, 256] {
        let models = [("char-rnn", RNN), ("char-gru", GRU), ("char-lstm", LSTM)];
        let steps = models.map(|(model, cell)| Step { hidden, ..character(model, cell, Rule::Adam) });
        all.extend(steps.map(Row::Observe));
    }
    let model = character("char-lstm", LSTM, Rule::Adam);
    // If a step is short, the costs that do not grow with its length count most.
    let short = Step { model: "short-lstm", steps: 32, rows: 8, hidden: 64, ..model };
    all.extend([model, word, short].map(Row::Fault));
    all.push(Row::Peak);
    all
}

fn character(model: &'static str, cell: CellKind, optimizer: Rule) -> Step {
    Step { model, cell, vocabulary: CHARACTERS, steps: 128, rows: 32, hidden: 256, layers: 1, optimizer }
}

impl Row {
    pub(super) fn section(&self) -> &'static str {
        match self {
            Self::Stack(_) => "stack",
            Self::Step(_) => "step",
            Self::Ragged(_) => "ragged",
            Self::Stream(_) => "stream",
            Self::StackMemory(_) | Self::StepMemory(_) => "memory",
            Self::StackRecompute(_) | Self::StepRecompute(_) => "recompute",
            Self::Start(_) => "start",
            Self::Subnormal(_) | Self::SubnormalUpdate => "subnormal",
            Self::Lag(_) => "lag",
            Self::Observe(_) => "observe",
            Self::Fault(_) => "fault",
            Self::Peak => "peak",
        }
    }

    /// The name for `--only`: `stack/lstm/128x32x256x256x1`, `step/word-lstm/sgd`. No name is part of
    /// another.
    pub(super) fn name(&self) -> String {
        let rest = match self {
            Self::Stack(stack)
            | Self::StackMemory(stack)
            | Self::StackRecompute(stack)
            | Self::Lag(stack)
            | Self::Subnormal(stack) => stack.name(),
            Self::Step(step) | Self::StepMemory(step) | Self::StepRecompute(step) | Self::Fault(step) => {
                step.name()
            }
            Self::Ragged(ragged) => ragged.name(),
            Self::Stream(stream) => format!("lstm/{}", stream.hidden),
            Self::Start(step) => step.model.into(),
            Self::Observe(step) => format!("{}/{}", step.cell, step.hidden),
            Self::SubnormalUpdate => "adam".into(),
            Self::Peak => "bf16".into(),
        };
        format!("{}/{rest}", self.section())
    }

    /// Nominal flops; None if a rate makes no sense.
    pub(super) fn flops(&self) -> Option<usize> {
        match self {
            Self::Stack(stack) => Some(stack.flops()),
            Self::Step(step) => Some(step.flops()),
            _ => None,
        }
    }

    /// Everything that is needed to measure the same elsewhere.
    pub(super) fn describe(&self) -> Value {
        let mut row = match self {
            Self::Stack(stack)
            | Self::StackMemory(stack)
            | Self::StackRecompute(stack)
            | Self::Lag(stack)
            | Self::Subnormal(stack) => json!({
                "cell": stack.cell.to_string(),
                "steps": stack.steps,
                "rows": stack.rows,
                "input": stack.input,
                "hidden": stack.hidden,
                "layers": stack.layers,
            }),
            Self::Step(step)
            | Self::StepMemory(step)
            | Self::StepRecompute(step)
            | Self::Observe(step)
            | Self::Start(step)
            | Self::Fault(step) => step.describe(),
            Self::Stream(stream) => json!({
                "cell": "lstm",
                "vocabulary": stream.vocabulary,
                "input": stream.hidden,
                "hidden": stream.hidden,
                "layers": 1,
            }),
            Self::Ragged(ragged) => {
                let (mut row, lengths) = (Self::StackMemory(ragged.stack).describe(), ragged.lengths());
                (row["steps"], row["places"]) = (lengths[0].into(), lengths.iter().sum::<usize>().into());
                row["lengths"] = lengths.into();
                row
            }
            Self::Peak => json!({}),
            Self::SubnormalUpdate => json!({ "optimizer": "adam", "weights": subnormal::WEIGHTS }),
        };
        row["name"] = self.name().into();
        row["section"] = self.section().into();
        if let Some(flops) = self.flops() {
            row["flops"] = flops.into();
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs::gates;

    #[test]
    fn names_tell_rows_apart() {
        let names: Vec<String> = all().iter().map(Row::name).collect();
        for name in &names {
            assert_eq!(names.iter().filter(|other| other.contains(name.as_str())).count(), 1, "{name}");
        }
    }

    #[test]
    fn lengths_fill_even_rows() {
        let ragged = all().into_iter().find_map(|row| match row {
            Row::Ragged(ragged) => Some(ragged),
            _ => None,
        });
        let lengths = ragged.unwrap().lengths();
        assert_eq!((lengths.len(), lengths.iter().sum::<usize>() % 32), (32, 0));
        assert!(
            lengths.is_sorted_by(|a, b| a >= b) && lengths[0] <= 1000 && lengths[31] >= 10,
            "{lengths:?}"
        );
        // A draw with little padding would show nothing.
        assert!(lengths.iter().sum::<usize>() < 32 * lengths[0] * 2 / 3);
    }

    #[test]
    fn flops_are_counted_product_by_product() {
        // Forward: T steps of [B, D] · [D, GH] and [B, H] · [H, GH], with one multiplication and one addition
        // each. Backward: twice that, for the gradients of the weights and of their inputs.
        for row in all() {
            let (stack, head) = match row {
                Row::Stack(stack) => (stack, 0),
                Row::Step(step) => (step.stack(), step.steps * 2 * step.rows * step.hidden * step.vocabulary),
                _ => continue,
            };
            let mut forward = head;
            for layer in 0..stack.layers {
                let input = if layer == 0 { stack.input } else { stack.hidden };
                let width = gates(stack.cell) * stack.hidden;
                forward += stack.steps * 2 * stack.rows * (input * width + stack.hidden * width);
            }
            assert_eq!(row.flops(), Some(3 * forward), "{}", row.name());
        }
    }
}
