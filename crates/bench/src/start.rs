//! The time from the start of the process to the first training step, measured from outside `longspan train`.
//!
//! The program prints one line to standard error when it is ready for its first step: the text is read, the
//! vocabulary is built, the weights are drawn, and the first checkpoint is on disk. The time runs from before
//! the process is created until that line arrives, so loading the program counts. The times of its steps are
//! in its JSON summary.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use longspan_kernel::rng::{Key, Purpose};
use serde_json::Value;

use super::Options;
use super::specs::Step;
use super::timing::quantile;
use crate::{Failure, fail};

/// Number of characters of the generated text, and of each of its lines.
const TEXT: usize = 1_100_000;
const LINE: u32 = 40;

/// Startup times in milliseconds.
pub(super) struct Started {
    /// From the start of the process until it is ready for its first step.
    pub(super) ready: f64,
    pub(super) first_step: f64,
    pub(super) median_step: f64,
}

/// Starts `longspan train` `runs` times with `steps` steps each, and returns the medians.
pub(super) fn measure(
    row: &Step,
    options: &Options,
    text: Option<&Path>,
    (runs, steps): (usize, u64),
) -> Result<Started, Failure> {
    let directory = TemporaryDirectory::new()?;
    let text = match text {
        Some(text) => text.to_owned(),
        None => directory.write_text(row.vocabulary)?,
    };
    let mut seen = [Vec::new(), Vec::new(), Vec::new()];
    for run in 0..runs {
        let started = once(row, options, &text, &directory.0.join(format!("run-{run}")), steps)?;
        for (all, one) in seen.iter_mut().zip([started.ready, started.first_step, started.median_step]) {
            all.push(one);
        }
    }
    let [ready, first_step, median_step] = seen.map(|mut all| {
        all.sort_by(f64::total_cmp);
        quantile(&all, 0.5)
    });
    Ok(Started { ready, first_step, median_step })
}

fn once(row: &Step, options: &Options, text: &Path, out: &Path, steps: u64) -> Result<Started, Failure> {
    let program = &options.program;
    if !program.is_file() {
        return Err(fail(format!(
            "there is no program {}: build it with `cargo build --release`, or give its path with --program",
            program.display()
        )));
    }
    let mut command = Command::new(program);
    command.arg("train").arg("--text").arg(text).arg("--out").arg(out).arg("--json");
    for (flag, value) in [
        ("--cell", row.cell.to_string()),
        ("--layers", row.layers.to_string()),
        ("--hidden", row.hidden.to_string()),
        ("--unroll", row.steps.to_string()),
        ("--batch", row.rows.to_string()),
        ("--optimizer", row.optimizer.to_string()),
        ("--threads", options.threads.to_string()),
        ("--steps", steps.to_string()),
        // Without validation the process ends after its last step.
        ("--valid-fraction", "0".into()),
    ] {
        command.args([flag, &value]);
    }
    command.env("LONGSPAN_ISA", options.isa.to_string()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let (mut stderr, mut line) = (BufReader::new(child.stderr.take().expect("piped")), String::new());
    stderr.read_line(&mut line)?;
    let ready = 1e3 * start.elapsed().as_secs_f64();
    stderr.read_to_string(&mut line)?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(fail(format!("longspan train failed: {}", line.trim())));
    }
    let summary: Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| {
        summary[name].as_f64().ok_or_else(|| fail(format!("the summary of longspan train has no {name}")))
    };
    Ok(Started { ready, first_step: number("first_step_ms")?, median_step: number("median_step_ms")? })
}

/// A directory that is removed when the value is dropped.
struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("longspan-bench-{}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// Writes random characters with as many different ones as the vocabulary of the model.
    fn write_text(&self, vocabulary: usize) -> Result<PathBuf, Failure> {
        let mut draw = Key::new(0, Purpose::Task, 0, 0).stream(0, 0);
        let mut text = String::with_capacity(TEXT);
        while text.len() < TEXT {
            for _ in 0..LINE {
                text.push(char::from(b' ' + draw.below(vocabulary as u32 - 1) as u8));
            }
            text.push('\n');
        }
        let path = self.0.join("text.txt");
        std::fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // If this fails, the files stay in the system's directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
