//! `longspan train`.

use std::path::PathBuf;

use clap::Args;
use longspan_diagnose::{Finding, Language, NON_FINITE, Place, Severity, fault};
use longspan_record::credit::Measured;
use longspan_record::{FaultRecord, GroupScore, RecoveryAction, RecoveryRecord};
use longspan_run::config::{Config, ConfigError, KEYS, Origin};
use longspan_run::dialect;
use longspan_run::train::{Event, Job, LightProbe, Outcome, Summary};
use longspan_run::visible;

use super::probe::show::horizon;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::flags::{Json, SettingFlags};
use crate::progress::{Progress, below, counted, duration, figure, grouped, loss, percent, too_few};
use crate::shell;
use crate::step_times::StepTimes;
use crate::stop::Stop;
use crate::streams::{self, put, show};
use crate::training::train;

/// Train a network on a text, labelled sequences, a series, music or a synthetic task
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  longspan train --text book.txt\n  \
                        longspan train --labelled vowels.ts --labelled-test vowels-test.ts\n  \
                        longspan train --series sunspots.csv --window 36 --horizon 12\n  \
                        longspan train --task agreement --length 30 --cell gru --steps 1000\n  \
                        longspan resume runs/book-lstm-1")]
#[command(mut_arg("json", |arg| arg.help("Print the summary as one JSON document")))]
pub(crate) struct TrainArgs {
    /// Directory of the run [default: runs/NAME-CELL-N]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Continue the run in --out, as `longspan resume` does
    #[arg(long, requires = "out")]
    resume: bool,
    /// Start from the weights of a run or of a safetensors file
    #[arg(long, value_name = "RUN|FILE", conflicts_with = "resume")]
    from: Option<PathBuf>,
    /// Read settings from a TOML file; flags override them
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set any setting by its name; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    json: Json,
    #[command(flatten)]
    settings: SettingFlags,
}

impl TrainArgs {
    /// The settings: those of the file of --config, then of --set, then of the flags.
    fn settings(&self) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        if let Some(file) = &self.config {
            config.read(file)?;
        }
        for pair in &self.set {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            config.set(name.trim(), value.trim(), Origin::Flag)?;
        }
        self.settings.set(&mut config)?;
        Ok(config)
    }
}

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode, Failure> {
    let job = || Ok(Job::prepare(args.settings()?, args.out.clone(), args.resume, args.from.clone())?);
    train_job(job, args.json)
}

/// Trains a job, and prints its summary.
///
/// # Errors
/// A message if the run cannot start or a file cannot be read or written.
pub(crate) fn train_job(
    job: impl FnOnce() -> Result<Job, Failure>,
    output: Json,
) -> Result<ExitCode, Failure> {
    let stop = Stop::listen()?;
    let job = job()?;
    streams::detail(changed(&job.config));
    let mut progress = Progress::new();
    let mut times = StepTimes::default();
    let hold = stop.hold();
    let summary = train(&job, &stop.cancel, &mut |event| {
        if let Event::Opening = event {
            hold.hold();
        }
        times.see(event);
        progress.show(event);
    });
    progress.finish();
    let summary = summary?;
    streams::detail(phases(&summary, &times));
    if output.json {
        let mut document = summary.document();
        document["first_step_ms"] = times.first_ms().into();
        document["median_step_ms"] = times.median_ms().into();
        put(&format!("{document}\n"))?;
    } else {
        show(&describe(&summary, &job.config));
    }
    Ok(match summary.outcome {
        Outcome::Diverged => ExitCode::from(1),
        Outcome::Interrupted => ExitCode::from(stop.code()),
        _ => ExitCode::SUCCESS,
    })
}

/// The settings that differ from their defaults.
fn changed(config: &Config) -> String {
    let defaults = Config::default();
    let given = KEYS.iter().filter(|key| config.get(key.name) != defaults.get(key.name));
    let given: Vec<String> = given.map(|key| format!("{} = {}", key.name, config.get(key.name))).collect();
    match given.is_empty() {
        true => "all settings have their defaults".into(),
        false => format!("settings that differ from the defaults: {}", given.join(", ")),
    }
}

