//! Run directories and checkpoints of earlier versions are read, used and continued; those of later formats are refused.
//!
//! `crates/run/tests/fixtures/README.md` says how each was made. What is expected of them is what their own version said.

use std::path::Path;

use longspan_run::directory::{history, profiles};
use serde_json::Value;

use crate::test_dir::TestDir;

/// A copy of the fixtures.
fn fixtures() -> TestDir {
    let dir = TestDir::new();
    dir.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../run/tests/fixtures"), "");
    dir
}

/// What the version that wrote a run knew of it.
struct Old {
    run: &'static str,
    outcome: &'static str,
    /// Records of steps, those among them with a snapshot, and records of validations.
    records: [usize; 3],
    /// Loss of the last step, and of the best validation.
    losses: (f64, Option<f64>),
    findings: &'static [&'static str],
    /// A score of `eval`, with its key.
    score: Option<(&'static str, f64)>,
    /// A command that continues the run, and the loss of the last validation after it.
    resumed: Option<(&'static str, f64)>,
}

const TEXT: Old = Old {
    run: "2026-12/text",
    outcome: "finished",
    records: [34, 2, 2],
    losses: (2.970_633_8, Some(2.984_268_3)),
    findings: &[],
    score: Some(("/loss", 2.984_268_3)),
    resumed: Some(("--epochs 3", 2.950_371_1)),
};
const SERIES: Old = Old {
    run: "2026-12/series",
    outcome: "finished",
    records: [12, 3, 2],
    losses: (1.041_705_7, Some(0.851_547_5)),
    findings: &["distribution-shift"],
    score: Some(("/model/level/mae", 0.635_116_2)),
    resumed: Some(("--steps 16", 0.857_641_1)),
};
const DIVERGED: Old = Old {
    run: "2026-12/diverged",
    outcome: "diverged",
    records: [1, 1, 0],
    losses: (214_380_313.5, None),
    findings: &["non-finite", "exploding-gradient", "clip-missing"],
    score: None,
    resumed: None,
};
const WATCHED: Old = Old {
    run: "2026-12/watched",
    outcome: "finished",
    records: [12, 3, 1],
    losses: (0.638_201_5, Some(0.739_378_1)),
    findings: &[],
    score: None,
    resumed: None,
};

const RUNS: [Old; 12] = [
    Old { run: "2026-11/text", ..TEXT },
    Old { run: "2026-11/series", ..SERIES },
    Old { run: "2026-11/diverged", ..DIVERGED },
    TEXT,
    SERIES,
    Old {
        run: "2026-12/classes",
        records: [16, 2, 4],
        losses: (0.656_822_8, Some(0.710_083_0)),
        score: Some(("/loss", 0.707_516_4)),
        resumed: Some(("--epochs 5", 0.710_825_7)),
        ..TEXT
    },
    Old {
        run: "2026-12/bidirectional",
        records: [20, 2, 4],
        losses: (0.678_608_7, Some(0.714_950_5)),
        score: Some(("/loss", 0.714_950_5)),
        resumed: Some(("--epochs 5", 0.714_306_4)),
        ..TEXT
    },
    Old {
        run: "2026-12/task",
        records: [20, 2, 1],
        losses: (0.630_984_2, Some(0.607_907_7)),
        score: Some(("/loss", 0.607_907_7)),
        resumed: Some(("--steps 30", 0.469_810_1)),
        ..TEXT
    },
    DIVERGED,
    Old {
        run: "2026-12/skipped",
        records: [1, 0, 0],
        findings: &["non-finite", "recovered-faults", "clip-missing"],
        ..DIVERGED
    },
    Old { run: "2026-12/recorded", records: [12, 2, 1], losses: (1.282_385_2, Some(1.268_338_8)), ..WATCHED },
    WATCHED,
];

/// Whether two losses have the same printed digits. Another instruction set rounds differently, which is far below them.
fn same(found: &Value, expected: f64) -> bool {
    found.as_f64().is_some_and(|found| (found - expected).abs() < 1e-4 * expected.abs())
}

/// What a command prints, which ends with 1 if something severe was found.
fn document(dir: &TestDir, line: &str) -> Value {
    let output = dir.run(line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{line}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{line}: {error}: {said}"))
}

#[test]
fn the_records_of_old_runs_are_read_whole() {
    let dir = fixtures();
    for Old { run, outcome, records, losses, .. } in &RUNS {
        let path = dir.path(run);
        let history = history::read(&path).expect(run);
        assert_eq!(history.problems, Vec::<String>::new(), "{run}");
        let snapshots = history.steps.iter().filter(|step| step.snapshot.is_some()).count();
        assert_eq!([history.steps.len(), snapshots, history.valid.len()], *records, "{run}");
        assert_eq!(history.outcome(), Some(*outcome), "{run}");
        let best = history.summary.as_ref().and_then(|summary| summary.best_loss);
        assert!(same(&history.steps.last().expect("a step").loss.into(), losses.0), "{run}");
        assert!(best.is_some() == losses.1.is_some(), "{run}");
        assert!(losses.1.is_none_or(|loss| same(&best.into(), loss)), "{run}");
        let profiles = profiles::read(&path);
        assert!(profiles.skipped.is_empty(), "{run}: {:?}", profiles.skipped);
        assert_eq!(profiles.records.len(), snapshots, "{run}");
    }
    // Numbers that are not finite are read back, from the words of the earlier form as from the nulls of the later one.
    for run in ["2026-11/diverged", "2026-12/diverged"] {
        let fault = history::read(&dir.path(run)).expect(run).fault.expect("a fault");
        assert!(fault.loss == f64::INFINITY && fault.log10_global_norm.is_nan(), "{run}: {fault:?}");
    }
    assert_eq!(history::read(&dir.path("2026-12/skipped")).expect("a run").recoveries.len(), 2);
    let probe = history::read(&dir.path("2026-11/text")).expect("a run").probe.expect("a probe");
    assert_eq!((probe.step, probe.reach.known().is_some()), (34, true));
    let watched =
        history::read(&dir.path("2026-12/watched")).expect("a run").record.watched.expect("a module");
    assert_eq!((&*watched.by, &*watched.class), ("PyTorch 2.15.0", "LSTM"));
}

#[test]
fn old_runs_are_listed_judged_and_shown() {
    let dir = fixtures();
    let list = dir.json("ls . --json");
    for Old { run, outcome, losses, findings, .. } in &RUNS {
        let row = list.as_array().expect("a list").iter().find(|row| row["run"] == format!("./{run}"));
        let row = row.unwrap_or_else(|| panic!("{run} is not listed"));
        assert_eq!((&row["outcome"], losses.1.is_some()), (&(*outcome).into(), row["best_loss"].is_number()));
        let verdict = document(&dir, &format!("diagnose {run} --json"));
        let codes: Vec<_> = verdict["findings"].as_array().expect("findings").iter().collect();
        let codes: Vec<_> = codes.iter().filter_map(|finding| finding["code"].as_str()).collect();
        assert_eq!((&codes[..], &verdict["outcome"]), (*findings, &(*outcome).into()), "{run}");
        dir.good(&format!("report {run} -o page.html"));
        let page = dir.read_text("page.html");
        assert!(page.contains(run.split('/').next_back().expect("a name")), "{run}");
        // What was read to make it is the run, and not a reason why it cannot be read.
        let report = &document(&dir, &format!("report {run} --format json"))[0];
        assert_eq!(
            (&report["problems"], &report["outcome"]),
            (&Value::Array(vec![]), &(*outcome).into()),
            "{run}"
        );
    }
    dir.good("report 2026-11/text 2026-12/text 2026-12/watched 2026-12/diverged -o comparison.html");
    for run in ["2026-11/diverged", "2026-12/diverged"] {
        let repeated = document(&dir, &format!("replay {run} --fault --json"));
        assert!(repeated["recorded"]["step"] == 2 && repeated["same"].is_boolean(), "{run}");
    }
}

#[test]
fn old_weights_are_scored_used_and_measured() {
    let dir = fixtures();
    for Old { run, score, .. } in &RUNS {
        let Some((key, expected)) = score else { continue };
        let scored = dir.json(&format!("eval {run} --json"));
        let found = scored.pointer(key).unwrap_or_else(|| panic!("{run}: {scored}"));
        assert!(same(found, *expected), "{run}: {found}");
    }
    for text in ["2026-11/text", "2026-12/text", "format-4.safetensors"] {
        let written = dir.printed(&format!("sample {text} --prompt The --length 9"));
        assert!(written.starts_with("The"), "{text}: {written}");
        let scored = dir.json(&format!("eval {text} --text data/text.txt --json"));
        assert!(same(&scored["loss"], 2.982_859_8), "{text}: {}", scored["loss"]);
    }
    for (run, input, lines) in [
        ("2026-11/series", "data/wave.csv", 1 + 2),
        ("2026-12/series", "data/wave.csv", 1 + 2),
        ("2026-12/classes", "data/classes.ts", 1 + 40),
        ("2026-12/bidirectional", "data/classes.ts", 1 + 40),
    ] {
        let predicted = dir.printed(&format!("predict {run} --input {input}"));
        assert_eq!(predicted.lines().count(), lines, "{run}: {predicted}");
    }
    for run in ["2026-11/text", "2026-12/task", "2026-12/text"] {
        let measured =
            document(&dir, &format!("probe {run} --sequences 8 --limit none --checkpoint last --json"));
        assert!(measured["reach"]["known"].is_object(), "{run}: {}", measured["reach"]);
    }
}

#[test]
fn old_runs_continue_as_their_version_would_have_continued_them() {
    let dir = fixtures();
    for Old { run, records, resumed, .. } in &RUNS {
        let Some((flags, expected)) = resumed else { continue };
        let summary = document(&dir, &format!("resume {run} {flags} --threads 1 --json"));
        let found = (&summary["outcome"], same(&summary["valid_loss"], *expected));
        assert_eq!(found, (&"finished".into(), true), "{run}: {summary}");
        // The records before the stop stay, in the file's older form where it has one, and those after it follow.
        let history = history::read(&dir.path(run)).expect(run);
        assert!(history.steps.len() > records[0], "{run}");
        let unread =
            history.problems.iter().filter(|problem| !problem.starts_with("the last probe measured"));
        assert_eq!(unread.count(), 0, "{run}: {:?}", history.problems);
        assert_eq!(history.steps.iter().filter(|step| step.attempt == 1).count(), records[0], "{run}");
    }
    dir.good(
        "train --from format-4.safetensors --text data/text.txt --hidden 4 --batch 4 --steps 3 --out new",
    );
}

/// Replaces the first `old` in a file, which is not a text if it has tensors.
fn replace(dir: &TestDir, name: &str, old: &str, new: &str) {
    let mut bytes = dir.read(name);
    let at = bytes.windows(old.len()).position(|part| part == old.as_bytes());
    let at = at.unwrap_or_else(|| panic!("no {old} in {name}"));
    bytes.splice(at..at + old.len(), new.bytes());
    dir.write(name, bytes);
}

#[test]
fn files_of_later_formats_are_refused() {
    let dir = fixtures();
    let run = "2026-12/text";
    let way_out = "use the version that wrote it, or a later one";
    // A later format may lack fields of this one.
    replace(&dir, "2026-12/text/run.json", "\"format\": 1,\n  \"id\"", "\"format\": 7,\n  \"other\"");
    let said = ["2026-12/text/run.json has format 7", "reads format 1", way_out];
    for command in ["eval", "diagnose", "resume", "probe", "sample", "inspect"] {
        dir.bad(&format!("{command} {run}"), &said);
    }
    let list = dir.json("ls 2026-12 --json");
    let row = list.as_array().expect("a list").iter().find(|row| row["run"] == run).expect("the run");
    assert_eq!(row["outcome"], "unreadable");
    assert!(said.iter().all(|part| row["problem"].as_str().is_some_and(|text| text.contains(part))), "{row}");
    let note = dir.good("ls 2026-12").stderr;
    assert!(String::from_utf8_lossy(&note).starts_with("note: 2026-12/text/run.json has format 7"));

    let run = "2026-12/series";
    replace(&dir, "2026-12/series/config.toml", "schema = 2\n", "schema = 7\n[later]\nsetting = 1\n");
    dir.bad(
        &format!("eval {run}"),
        &["2026-12/series/config.toml has schema = 7", "use a newer version of Longspan"],
    );

    for name in ["2026-12/classes/checkpoints/best.safetensors", "format-4.safetensors"] {
        let format = if name.starts_with("format") { "4" } else { "5" };
        replace(&dir, name, &format!("format\\\":{format},"), "format\\\":7,");
        dir.bad(&format!("inspect {name}"), &[name, "has format 7", "reads formats 4 to 6", way_out]);
    }
    dir.bad("eval 2026-12/classes", &["best.safetensors has format 7", way_out]);

    replace(&dir, "2026-12/diverged/fault/fault.json", "\"format\": 1", "\"format\": 7");
    dir.bad("replay 2026-12/diverged --fault", &["fault.json has format 7", "reads format 1", way_out]);

    // Without its probe or its profiles, a run is still a run.
    replace(&dir, "2026-11/text/probe/34.json", "\"format\":1", "\"format\":7");
    replace(&dir, "2026-11/text/flow/000001.safetensors", "format\\\":1,", "format\\\":7,");
    let problems = document(&dir, "report 2026-11/text --format json")[0]["problems"].to_string();
    for name in ["probe/34.json", "flow/000001.safetensors"] {
        assert!(problems.contains(&format!("{name} has format 7, but this version")), "{problems}");
    }
}
