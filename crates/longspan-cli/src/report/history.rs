use longspan::telemetry::{ScoreRecord, StepRecord};
use std::path::Path;
#[derive(Default)]
pub(crate) struct History {
    pub(crate) steps: Vec<StepRecord>,
    pub(crate) valid: Vec<ScoreRecord>,
}
pub(crate) fn read(path: &Path, problems: &mut Vec<String>) -> History {
    let mut h = History::default();
    let text = match std::fs::read_to_string(path.join("metrics.jsonl")) {
        Ok(t) => t,
        Err(e) => {
            problems.push(e.to_string());
            return h;
        }
    };
    for l in text.lines() {
        let Ok(v) = serde_json::from_str::<serde_json::Value>(l) else { continue };
        match v["type"].as_str() {
            Some("step") => h.steps.extend(serde_json::from_value(v)),
            Some("valid") => h.valid.extend(serde_json::from_value(v)),
            _ => {}
        }
    }
    h
}
