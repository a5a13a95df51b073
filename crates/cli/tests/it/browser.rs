//! Pages are looked at in a headless Chromium: they load nothing from elsewhere, say nothing on the console, have their figures, can be
//! used by keyboard, in both languages and themes, and axe-core finds nothing serious.
//!
//! It needs node, Chromium (`LONGSPAN_CHROMIUM`, else /usr/bin/chromium), and puppeteer-core and axe-core where `NODE_PATH` says;
//! screenshots go to `LONGSPAN_SCREENSHOTS`, where that is set.
#![allow(missing_docs, reason = "a test file")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::test_dir::TestDir;
use serde_json::Value;

/// Whether there is a browser; with `LONGSPAN_REQUIRE=chromium` there must be.
fn browser() -> bool {
    let has =
        Command::new("node").args(["-e", "require('puppeteer-core'); require.resolve('axe-core')"]).output();
    let chromium = std::env::var("LONGSPAN_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    let there = has.is_ok_and(|output| output.status.success()) && std::path::Path::new(&chromium).exists();
    let required =
        std::env::var("LONGSPAN_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name == "chromium"));
    assert!(
        there || !required,
        "LONGSPAN_REQUIRE names chromium, and it, node, puppeteer-core or axe-core is missing"
    );
    if !there {
        eprintln!("skipped: no Chromium, node, puppeteer-core or axe-core");
    }
    there
}

/// What the script finds on a page.
fn look(dir: &TestDir, scene: &str, url: &str) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/look.js");
    let shots = std::env::var("LONGSPAN_SCREENSHOTS").map_or_else(|_| dir.path("shots"), Into::into);
    std::fs::create_dir_all(&shots).expect("a directory for screenshots");
    let output =
        Command::new("node").arg(script).args([scene, url]).arg(shots).output().expect("node starts");
    assert!(output.status.success(), "{scene}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one document")
}

/// What holds of every page.
fn check(found: &Value, own: &str) {
    assert_eq!(found["console"], Value::Array(Vec::new()), "the console is empty");
    for request in found["requests"].as_array().expect("a list") {
        let request = request.as_str().expect("an address");
        assert!(
            request.starts_with(own) || request.starts_with("data:") || request.starts_with("blob:"),
            "{request}"
        );
    }
    for which in ["accessibility", "accessibility_dark"] {
        assert_eq!(found[which], Value::Array(Vec::new()), "{which}");
    }
    for shot in found["screenshots"].as_array().expect("a list") {
        assert_eq!(shot["wide"], false, "the page is as wide as the screen: {shot}");
    }
    assert_ne!(found["themes"][0], found["themes"][1], "dark is dark");
    assert_eq!((&found["languages"][0][0], &found["languages"][1][0]), (&"en".into(), &"zh-Hans".into()));
    assert_ne!(found["languages"][0][1], found["languages"][1][1], "words are translated");
}

#[test]
fn a_report_is_whole_and_can_be_used() {
    if !browser() {
        return;
    }
    let dir = TestDir::new();
    dir.good("train --task agreement --length 12 --hidden 16 --layers 2 --batch 8 --steps 60 --eval-every 20 --observe full --threads 1 --out run");
    dir.good("probe run --sequences 16");
    dir.good("report run -o report.html");
    let found = look(&dir, "report", &format!("file://{}", dir.path("report.html").display()));
    check(&found, "file://");
    for (figure, least) in [
        ("loss", 60),
        ("norm", 60),
        ("profile", 10),
        ("gradient-map-0", 50),
        ("gradient-map-1", 50),
        ("lag", 10),
        ("spectrum", 8),
        ("gates", 6),
        ("forgetting", 16),
        ("path", 10),
        ("openness", 6),
        ("saturation", 6),
        ("shares", 6),
        ("updates", 6),
    ] {
        let points = found["figures"][format!("figure-{figure}")].as_array();
        let most = points.into_iter().flatten().filter_map(Value::as_u64).max().unwrap_or(0);
        assert!(most >= least, "{figure} has {most} points: {}", found["figures"]);
    }
    assert_eq!(
        (&found["reached"], &found["slider"]["moved"]),
        (&"replay".into(), &true.into()),
        "by keyboard"
    );
    assert_eq!(found["slider"]["said"], "1", "the first step that was looked at");
    assert_eq!(found["rows"], 61, "a head and 60 steps");
    assert_eq!(found["quantities"], serde_json::json!(["hidden", "cell", "gamma"]));
    assert_eq!(found["other_quantity"], true, "another quantity is another picture, with its own words");
    assert_eq!(found["tables"], found["plots"], "every figure has a table behind it");
    let (verdict, paper) = (&found["verdict"], &found["printed"]["paper"]);
    assert!(verdict["tiles"].as_u64() <= Some(3) && verdict["contents"].as_u64() >= Some(4), "{verdict}");
    assert_eq!(
        (&paper["theme"], &paper["folded"], &paper["undrawn"]),
        (&"light".into(), &0.into(), &0.into())
    );
    assert_eq!(paper["widths"], serde_json::json!([640]), "figures are as wide as the paper");
    assert_eq!(found["printed"]["theme"], "dark", "the screen is as before");
}

#[test]
fn the_story_is_a_page() {
    if !browser() {
        return;
    }
    let dir = TestDir::new();
    dir.good("demo --steps 30 --hidden 16 --lengths 5 --threads 1 -o story.html");
    let found = look(&dir, "story", &format!("file://{}", dir.path("story.html").display()));
    check(&found, "file://");
    for (figure, least) in [
        ("course", 100),
        ("norms", 100),
        ("strength-rnn", 22),
        ("strength-residual", 22),
        ("strength-all", 22),
        ("gate-lstm", 22),
        ("gate-gru", 22),
        ("distraction", 3),
        ("distance", 2),
    ] {
        let points = found["figures"][format!("figure-{figure}")].as_array();
        let most = points.into_iter().flatten().filter_map(Value::as_u64).max().unwrap_or(0);
        assert!(most >= least, "{figure} has {most} points: {}", found["figures"]);
    }
    assert_eq!(found["rows"], 23, "a head and 22 words");
    let words = found["text"].as_str().expect("a text");
    assert!((1..=7).all(|act| words.contains(&format!("{act} · "))), "{words}");
}

/// A run that is ill: its findings are told in the language of the page.
#[test]
fn a_fault_and_findings_are_told_in_both_languages() {
    if !browser() {
        return;
    }
    let dir = TestDir::new();
    let ill = "train --task agreement --length 40 --cell relu --init gaussian:3 --clip none --lr 1 --steps 60 --hidden 16 --batch 8 --threads 1 --out ill";
    assert_eq!(dir.run(ill).status.code(), Some(1), "it diverges");
    dir.good("report ill -o report.html");
    let found = look(&dir, "report", &format!("file://{}", dir.path("report.html").display()));
    check(&found, "file://");
    let verdict = &found["verdict"];
    assert!(verdict["headline"].as_str().is_some_and(|text| text.contains("✖ diverged")), "{verdict}");
    let seen = |part: &str| verdict[part].as_f64().is_some_and(|bottom| bottom <= 900.0);
    assert!(seen("command") && seen("picture"), "no scrolling at 1400 × 900: {verdict}");
    let text = found["text"].as_str().expect("text");
    assert!(text.contains("A value is not finite") && text.contains("longspan replay"), "{text}");
    let chinese = found["text_zh"].as_str().expect("text");
    assert!(chinese.contains("出现非有限值") && !chinese.contains("A value is not finite"), "{chinese}");
}

#[test]
fn hostile_names_and_contents_are_words() {
    if !browser() {
        return;
    }
    let dir = TestDir::new();
    let name = "<img src=x onerror=window.hostile=1>";
    dir.good("train --task agreement --length 6 --hidden 8 --steps 25 --threads 1 --out run");
    std::fs::rename(dir.path("run"), dir.path(name)).expect("a name that a file system takes");
    let record = String::from_utf8(dir.read(&format!("{name}/run.json"))).expect("text");
    let spoiled = record.replace("agreement over", "</script><script>window.hostile=2</script>");
    assert_ne!(record, spoiled);
    dir.write(format!("{name}/run.json"), spoiled);
    let mut metrics = dir.read(&format!("{name}/metrics.jsonl"));
    metrics.extend(br#"{"type":"step","step":99,"loss":"<b>","epoch":1e400}"#);
    dir.write(format!("{name}/metrics.jsonl"), metrics);
    let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
    let made =
        command.current_dir(dir.path("")).arg("report").arg(dir.path(name)).args(["-o", "r.html"]).output();
    assert!(made.expect("it starts").status.success());
    let found = look(&dir, "report", &format!("file://{}", dir.path("r.html").display()));
    check(&found, "file://");
    assert_eq!(found["scripts_of_runs"], Value::Null, "nothing of a run is run");
    let text = found["text"].as_str().expect("text");
    assert!(text.contains(name) && text.contains("</script>"), "they are shown as they are: {text}");
}

#[test]
fn the_dashboard_follows_a_run() {
    if !browser() {
        return;
    }
    let dir = TestDir::new();
    dir.good("train --task agreement --length 8 --hidden 8 --steps 25 --threads 1 --out runs/done");
    let start = |line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
        command.current_dir(dir.path("")).args(line.split_whitespace()).stdout(Stdio::null());
        command
    };
    let mut training =
        start("train --task agreement --length 20 --steps 1000000 --hidden 32 --threads 1 --out runs/live")
            .stderr(Stdio::null())
            .spawn()
            .expect("it trains");
    // A run is one from its first record on.
    let began = Instant::now();
    while !std::fs::metadata(dir.path("runs/live/metrics.jsonl")).is_ok_and(|file| file.len() > 0) {
        assert!(began.elapsed() < Duration::from_secs(60), "the run does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut server = start("serve runs --port 0").stderr(Stdio::piped()).spawn().expect("it serves");
    let mut line = String::new();
    BufReader::new(server.stderr.take().expect("a pipe")).read_line(&mut line).expect("its address");
    let url =
        line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();
    let found = std::panic::catch_unwind(|| look(&dir, "dashboard", &url));
    for process in [&mut training, &mut server] {
        process.kill().expect("it can be ended");
        process.wait().expect("it ends");
    }
    let found = found.unwrap_or_else(|cause| std::panic::resume_unwind(cause));
    check(&found, &url);
    assert_eq!(found["list"].as_array().map(Vec::len), Some(2), "{}", found["list"]);
    assert!(found["list"][1].as_str().is_some_and(|row| row.contains("in training")), "{}", found["list"]);
    assert!(found["live"]["later"].as_u64() > found["live"]["first"].as_u64(), "{}", found["live"]);
    assert_eq!(found["live"]["same_page"], true, "without a reload");
    assert_eq!(
        found["slider"]["moved"], true,
        "the first profile is another one than the last, and stays while the run goes on"
    );
    assert!(
        found["story"].as_str().is_some_and(|story| story.contains("monitoring started")),
        "{}",
        found["story"]
    );
    assert_eq!(found["compared"], serde_json::json!(["live", "done"]));
}