/// What the time was spent on.
fn phases(summary: &Summary, times: &StepTimes) -> String {
    let ms = |time: Option<f64>| time.map_or("-".into(), |ms| format!("{ms:.1} ms"));
    format!(
        "training steps took {} of {} (the first {}, the others {} in the median); the rest is reading, validation and writing",
        duration(summary.step_seconds),
        duration(summary.seconds),
        ms(times.first_ms()),
        ms(times.median_ms())
    )
}

/// Describes a failed step: its loss and norm, its first bad value, and the cause.
pub(crate) fn diverged(record: &FaultRecord) -> String {
    let loss =
        if record.loss.abs() < 1e6 { format!("{:.4}", record.loss) } else { format!("{:.4e}", record.loss) };
    format!(
        "diverged at step {} (epoch {}): loss {loss}, gradient norm {}\nbad value    {}\ncause        {}",
        record.step,
        record.epoch,
        norm(record.log10_global_norm),
        fault::location(record, Language::English),
        fault::reason(record, Language::English)
    )
}

/// Formats a norm that is given by its decimal logarithm, because the norm itself may overflow.
pub(crate) fn norm(log10: f64) -> String {
    let whole = log10.floor();
    match log10.is_finite() {
        true => format!("{:.2}e{whole}", 10f64.powf(log10 - whole)),
        false => format!("{log10}"),
    }
}

/// The summary of a run as text.
fn describe(summary: &Summary, config: &Config) -> String {
    let run = shell::path(&summary.run);
    let mut lines = Vec::new();
    let minutes = duration(summary.seconds);
    lines.push(match &summary.outcome {
        Outcome::Finished => format!("trained {} in {minutes}", counted(summary.step, "step")),
        Outcome::StoppedEarly => format!(
            "stopped early after {} of {} steps: {} without improvement",
            summary.step,
            summary.steps,
            counted(config.run.early_stop, "validation")
        ),
        Outcome::OutOfTime => {
            format!("stopped by --stop-after after {} of {} steps", summary.step, summary.steps)
        }
        Outcome::Interrupted => format!("interrupted after {} of {} steps", summary.step, summary.steps),
        Outcome::Diverged => summary.fault.as_ref().map_or("diverged".into(), diverged),
    });
    let unit = summary.unit;
    let loss = |value| loss(value, unit);
    let baseline = format!("{}, {}", loss(summary.baseline_loss), summary.baseline);
    let correct =
        |share: Option<f64>| share.map_or(String::new(), |a| format!(", {:.1} % correct", 100.0 * a));
    if let Some(valid) = summary.valid_loss {
        let best = match summary.best_loss {
            Some(best) if best < valid => {
                format!("; best validation {}{}", loss(best), percent(summary.best_accuracy))
            }
            _ => String::new(),
        };
        let error = match (summary.valid_standard_error, summary.valid_units) {
            (Some(error), Some(units)) => {
                format!(", standard error {} ({} {})", figure(error), grouped(units), summary.units)
            }
            _ => String::new(),
        };
        let accuracy = correct(summary.valid_accuracy);
        lines.push(format!("validation   {}{accuracy}{error}{best}", loss(valid)));
        if let Some(train) = summary.train_score {
            let accuracy = correct(summary.train_accuracy);
            lines.push(format!("training     {}{accuracy}, on a sample, with the same weights", loss(train)));
        }
        let below = below(summary.best_loss.unwrap_or(valid), summary.baseline_loss, "the best validation");
        lines.push(format!("baseline     {baseline}; {below}"));
        lines.extend(worst_group(&summary.groups).map(|worst| format!("groups       {worst}")));
        if let Some(note) = summary.valid_units.map(too_few).filter(|note| !note.is_empty()) {
            lines.push(note.trim_end().into());
        }
    } else if let Some(train) = summary.train_loss {
        lines.push(format!("training     {} on the last batch", loss(train)));
        lines.push(format!("baseline     {baseline}"));
    }
    if let Some(test) = summary.test_loss {
        let weights = if summary.best_loss.is_some() { "best" } else { "last" };
        lines.push(format!(
            "test         {}{} ({weights} weights)",
            loss(test),
            correct(summary.test_accuracy)
        ));
    }
    lines.extend(recoveries(&summary.recoveries).map(|text| format!("faults       {text}")));
    lines.extend(summary.probe.as_ref().map(reach));
    lines.push(format!("speed        {} {}/s", grouped(summary.tokens_per_second as u64), summary.positions));
    lines.push(format!("run          {run}"));
    let found: Vec<_> = summary.findings.iter().filter(|f| f.severity != Severity::Note).collect();
    // The first lines have located the bad value already.
    let text = |f: &Finding| match f.code() {
        NON_FINITE => f.title(Language::English).to_owned(),
        _ => f.sentence(Language::English),
    };
    let effect = |f: &Finding| match f.place {
        Place::Effect(cause) => format!(", effect of {cause}"),
        _ => String::new(),
    };
    lines.extend(
        found.iter().map(|f| format!("{:13}{} ({}){}", f.severity.to_string(), text(f), f.code(), effect(f))),
    );
    if !found.is_empty() {
        lines.push(format!("next:        longspan diagnose {run}"));
    }
    // The last lines of a run that has failed have all its remedies.
    let change = found.first().and_then(|finding| finding.first_change());
    if let Some(settings) = change.filter(|_| summary.outcome != Outcome::Diverged) {
        let command = dialect::command(&visible::path(&summary.run), settings);
        lines.push(format!("next:        {command}"));
    }
    match summary.outcome {
        Outcome::Interrupted | Outcome::OutOfTime => {
            lines.push(format!("next:        longspan resume {run}"));
        }
        Outcome::Diverged => {
            for (i, way) in summary.ways_out().enumerate() {
                lines.push(format!("{}{way}", if i == 0 { "try          " } else { "             " }));
            }
            lines.push(format!("next:        longspan replay {run} --fault"));
            lines.push("The last checkpoint is from before the failed step.".into());
        }
        Outcome::Finished | Outcome::StoppedEarly if config.data.text.is_some() => {
            lines.push(format!("next:        longspan sample {run}"));
        }
        Outcome::Finished | Outcome::StoppedEarly if config.data.task.is_none() => {
            lines.push(format!("next:        longspan eval {run}"));
        }
        _ => {}
    }
    lines.join("\n") + "\n"
}

