//! Reports that are no pages: Markdown, JSON and CSV, in which hostile names are words.
#![allow(missing_docs, reason = "a test file")]

use std::process::Command;

use crate::test_dir::TestDir;
use serde_json::Value;

fn dir() -> TestDir {
    let dir = TestDir::new();
    dir.good("train --task agreement --length 8 --hidden 8 --steps 40 --eval-every 20 --observe full --threads 1 --out run");
    dir
}

fn printed(dir: &TestDir, line: &str) -> String {
    String::from_utf8(dir.good(line).stdout).expect("UTF-8")
}

#[test]
fn markdown_tells_the_run_in_both_languages() {
    let dir = dir();
    dir.good("probe run --sequences 16");
    let english = printed(&dir, "report run --format md");
    for part in [
        "# Report of run\n",
        "## Findings\n",
        "| Needed lag (steps)",
        "## Layers",
        "lstm 1×8",
        "```sh\nlongspan train ",
    ] {
        assert!(english.contains(part), "no {part}: {english}");
    }
    let chinese = printed(&dir, "report run --format md --lang zh");
    for part in ["# 训练报告：run\n", "## 诊断结果\n", "任务需要的滞后（步）", "## 各层"]
    {
        assert!(chinese.contains(part), "no {part}: {chinese}");
    }
    // A table has as many cells in each line.
    for text in [&english, &chinese] {
        for table in text.split("\n\n").filter(|part| part.contains("\n| --")) {
            let cells: Vec<usize> = table
                .lines()
                .filter(|line| line.starts_with('|'))
                .map(|line| line.replace("\\|", "").matches('|').count())
                .collect();
            assert!(cells.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
        }
    }
    // The end of a name says which format, and two runs are compared.
    dir.bad("report run -o run.pdf", &["run.pdf", ".html, .md, .json or .csv"]);
    assert!(!dir.path("run.pdf").exists());
    dir.good("report run run -o both.md");
    let both = String::from_utf8(dir.read("both.md")).expect("UTF-8");
    assert!(both.starts_with("# Comparison of 2 runs\n"), "{both}");
    assert!(
        dir.good("report run").stdout.is_empty() && dir.read("report.html").starts_with(b"<!doctype html>")
    );
}

#[test]
fn json_is_what_pages_are_made_of() {
    let dir = dir();
    let documents = dir.json("report run run --format json");
    assert_eq!(documents.as_array().map(Vec::len), Some(2));
    for key in ["name", "command", "curve", "valid", "flow", "looks", "verdict", "verdict_zh", "settings"] {
        assert!(!documents[0][key].is_null(), "{key}");
    }
    assert!(documents[0]["flow"]["layers"][0]["gamma"].is_array(), "what --observe full has recorded");
}

#[test]
fn csv_has_every_step() {
    let dir = dir();
    let text = printed(&dir, "report run --format csv");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let column =
        |name: &str| lines[0].iter().position(|c| *c == name).unwrap_or_else(|| panic!("{:?}", lines[0]));
    assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{text}");
    let of = |kind: &str| lines.iter().filter(|line| line[column("kind")] == kind).count();
    assert_eq!((of("step"), of("valid")), (40, 2));
    // The numbers are those of the records.
    let metrics = String::from_utf8(dir.read("run/metrics.jsonl")).expect("UTF-8");
    let steps = metrics.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    for (record, line) in
        steps.filter(|r| r["type"] == "step").zip(lines.iter().filter(|l| l[column("kind")] == "step"))
    {
        let number = |name: &str| line[column(name)].parse::<f64>().ok();
        assert_eq!(number("loss"), record["loss"].as_f64());
        assert_eq!(number("log10_norm_before"), record["log10_global_norm"].as_f64());
    }
}

#[test]
fn hostile_names_are_words() {
    let dir = dir();
    let name = "=cmd|'<b>`x`\u{1b}[31m,\"";
    std::fs::rename(dir.path("run"), dir.path(name)).expect("a name that a file system takes");
    let report = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
        let output = command.current_dir(dir.path("")).args(["report", name, "--format", format]).output();
        String::from_utf8(output.expect("it starts").stdout).expect("UTF-8")
    };
    let markdown = report("md");
    let title = markdown.lines().next().expect("a line");
    assert_eq!(title, "# Report of \\$'=cmd\\|\\\\'\\<b\\>\\`x\\`\\\\u001b\\[31m,\"'");
    assert!(!markdown.contains('\u{1b}'), "{markdown}");
    // Elsewhere it stands between more backticks than it has.
    for line in markdown.lines().filter(|line| line.contains("<b>`x`")) {
        assert!(line.contains("`` longspan "), "{line}");
    }
    for line in report("csv").lines().skip(1) {
        assert!(line.starts_with("\"$'=cmd|"), "{line}");
    }
}
