//! `longspan train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;
use longspan::model::head::Unit;
use longspan_diagnose::{Finding, Language, NON_FINITE, Severity, fault};
use longspan_record::FaultRecord;
use longspan_record::credit::Measured;
use longspan_run::config::{Config, KEYS, Origin};
use longspan_run::train::{Job, LightProbe, Outcome, Summary, resumed_config, train};

use super::probe::show::horizon;
use crate::args;
use crate::failure::{Failure, put};
use crate::progress::{Progress, loss, name};
use crate::step_times::StepTimes;
use crate::stop::Stop;
use crate::tensorboard::Events;
use longspan_run::machine;

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let mut config = args::settings(matches)?;
    absolute_paths(&mut config)?;
    let (level, resume) = (machine::instruction_set()?, matches.get_flag("resume"));
    let out = match matches.get_one::<String>("out") {
        Some(out) => PathBuf::from(out),
        None => {
            // The name comes from the settings: they have to make sense first.
            config.check()?;
            free_name(&config)
        }
    };
    if resume {
        config = resumed_config(&out, &config)?;
    }
    let from = matches.get_one::<String>("from").map(PathBuf::from);
    let threads = machine::threads(config.threads);
    let stop = Stop::listen()?;
    let job = Job { config, out, resume, from, level, threads };
    let mut progress = Progress::new();
    let mut times = StepTimes::default();
    let mut tensorboard = Events::open(job.config.tensorboard.as_deref())?;
    let summary = train(&job, &stop.cancel, &mut |event| {
        times.see(&event);
        tensorboard.see(&event);
        progress.show(&event);
    });
    progress.finish();
    tensorboard.close();
    let summary = summary?;
    if matches.get_flag("json") {
        let mut document = summary.document();
        document["first_step_ms"] = times.first_ms().into();
        document["median_step_ms"] = times.median_ms().into();
        put(&format!("{document}\n"))?;
    } else {
        put(&describe(&summary, &job.config))?;
    }
    Ok(match summary.outcome {
        Outcome::Diverged => ExitCode::from(1),
        Outcome::Interrupted => ExitCode::from(stop.code()),
        _ => ExitCode::SUCCESS,
    })
}

/// A run can be resumed and evaluated from anywhere.
fn absolute_paths(config: &mut Config) -> Result<(), Failure> {
    for key in KEYS.iter().filter(|key| matches!(key.takes, "FILE" | "DIR")) {
        if let Some(path) = config.get(key.name).text() {
            let path = std::path::absolute(path)?;
            config.set(key.name, &path.to_string_lossy(), Origin::Flag)?;
        }
    }
    Ok(())
}

/// runs/NAME-CELL-N with the first N that is free.
fn free_name(config: &Config) -> PathBuf {
    let file = config.text.as_ref().or(config.labelled.as_ref()).or(config.series.as_ref());
    let data = match (&config.task, file) {
        (Some(task), _) => task.to_string(),
        (None, Some(file)) => {
            // "names.csv.gz" is "names".
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.split('.').find(|part| !part.is_empty()).unwrap_or("run").to_owned()
        }
        (None, None) => "run".into(),
    };
    let name = |n: usize| Path::new("runs").join(format!("{data}-{}-{n}", config.cell));
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}

/// Which step could not be taken, where the first bad value of it is, and why.
pub(crate) fn diverged(record: &FaultRecord) -> String {
    let loss =
        if record.loss.abs() < 1e6 { format!("{:.4}", record.loss) } else { format!("{:.4e}", record.loss) };
    format!(
        "diverged at step {} (epoch {}): loss {loss}, gradient norm {}\nfirst fault  {}\nbecause      {}",
        record.step,
        record.epoch,
        norm(record.log10_global_norm),
        fault::location(record, Language::English),
        fault::reason(record, Language::English)
    )
}

/// A norm from its logarithm, which may be larger than numbers are.
fn norm(log10: f64) -> String {
    let whole = log10.floor();
    match log10.is_finite() {
        true => format!("{:.2}e{whole}", 10f64.powf(log10 - whole)),
        false => format!("{log10}"),
    }
}

