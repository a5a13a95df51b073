//! The table that people read: a block for each section, a line for each row, printed as rows are measured.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::Options;
use super::rows::Row;
use crate::{Failure, put};

pub(super) struct Display {
    /// Whether to print a line when a row is done.
    table: bool,
    section: &'static str,
    bar: Option<ProgressBar>,
    done: usize,
    count: usize,
}

/// The width of the longest name.
const NAME: usize = 36;

impl Display {
    pub(super) fn new(options: &Options, count: usize, table: bool) -> Result<Self, Failure> {
        if table {
            put(&format!(
                "longspan {}, {}, {} thread{}\n",
                env!("CARGO_PKG_VERSION"),
                options.isa,
                options.threads,
                if options.threads == 1 { "" } else { "s" }
            ))?;
        }
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{bar:24} {pos}/{len}  {msg}").expect("a valid template");
            ProgressBar::new(count as u64).with_style(style.progress_chars("━╸ "))
        });
        Ok(Self { table, section: "", bar, done: 0, count })
    }

    pub(super) fn begin(&self, row: &Row) {
        match &self.bar {
            Some(bar) => bar.set_message(row.name()),
            None => eprintln!("{}/{}  {}", self.done + 1, self.count, row.name()),
        }
    }

    pub(super) fn end(&mut self, row: &Row, record: &Value) -> Result<(), Failure> {
        self.done += 1;
        let mut text = String::new();
        if self.table {
            if self.section != row.section() {
                self.section = row.section();
                let (what, columns) = heading(row);
                text = format!("\n{what}\n{}\n", line("", &columns.map(str::to_owned)));
            }
            text += &(line(&row.name(), &cells(row, record)) + "\n");
        }
        match &self.bar {
            Some(bar) => {
                bar.inc(1);
                bar.suspend(|| put(&text))
            }
            None => put(&text),
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(name: &str, cells: &[String; 6]) -> String {
    let cells = cells.iter().map(|cell| format!("{cell:>13}"));
    format!("{name:NAME$}{}", cells.collect::<String>()).trim_end().to_owned()
}

fn heading(row: &Row) -> (&'static str, [&'static str; 6]) {
    match row {
        Row::Stack(_) => (
            "Forward and backward of the recurrent stack: cell / T x B x D x H x L",
            ["median ms", "min ms", "GFLOP/s", "peak", "of peak", ""],
        ),
        Row::Step(_) => (
            "Training steps: model / optimizer",
            ["median ms", "min ms", "GFLOP/s", "peak", "of peak", "tokens/s"],
        ),
        Row::Ragged(_) => (
            "Rows of many lengths, as many positions in rows of one length, rows padded to the longest",
            ["ragged ms", "even ms", "ratio", "padded ms", "ratio", ""],
        ),
        Row::Stream(_) => ("One token at a time, one thread: cell / H", ["p50 us", "p99 us", "", "", "", ""]),
        Row::StackMemory(_) | Row::StepMemory(_) => {
            ("Memory of a step without weights and data", ["MB", "", "", "", "", ""])
        }
        Row::StackRecompute(_) | Row::StepRecompute(_) => (
            "Memory for the backward pass: everything kept, half of it, the minimum; times relative to everything kept",
            ["whole ms", "MB", "half, times", "MB", "least, times", "MB"],
        ),
        Row::Start(_) => (
            "From the start of the process to the first training step",
            ["ready ms", "1st step ms", "median ms", "1st/median", "", ""],
        ),
        Row::Peak => (
            "Operations in registers, one thread: multiply-adds of f32, products of bf16 added up in f32",
            ["f32 GFLOP/s", "bf16 GFLOP/s", "ratio", "", "", ""],
        ),
        Row::Observe(_) => (
            "Training steps in the tiers of --observe, each with a snapshot: cell / H",
            ["off ms", "norms, times", "full, times", "off, times", "lag, times", "lag, avg %"],
        ),
        Row::Lag(_) => (
            "The lag profile in f64, compared with the same passes without it: cell / T x B x D x H x L",
            ["forward ms", "with back", "with profile", "of both", "of back", "f32 ms"],
        ),
        Row::Fault(_) => (
            "Training steps with checks for faults, compared with the same arithmetic without: model / optimizer",
            ["checked ms", "bare ms", "ratio", "bounds us", "", ""],
        ),
        Row::Subnormal(_) | Row::SubnormalUpdate => (
            "Vanishing and subnormal gradients compared with healthy ones, and their share of subnormal numbers",
            ["healthy ms", "vanishing", "ratio", "subnormal", "ratio", "shares %"],
        ),
    }
}

fn cells(row: &Row, record: &Value) -> [String; 6] {
    let fixed = |x: f64, digits: usize| if x.is_finite() { format!("{x:.digits$}") } else { "-".into() };
    let number = |name: &str| record[name].as_f64().unwrap_or(f64::NAN);
    let show = |name: &str, digits: usize| fixed(number(name), digits);
    let none = String::new;
    match row {
        Row::Stack(_) | Row::Step(_) => [
            show("median_ms", 3),
            show("min_ms", 3),
            show("gflops", 1),
            show("peak_gflops", 1),
            fixed(100.0 * number("of_peak"), 0) + " %",
            record["tokens_per_second"].as_f64().map_or(none(), |rate| grouped(rate as u64)),
        ],
        Row::Ragged(_) => [
            show("ragged_ms", 1),
            show("even_ms", 1),
            show("even_ratio", 2),
            show("padded_ms", 1),
            show("padded_ratio", 2),
            none(),
        ],
        Row::Stream(_) => [show("p50_us", 2), show("p99_us", 2), none(), none(), none(), none()],
        Row::StackMemory(_) | Row::StepMemory(_) => {
            [fixed(number("memory_bytes") / 1e6, 2), none(), none(), none(), none(), none()]
        }
        Row::StackRecompute(_) | Row::StepRecompute(_) => [
            show("whole_ms", 1),
            fixed(number("whole_bytes") / 1e6, 2),
            show("half_ratio", 2),
            fixed(number("half_bytes") / 1e6, 2),
            show("least_ratio", 2),
            fixed(number("least_bytes") / 1e6, 2),
        ],
        Row::Start(_) => [
            show("ready_ms", 1),
            show("first_step_ms", 1),
            show("median_step_ms", 1),
            fixed(number("first_step_ms") / number("median_step_ms"), 2),
            none(),
            none(),
        ],
        Row::Peak => [
            show("f32_gflops", 1),
            show("bf16_gflops", 1),
            fixed(number("bf16_gflops") / number("f32_gflops"), 2),
            none(),
            none(),
            none(),
        ],
        Row::Observe(_) => [
            show("off_ms", 3),
            show("norms_ratio", 4),
            show("full_ratio", 4),
            show("off_ratio", 4),
            show("lag_ratio", 4),
            show("lag_average_percent", 2),
        ],
        Row::Lag(_) => [
            show("forward_ms", 3),
            show("plain_ms", 3),
            show("profile_ms", 3),
            show("whole_ratio", 2),
            show("backward_ratio", 2),
            show("plain_f32_ms", 3),
        ],
        Row::Fault(_) => [
            show("checked_ms", 3),
            show("bare_ms", 3),
            show("ratio", 4),
            show("bounds_us", 3),
            none(),
            none(),
        ],
        Row::Subnormal(_) | Row::SubnormalUpdate => [
            show("healthy_ms", 3),
            show("vanishing_ms", 3),
            fixed(number("vanishing_ms") / number("healthy_ms"), 2),
            show("subnormal_ms", 3),
            fixed(number("subnormal_ms") / number("healthy_ms"), 2),
            ["vanishing_share", "subnormal_share"].map(|name| fixed(100.0 * number(name), 0)).join(" "),
        ],
    }
}

/// "1,234,567".
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
