//! Progress on standard error: a line that changes on a terminal, plain lines elsewhere.

use std::borrow::Cow;
use std::fmt::Display;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use longspan::model::head::Unit;
use longspan_data::text::Reading;
use longspan_diagnose::Language;
use longspan_record::{RecoveryAction, RecoveryRecord, StepRecord};
use longspan_run::train::{Event, Start};
use longspan_run::units::ENOUGH_UNITS;
use longspan_run::visible;

use crate::streams;
pub(crate) use status::percent;
use status::{Status, scored, validated};

mod begin;
mod status;

/// A text that is read in less time than this shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// Time between two plain lines.
const LINES: Duration = Duration::from_secs(10);

/// Time between two drawings of the line on a terminal.
const DRAWINGS: Duration = Duration::from_millis(100);

/// Time constant of the exponential average of the loss, in steps.
const SMOOTHING: f64 = 20.0;

/// The progress of a command: of reading a text, then of training.
pub(crate) struct Progress {
    terminal: bool,
    /// The bar of reading.
    bar: Option<ProgressBar>,
    /// Whether the line of training is on the terminal.
    drawn: bool,
    began: Instant,
    last_line: Instant,
    first_step: u64,
    tokens: u64,
    status: Status,
}

/// Says in one line which step failed and how training continues.
fn recovered(record: &RecoveryRecord) -> String {
    let fault = &record.fault;
    let reason = longspan_diagnose::fault::reason(fault, Language::English);
    let follows = match record.action {
        RecoveryAction::Skip => format!("window {} of epoch {} is left out", record.window, fault.epoch),
        RecoveryAction::Rewind => {
            format!("going back to step {} with half the learning rate", record.to_step)
        }
    };
    format!("step {} failed ({reason}): {follows}", fault.step)
}

impl Progress {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            terminal: streams::bars_are_shown(),
            bar: None,
            drawn: false,
            began: now,
            last_line: now,
            first_step: 0,
            tokens: 0,
            status: Status::default(),
        }
    }

    pub(crate) fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Reading(reading) => self.reading(reading),
            Event::Started(start) => {
                self.read();
                self.start(start);
            }
            Event::Stepped { record, clip, .. } => self.stepped(record, clip.global_norm_before),
            Event::Validated { record, epoch, .. } => {
                self.status.valid = Some((record.loss, record.accuracy));
                self.say(&validated(record, *epoch, &self.status));
            }
            Event::Scored { step, loss, accuracy, epoch } => {
                self.say(&scored(*step, *epoch, *loss, *accuracy, &self.status));
            }
            Event::Warning(text) => self.say(&format!("warning: {text}")),
            Event::DiskFull(error) => {
                self.say(&format!("warning: {error}: training continues in memory, and tries again"));
            }
            Event::DiskWritable { from_step, step } => self.say(&format!(
                "the disk can be written again after step {step}: everything since step {from_step} is written"
            )),
            Event::Recovered(record) => {
                // A rewind may go back beyond the step with which this attempt began.
                self.first_step = self.first_step.min(record.to_step);
                self.say(&recovered(record));
            }
            Event::Opening => streams::detail("the data are read, and the model is made"),
            Event::Saved(path) => {
                let detail = streams::detailed(format_args!("wrote {}", visible::path(path)));
                detail.iter().for_each(|detail| self.say(detail));
            }
        }
    }

    /// Shows the progress of reading a text, once that takes longer than a second.
    pub(crate) fn reading(&mut self, reading: &Reading<'_>) {
        const MB: u64 = 1_000_000;
        let name = visible::path(Path::new(reading.path.file_name().unwrap_or_default()));
        if self.began.elapsed() < PATIENCE {
        } else if self.terminal {
            let bar = self.bar.get_or_insert_with(|| {
                let style = ProgressStyle::with_template("{bar:24} {msg}").expect("a valid template");
                ProgressBar::with_draw_target(None, streams::bars()).with_style(style.progress_chars("━╸ "))
            });
            bar.set_length(reading.of);
            bar.set_position(reading.bytes);
            bar.set_message(format!("reading {name}"));
        } else if streams::progress_is_shown() && self.last_line.elapsed() >= LINES {
            self.last_line = Instant::now();
            streams::note(format_args!(
                "reading {name}  {} of {} MB",
                grouped(reading.bytes / MB),
                grouped(reading.of / MB)
            ));
        }
    }

    /// Removes the bar of reading.
    pub(crate) fn read(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Removes the bar of reading, or the line of training.
    pub(crate) fn finish(&mut self) {
        self.read();
        self.erase();
    }

    fn start(&mut self, start: &Start) {
        begin::describe(start).iter().for_each(streams::note);
        self.first_step = start.step;
        self.status = Status::of(start);
        (self.began, self.last_line) = (Instant::now(), Instant::now());
        self.draw();
    }

    fn stepped(&mut self, record: &StepRecord, norm: f64) {
        let taken = (record.step - self.first_step) as f64;
        let before = self.status.loss.unwrap_or(record.loss);
        self.status.loss = Some(before + (record.loss - before) / SMOOTHING.min(taken));
        self.tokens += record.tokens;
        let lag = record.snapshot.as_ref().and_then(|snapshot| snapshot.lag.as_ref());
        if let Some(horizon) = lag.and_then(|lag| lag.horizon.as_ref()) {
            self.status.horizon = Some((horizon.steps, horizon.at_least));
        }
        let seconds = self.began.elapsed().as_secs_f64().max(1e-3);
        let left = self.status.steps.saturating_sub(record.step) as f64;
        self.status.pace = Some((self.tokens as f64 / seconds, seconds / taken.max(1.0) * left));
        (self.status.epoch, self.status.step, self.status.norm) = (record.epoch, record.step, norm);
        let pause = if self.terminal { DRAWINGS } else { LINES };
        if streams::progress_is_shown() && self.last_line.elapsed() >= pause {
            self.last_line = Instant::now();
            match self.terminal {
                true => self.draw(),
                false => streams::note(self.status.plain()),
            }
        }
    }

    /// Draws the line of training on a terminal, whose width may have changed.
    fn draw(&mut self) {
        if self.terminal {
            // In the last column, terminals begin a new line.
            let columns = streams::notes_columns().unwrap_or(80) - 1;
            streams::redraw(&self.status.line(columns, streams::notes_have_colours()));
            self.drawn = true;
        }
    }

    fn erase(&mut self) {
        if std::mem::take(&mut self.drawn) {
            streams::redraw("");
        }
    }

    /// Writes a line above the line of training.
    fn say(&mut self, line: &str) {
        let drawn = self.drawn;
        self.erase();
        streams::note(line);
        if drawn {
            self.draw();
        }
    }
}