/// What a person wants to know at the end.
fn describe(summary: &Summary, config: &Config) -> String {
    let run = summary.run.display();
    let mut lines = Vec::new();
    let minutes = crate::progress::duration(summary.seconds);
    lines.push(match &summary.outcome {
        Outcome::Finished => format!("trained {} steps in {minutes}", summary.step),
        Outcome::StoppedEarly => format!(
            "stopped after {} of {} steps: {} validations without a better one",
            summary.step, summary.steps, config.early_stop
        ),
        Outcome::OutOfTime => format!("out of time after {} of {} steps", summary.step, summary.steps),
        Outcome::Interrupted => format!("interrupted after {} of {} steps", summary.step, summary.steps),
        Outcome::Diverged => summary.fault.as_ref().map_or("diverged".into(), diverged),
    });
    let unit = summary.unit;
    let loss = |value| loss(value, unit);
    let chance = format!("{} from {} alone", loss(summary.chance_loss), summary.chance);
    if let Some(valid) = summary.valid_loss {
        let right = summary.valid_accuracy.map_or(String::new(), |a| format!(", {:.1} % right", 100.0 * a));
        let best = match summary.best_loss {
            Some(best) if best < valid => format!(", best {}", loss(best)),
            _ => String::new(),
        };
        lines.push(format!("validation   {}{best}{right}", loss(valid)));
        lines.push(format!("chance       {chance}"));
        let known = 100.0 * (1.0 - summary.best_loss.unwrap_or(valid) / summary.chance_loss);
        lines.push(if known >= 1.0 {
            format!(
                "learned      {known:.0} % of the {} that chance leaves open",
                short(summary.chance_loss, unit)
            )
        } else {
            "learned      nothing that chance does not give".into()
        });
    } else if let Some(train) = summary.train_loss {
        lines.push(format!("training     {} at the last step; chance {chance}", loss(train)));
    }
    if let Some(test) = summary.test_loss {
        let right = summary.test_accuracy.map_or(String::new(), |a| format!(", {:.1} % right", 100.0 * a));
        lines.push(format!("test         {}{right} with the best weights", loss(test)));
    }
    lines.extend(summary.probe.as_ref().map(reach));
    lines.push(format!("speed        {:.0} {}/s", summary.tokens_per_second, summary.positions));
    lines.push(format!("run          {run}"));
    let found: Vec<_> = summary.findings.iter().filter(|f| f.severity != Severity::Note).collect();
    // Where the first bad value was stands above.
    let said = |f: &Finding| match f.code() {
        NON_FINITE => f.title(Language::English).to_owned(),
        _ => f.sentence(Language::English),
    };
    lines.extend(found.iter().map(|f| format!("{:13}{} ({})", f.severity.to_string(), said(f), f.code())));
    if !found.is_empty() {
        lines.push(format!("more with    longspan diagnose {run}"));
    }
    match summary.outcome {
        Outcome::Interrupted | Outcome::OutOfTime => {
            lines.push(format!("go on with   longspan train --resume --out {run}"));
        }
        Outcome::Diverged => {
            for (i, way) in summary.ways_out().enumerate() {
                lines.push(format!("{}{way}", if i == 0 { "try          " } else { "             " }));
            }
            lines.push(format!("see it with  longspan replay {run} --fault"));
            lines.push("The last checkpoint is from before the step.".into());
        }
        Outcome::Finished | Outcome::StoppedEarly if config.text.is_some() => {
            lines.push(format!("read it with longspan sample {run}"));
        }
        Outcome::Finished | Outcome::StoppedEarly if config.task.is_none() => {
            lines.push(format!("judge it with longspan eval {run}"));
        }
        _ => {}
    }
    lines.join("\n") + "\n"
}

/// How far the gradient of the last weights reaches, or why nobody knows.
fn reach(probe: &LightProbe) -> String {
    let record = match probe {
        LightProbe::Done(record) => record,
        LightProbe::LeftOut(why) => return format!("not probed   {why}"),
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

fn short(loss: f64, unit: Unit) -> String {
    format!("{loss:.2} {}", name(unit))
}
