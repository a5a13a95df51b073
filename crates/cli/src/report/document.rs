//! What a page shows of a run: one JSON document, made from what the run has recorded and nothing else.
//!
//! A part that cannot be read is missing from it, and said among its problems.

use std::path::Path;

use longspan::optim::clip::Clip;
use longspan_diagnose::{Language, diagnose, fault};
use longspan_run::config::{Config, KEYS, Value as Setting, flag};
use longspan_run::directory;
use longspan_run::directory::RunError;
use longspan_run::report::verdict::VerdictText;
use serde_json::{Map, Value, json};

use super::curve::{Curve, Validations};
use super::flow::Flow;
use super::looks::Looks;

/// The document of the run in `path`.
pub(crate) fn document(path: &Path) -> Value {
    let history = match directory::history::read(path) {
        Ok(history) => history,
        Err(error) => return unreadable(path, &error),
    };
    let flows = directory::flow::read(path);
    let mut problems = history.problems.clone();
    problems.extend(flows.skipped.iter().map(ToString::to_string));
    let (record, config, steps) = (&history.record, &history.config, &history.steps);
    let unit = record.data.unit.to_string();
    let of = |name: &str| {
        history.summary.as_ref().and_then(|summary| summary.get(name)).cloned().unwrap_or_default()
    };
    let loss = |name: &str| of(&format!("{name}_{unit}"));
    let clipped = steps.iter().filter(|step| step.clipped).count() as f64 / steps.len().max(1) as f64;
    let last = steps.last();
    // Of a run that has not ended its records have to say.
    let best = history.valid.iter().map(|score| score.loss).filter(|loss| loss.is_finite()).reduce(f64::min);
    let beside = history.probe.as_ref().map(|probe| &probe.beside);
    let reach = history.probe.as_ref().and_then(|probe| probe.reach.known());
    let used = reach.and_then(|reach| reach.used_lag.known()).and_then(|used| used.used_lag_steps.known());
    let verdict = diagnose(&history.evidence());
    json!({
        "name": path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(),
        "path": path.display().to_string(),
        "version": record.version,
        "created": record.created,
        "state": if history.summary.is_some() { of("outcome") } else { json!("unknown") },
        "problems": problems,
        "command": command(config),
        "settings": settings(config),
        "model": format!("{} {}×{}", config.cell, config.layers, config.hidden),
        "parameters": record.parameters,
        "data": {
            "description": record.data.description,
            "unit": unit,
            "chance_loss": Some(record.data.chance_loss).filter(|loss| loss.is_finite()),
            "chance": record.data.chance,
        },
        "summary": {
            "step": last.map_or(0, |step| step.step),
            "steps": if history.summary.is_none() && config.steps > 0 { json!(config.steps) } else { of("steps") },
            "train_loss": last.map(|step| step.loss).filter(|loss| loss.is_finite()),
            "best_loss": if history.summary.is_none() { json!(best) } else { loss("best_loss") },
            "valid_loss": loss("valid_loss"),
            "valid_accuracy": of("valid_accuracy"),
            "test_loss": loss("test_loss"),
            "test_accuracy": of("test_accuracy"),
            "seconds": of("seconds"),
            "tokens_per_second": of("tokens_per_second"),
        },
        "curve": Curve::of(steps),
        "valid": Validations::of(&history.valid),
        "clip": {
            "rule": config.clip.to_string(),
            "limit": match config.clip { Clip::Norm(limit) => Some(limit), _ => None },
            "rate": clipped,
        },
        "flow": Flow::of(&flows),
        "looks": Looks::of(steps),
        "probe": history.probe,
        "lags": {
            "truncation": beside.and_then(|beside| beside.truncation_steps),
            "used": used,
            "needed": beside.and_then(|beside| beside.needed_lag_steps),
        },
        "verdict": VerdictText::new(&verdict, Language::English),
        "verdict_zh": VerdictText::new(&verdict, Language::Chinese),
        "fault": history.fault,
        "fault_told": history.fault.as_ref().map(|record| {
            let told = |language| json!({
                "place": fault::location(record, language), "reason": fault::reason(record, language),
            });
            json!({ "zh": told(Language::Chinese), "en": told(Language::English) })
        }),
    })
}

/// What a document says was found, in a language.
pub(crate) fn verdict(document: &Value, language: Language) -> &Value {
    &document[language.of("verdict", "verdict_zh")]
}

/// Of a run that does not say what it is only the reason can be shown.
fn unreadable(path: &Path, error: &RunError) -> Value {
    json!({
        "name": path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(),
        "path": path.display().to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "state": "unknown",
        "problems": [error.to_string()],
        "command": "",
        "settings": [],
        "model": "",
        "parameters": null,
        "data": { "description": "", "unit": "nats", "chance_loss": null, "chance": null },
        "summary": { "step": 0, "steps": null, "train_loss": null, "best_loss": null, "test_loss": null },
        "curve": Curve::default(),
        "valid": Validations::default(),
        "clip": { "rule": "", "limit": null, "rate": 0.0 },
        "flow": null,
        "looks": null,
        "probe": null,
        "lags": { "truncation": null, "used": null, "needed": null },
        "verdict": { "findings": [], "unjudged": [] },
        "verdict_zh": { "findings": [], "unjudged": [] },
        "fault": null,
        "fault_told": null,
    })
}

/// `summary.json`; empty where the run has not ended.
pub(super) fn summary(path: &Path) -> Map<String, Value> {
    let text = std::fs::read_to_string(path.join("summary.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// The settings that are not at their defaults, as flags.
fn command(config: &Config) -> String {
    let defaults = Config::default();
    let given = KEYS.iter().filter(|key| config.get(key.name) != defaults.get(key.name));
    let flags = given.filter_map(|key| match config.get(key.name) {
        Setting::Absent => None,
        value => Some(format!(" {} {}", flag(key.name), quoted(&value.text().unwrap_or_default()))),
    });
    format!("longspan train{}", flags.collect::<String>())
}

/// As a shell reads it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,+=".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.into(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn settings(config: &Config) -> Vec<Value> {
    let defaults = Config::default();
    let shown = |key: &str| config.get(key).text().unwrap_or_default();
    let all = KEYS.iter().map(|key| {
        let given = config.get(key.name) != defaults.get(key.name);
        json!({ "section": key.section.title(), "key": key.name, "value": shown(key.name), "given": given })
    });
    all.collect()
}