/// A progress bar for work in stages. It appears only on a terminal.
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(crate) fn new() -> Self {
        Self(streams::bars_are_shown().then(|| {
            let style = ProgressStyle::with_template("{bar:24} {msg}").expect("a valid template");
            ProgressBar::with_draw_target(Some(1), streams::bars()).with_style(style.progress_chars("━╸ "))
        }))
    }

    /// Shows the name of a stage and its progress.
    pub(crate) fn show(&mut self, stage: impl Into<Cow<'static, str>>, done: u64, all: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(all.max(1));
            bar.set_position(done);
            bar.set_message(stage);
        }
    }

    /// Prints above the bar.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// A loss with its unit: "1.4320 nats (2.066 bits)", "0.0413 mean squared error".
pub(crate) fn loss(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nats => format!("{} nats ({:.3} bits)", figure(value), value / std::f64::consts::LN_2),
        _ => format!("{} {}", figure(value), name(unit)),
    }
}

/// A number with four decimals; in scientific notation if it is large, or if four decimals show fewer than two digits.
pub(crate) fn figure(number: f64) -> String {
    match number.abs() {
        size if size == 0.0 || (1e-3..1e6).contains(&size) => format!("{number:.4}"),
        _ => format!("{number:.3e}"),
    }
}

/// How far a loss is below the baseline: "the loss is 48 % below it".
pub(crate) fn below(loss: f64, baseline: f64, what: &str) -> String {
    let below = 100.0 * (1.0 - loss / baseline);
    match below >= 1.0 {
        true => format!("{what} is {below:.0} % below it"),
        false => format!("{what} is not below it"),
    }
}

/// A line that says that a score rests on too few units; empty if they are enough.
pub(crate) fn too_few(units: u64) -> String {
    match units >= ENOUGH_UNITS {
        true => String::new(),
        false => format!(
            "note         {} cannot judge a model: {ENOUGH_UNITS} or more are needed\n",
            counted(units, "independent unit")
        ),
    }
}

/// The name of a unit of losses.
pub(crate) fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::Nats => "nats",
        Unit::Mse => "mean squared error",
        Unit::Mae => "mean absolute error",
        Unit::Own => "own unit",
    }
}

/// A duration: "3 min 20 s".
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 if seconds < 10.0 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A number with its noun in the singular or plural: "1 step", "2 steps".
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(n: N, noun: &str) -> String {
    let s = if n == N::from(1) { "" } else { "s" };
    format!("{n} {noun}{s}")
}

/// A whole number with separators: "1,234,567".
pub(crate) fn grouped(n: u64) -> String {
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
