//! The diagnosis of a run directory, as data.

use std::path::PathBuf;

use longspan_diagnose::{Language, Remedy, diagnose};
use longspan_run::dialect::{Dialect, command};
use longspan_run::directory::history::{self, History};
use longspan_run::report::verdict::RemedyText;
use longspan_run::visible;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use serde_json::{Value, json};

/// The findings of a run as JSON, most important first.
#[pyfunction]
pub(crate) fn findings(py: Python<'_>, run: PathBuf) -> PyResult<String> {
    let found = py.detach(|| history::read(&run).map(|history| listed(&history)));
    let found = found.map_err(|error| PyOSError::new_err(error.to_string()))?;
    serde_json::to_string(&found).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The findings of a run that was read, most important first. The code of a remedy is a command of the program, or what who
/// trains can set.
pub(crate) fn listed(history: &History) -> Value {
    let (run, dialect) = (visible::path(&history.path), Dialect::of(history));
    let fix = |remedy: &Remedy| {
        let RemedyText { pytorch, toml, why, .. } = RemedyText::new(remedy, &dialect, Language::English);
        let code = match (&dialect, remedy) {
            (Dialect::Longspan, Remedy::Change { settings, .. }) => command(&run, settings),
            (Dialect::PyTorch(_), _) => pytorch,
            (Dialect::Settings | Dialect::Longspan, _) => toml,
        };
        json!({"code": code, "why": why})
    };
    let verdict = diagnose(&history.evidence());
    let shown = verdict.shown().into_iter();
    let list = shown.map(|(finding, remedies)| {
        let numbers: serde_json::Map<String, Value> = finding
            .evidence()
            .iter()
            .map(|number| (number.name.en.to_owned(), json!(number.value)))
            .collect();
        let fixes: Vec<Value> = remedies.into_iter().map(fix).collect();
        json!({
            "code": finding.code(),
            "severity": finding.severity,
            "title": finding.title(Language::English),
            "sentence": finding.sentence(Language::English),
            "place": format!("{:?}", finding.place),
            "numbers": numbers,
            "confidence": finding.confidence,
            "because": finding.because.of(Language::English),
            "fixes": fixes,
        })
    });
    list.collect()
}
