//! Each JSON document that the program prints or serves, and each JSON file of a run directory, has a schema in `docs/schemas`,
//! which allows no other key.
//!
//! `LONGSPAN_SCHEMA_SAMPLES=DIR` writes the documents there, from which `tools/schemas.py` makes the schemas.
#![allow(missing_docs, reason = "a test file")]

mod documents;

use std::path::{Path, PathBuf};

use crate::test_dir::TestDir;
use documents::documents;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

#[test]
fn every_document_matches_its_schema() {
    let documents = documents().found;
    if let Some(samples) = std::env::var_os("LONGSPAN_SCHEMA_SAMPLES") {
        for (i, (schema, _, document)) in documents.iter().enumerate() {
            let file = Path::new(&samples).join(format!("{schema}-{i}.json"));
            std::fs::write(file, document.to_string()).expect("a directory for samples");
        }
        return;
    }
    let mut validators = std::collections::BTreeMap::new();
    for file in std::fs::read_dir(folder()).expect("the schemas").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".schema.json") else { continue };
        let text = std::fs::read_to_string(file.path()).expect("a schema");
        let schema: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        validators.insert(name.to_owned(), validator);
    }
    let mut wrong = Vec::new();
    for (name, line, document) in &documents {
        let errors = validators[*name].iter_errors(document);
        wrong.extend(errors.map(|error| format!("{line}: {}: {error}", error.instance_path())).take(5));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for name in validators.keys() {
        assert!(documents.iter().any(|document| document.0 == name), "no command prints {name}");
    }
    // A key without a schema is noticed.
    let mut other = documents[0].2.clone();
    other["another_key"] = 1.into();
    assert!(!validators["train"].is_valid(&other), "a key that the schema lacks");
}

/// The value of a numeric field is a number or null, in documents and in the files of runs.
#[test]
fn a_run_with_numbers_that_are_not_finite_has_no_word_for_them() {
    let dir = TestDir::new();
    let settings = "--task adding --length 30 --cell relu --init gaussian:4 --clip none --optimizer sgd --lr 1e30 --threads 1";
    assert_eq!(dir.run(&format!("train {settings} --steps 60 --out run")).status.code(), Some(1));
    let metrics = dir.read_text("run/metrics.jsonl");
    let fault: Value = serde_json::from_str(metrics.lines().last().expect("a line")).expect("a record");
    let report = &dir.json("report run --format json")[0];
    for fault in [&fault, &report["fault"]] {
        let words = fault["not_finite"].as_object().expect("the first bad value");
        for (name, word) in words {
            assert!(
                fault[name].is_null() && matches!(word.as_str(), Some("NaN" | "Infinity" | "-Infinity")),
                "{fault}"
            );
        }
    }
    // It is read back: the step fails with the same value.
    assert_eq!(dir.json("replay run --fault --json")["same"], true);
}
