//! What a page shows of a run: one JSON document, made from what the run has recorded and nothing else.
//!
//! A part that cannot be read is missing from it, and said among its problems.

use std::path::Path;

use longspan::clip::Clip;
use longspan::config::{Config, KEYS, Value as Setting, flag};
use longspan::run;
use serde_json::{Map, Value, json};

use super::curve::{Curve, Validations};
use super::flow::Flow;

/// The document of the run in `path`.
pub(crate) fn document(path: &Path) -> Value {
    let mut problems = Vec::new();
    let history = super::history::read(path, &mut problems);
    let record = run::read_record(path).map_err(|error| problems.push(error.to_string())).ok();
    let config = run::read_config(path).map_err(|error| problems.push(error.to_string())).ok();
    let summary = summary(path);
    let flows = run::flow::read(path);
    problems.extend(flows.skipped.iter().map(ToString::to_string));
    let steps = &history.steps;
    let unit = record.as_ref().map_or_else(|| "nats".into(), |record| record.data.unit.to_string());
    let of = |name: &str| summary.get(name).cloned().unwrap_or_default();
    let loss = |name: &str| of(&format!("{name}_{unit}"));
    let clipped = steps.iter().filter(|step| step.clipped).count() as f64 / steps.len().max(1) as f64;
    let last = steps.last();
    json!({
        "name": path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(),
        "path": path.display().to_string(),
        "version": record.as_ref().map(|record| record.version.clone()),
        "created": record.as_ref().map(|record| record.created),
        "state": if summary.is_empty() { json!("unknown") } else { of("outcome") },
        "problems": problems,
        "command": config.as_ref().map_or_else(String::new, command),
        "settings": config.as_ref().map_or_else(Vec::new, settings),
        "model": config.as_ref().map_or_else(String::new, |c| format!("{} {}×{}", c.cell, c.layers, c.hidden)),
        "parameters": record.as_ref().map(|record| record.parameters),
        "data": {
            "description": record.as_ref().map(|record| record.data.description.clone()),
            "unit": unit,
            "chance_loss": record.as_ref().map(|record| record.data.chance_loss).filter(|loss| loss.is_finite()),
            "chance": record.as_ref().map(|record| record.data.chance.clone()),
        },
        "summary": {
            "step": last.map_or(0, |step| step.step),
            "steps": of("steps"),
            "train_loss": last.map(|step| step.loss).filter(|loss| loss.is_finite()),
            "best_loss": loss("best_loss"),
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
            "rule": config.as_ref().map(|config| config.clip.to_string()),
            "limit": config.as_ref().and_then(|config| match config.clip { Clip::Norm(limit) => Some(limit), _ => None }),
            "rate": clipped,
        },
        "flow": Flow::of(&flows),
        "probe": null,
        "lags": { "truncation": config.as_ref().map(|config| config.unroll), "used": null, "needed": null },
        "verdict": { "findings": [], "unjudged": [] },
        "fault": null,
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