/// The faults after which training continued; None without any.
fn recoveries(records: &[RecoveryRecord]) -> Option<String> {
    let first = records.first()?;
    let count = |action| records.iter().filter(|record| record.action == action).count() as u64;
    let skipped = match count(RecoveryAction::Skip) {
        1 => "1 batch left out".to_owned(),
        batches => format!("{batches} batches left out"),
    };
    let rewound = counted(count(RecoveryAction::Rewind), "rewind");
    Some(format!("{skipped}, {rewound}; the first at step {}", first.fault.step))
}

/// The gradient horizon of the last weights, or why it was not measured.
fn reach(probe: &LightProbe) -> String {
    let record = match probe {
        LightProbe::Done(record) => record,
        LightProbe::LeftOut(why) => return format!("horizon      probe skipped: {why}"),
    };
    let lag = match &record.reach {
        Measured::Known(reach) => &reach.lag,
        Measured::Unknown(reason) => return format!("horizon      not measured: {reason}"),
    };
    match lag {
        Measured::Known(lag) => format!("horizon      {}", horizon(lag)),
        Measured::Unknown(reason) => format!("horizon      not measured: {reason}"),
    }
}

/// The group that is farthest above its own baseline, or closest to it; None without groups.
fn worst_group(groups: &[GroupScore]) -> Option<String> {
    let worst = groups.iter().max_by(|a, b| a.ratio().total_cmp(&b.ratio()))?;
    let above = groups.iter().filter(|group| group.ratio() >= 1.0).count();
    let (all, name, baseline) = (groups.len(), &worst.group, &worst.baseline);
    let times = format!("{name}, {} times its baseline ({baseline})", figure(worst.ratio()));
    Some(match above {
        0 => format!("all {all} groups are below their own baselines; the closest is {times}"),
        1 => format!("1 of {all} groups is not below its own baseline: {times}"),
        _ => format!("{above} of {all} groups are not below their own baselines; the worst is {times}"),
    })
}
