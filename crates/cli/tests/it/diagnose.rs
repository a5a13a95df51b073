//! `longspan diagnose` and `explain` on runs that the program has trained, and on directories that somebody has spoiled.
#![allow(missing_docs, reason = "a test file")]

use std::fs;

use crate::test_dir::TestDir;
use longspan_diagnose::RULES;
use serde_json::{Value, json};

/// Settings under which these cells learn these tasks in a second or two.
const GOOD: [&str; 9] = [
    "--task agreement --length 5 --cell rnn",
    "--task agreement --length 8 --cell gru",
    "--task agreement --length 5 --cell lstm",
    "--task adding --length 10 --cell rnn",
    "--task adding --length 10 --cell gru",
    "--task adding --length 10 --cell lstm",
    "--task memorise --length 2 --cell rnn",
    "--task memorise --length 2 --cell gru",
    "--task memorise --length 2 --cell lstm",
];

/// Everything that is wrong with this: recurrent weights of four times the size that keeps a state, steps a thousand times too large,
/// and no limit.
const SICK: &str = "train --task adding --length 40 --cell rnn --init orthogonal:4 --clip none --lr 1 --hidden 32 --steps 60 --out sick";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The words of a text, however its lines are broken.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn codes(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().expect("a list");
    findings.iter().map(|finding| finding["code"].as_str().expect("a code")).collect()
}

#[test]
fn good_runs_are_met_with_silence() {
    let dir = TestDir::new();
    for (number, settings) in GOOD.into_iter().enumerate() {
        let line = format!("train {settings} --hidden 32 --steps 400 --json --out run{number}");
        // A short run may end while it still improves, which is a note.
        let trained = dir.json(&line)["findings"].clone();
        assert!(trained == json!([]) || trained == json!(["still-improving"]), "{settings}: {trained}");
        let document = dir.json(&format!("diagnose run{number} --json"));
        let mut codes = codes(&document);
        codes.retain(|code| *code != "still-improving");
        assert_eq!((codes, &document["severe"]), (vec![], &json!(false)), "{settings}");
        assert_eq!((&document["step"], &document["outcome"]), (&json!(400), &json!("finished")));
        assert_eq!(document["problems"], json!([]), "{settings}");
    }
    dir.good(&format!("train {} --hidden 32 --steps 400 --no-probe --out bare", GOOD[0]));
    let said = text(&dir.good("diagnose bare").stdout);
    assert!(said.starts_with("bare, finished after 400 steps: no findings\n"), "{said}");
    // What was not measured is no finding, and no silence either.
    let hint = "This needs a probe of the last weights (next: longspan diagnose bare --probe)";
    assert!(words(&said).contains(hint), "{said}");
}

#[test]
fn a_sick_run_is_severe_and_says_what_to_try() {
    let dir = TestDir::new();
    let trained = text(&dir.good(SICK).stdout);
    let severe = "severe       The gradient of one loss grows backwards through time in ";
    let effect = "(exploding-gradient), effect of step-too-large";
    assert!(trained.lines().any(|line| line.starts_with(severe) && line.ends_with(effect)), "{trained}");
    assert!(trained.contains("next:        longspan diagnose sick\n"), "{trained}");
    let summary: Value = serde_json::from_slice(&dir.read("sick/summary.json")).expect("JSON");
    let listed = summary["findings"].as_array().expect("a list").clone();
    assert!(
        listed.contains(&json!("exploding-gradient")) && listed.contains(&json!("step-too-large")),
        "{listed:?}"
    );

    let output = dir.run("diagnose sick --json");
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(document["severe"], json!(true));
    assert_eq!(Value::from(codes(&document)), summary["findings"]);
    // One cause with its effects, whose remedies are not shown.
    let findings = document["findings"].as_array().expect("a list");
    assert_eq!((&findings[0]["code"], &findings[0]["place"]), (&json!("step-too-large"), &json!("cause")));
    let effects = findings.iter().filter(|finding| finding["effect_of"] == "step-too-large");
    assert!(effects.clone().any(|finding| finding["code"] == "exploding-gradient"), "{findings:?}");
    assert!(effects.clone().all(|finding| finding["remedies"] == json!([])), "{findings:?}");
    let flags: Vec<&str> = document["findings"][0]["remedies"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|remedy| remedy["flags"].as_str().expect("text"))
        .collect();
    assert!(flags[0].starts_with("--lr "), "{flags:?}");
    let expected = format!("longspan train --config sick/config.toml {} --out sick-try", flags[0]);
    assert_eq!(document["command"], json!(expected));
    // The program takes what it prescribes.
    for (number, flags) in flags.into_iter().enumerate() {
        dir.good(&format!(
            "train --task adding --length 40 --set cell=rnn --hidden 8 --steps 2 {flags} --out try{number}"
        ));
    }

    let output = dir.run("diagnose sick");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.starts_with("sick, finished after 60 steps: "), "{said}");
    let title = "severe The gradient explodes through time (exploding-gradient), effect of step-too-large";
    assert!(words(&said).contains(title), "{said}");
    assert!(
        said.contains("\n  try    --lr ") && said.contains(&format!("\nnext:    {expected}\n")),
        "{said}"
    );
    assert!(said.contains("threshold 70: ") && said.contains("Ignore this if "), "{said}");
    // A command that is to be copied is not wrapped.
    let wide = |line: &&str| !line.starts_with("next:") && line.chars().count() > 80;
    assert_eq!(said.lines().find(wide), None, "{said}");
    // It works as it stands.
    dir.good(expected.strip_prefix("longspan ").expect("a command"));
    assert!(!said.contains('\u{1b}'), "no colours but on a terminal: {said}");
    // The list of runs is as it was.
    assert_eq!(dir.json("ls . --json")[0]["outcome"], "finished");
}

/// Later attempts go on to the same records, and to the same verdict, as one attempt.
#[test]
fn resuming_changes_no_verdict() {
    let dir = TestDir::new();
    dir.good(SICK);
    dir.good(&SICK.replace("--steps 60", "--steps 25").replace("--out sick", "--out twice"));
    dir.good("train --resume --out twice --steps 60");
    let verdict = |run: &str| -> Value {
        serde_json::from_slice(&dir.run(&format!("diagnose {run} --json")).stdout).expect("JSON")
    };
    let (once, twice) = (verdict("sick"), verdict("twice"));
    for field in ["step", "problems"] {
        assert_eq!(once[field], twice[field]);
    }
    assert_eq!(codes(&once), codes(&twice));
    // Several runs in one command: a list of the same documents, in the order of the command.
    let both = dir.run("diagnose twice sick --json");
    let documents: Value = serde_json::from_slice(&both.stdout).expect("JSON");
    assert_eq!((both.status.code(), documents), (Some(1), json!([twice, once])));
    dir.bad("diagnose sick nowhere", &["there is no run in nowhere"]);
}

#[test]
fn a_fault_is_a_finding() {
    let dir = TestDir::new();
    dir.good("train --task adding --length 10 --cell rnn --hidden 8 --steps 30 --out run");
    let fault = json!({
        "type": "fault", "step": 31, "attempt": 1, "epoch": 1, "loss": "NaN", "log10_global_norm": "NaN", "phase": "forward",
        "layer": 0, "t": 7, "tensor": "h\u{1b}[2J", "row": 3, "unit": 5, "value": "Infinity", "cause": "forward_overflow",
        "before": []
    });
    let mut metrics = text(&dir.read("run/metrics.jsonl"));
    metrics.push_str(&format!("{fault}\n"));
    dir.write("run/metrics.jsonl", &metrics);
    let output = dir.run("diagnose run");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains("severe   A value is not finite, or beyond its limit (non-finite)"), "{said}");
    // A terminal is not steered by what a file says.
    assert!(said.contains("h\\u001b[2J") && !said.contains('\u{1b}'), "{said}");
    // Whoever goes on from before it, and past it, has left it behind.
    let step = metrics.lines().find(|line| line.contains("\"type\":\"step\"")).expect("a step");
    let mut again: Value = serde_json::from_str(step).expect("JSON");
    (again["step"], again["attempt"]) = (json!(31), json!(2));
    dir.write("run/metrics.jsonl", format!("{metrics}{again}\n"));
    let document = dir.json("diagnose run --json");
    assert!(!codes(&document).contains(&"non-finite") && document["step"] == json!(31), "{document}");
}

/// What training itself leaves of a step that it could not take.
#[test]
fn divergence_is_a_finding() {
    let dir = TestDir::new();
    let line = "train --task adding --length 200 --cell relu --init gaussian:3 --clip none --lr 1 --hidden 32 --steps 50 --out run";
    let trained = dir.run(line);
    assert_eq!(trained.status.code(), Some(1));
    let said = text(&trained.stdout);
    assert!(
        said.lines().any(|line| line.starts_with("severe       ") && line.ends_with("(non-finite)")),
        "{said}"
    );
    let output = dir.run("diagnose run --json");
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!((codes(&document)[0], &document["outcome"]), ("non-finite", &json!("diverged")));
}

/// --probe measures what is missing, once, and keeps it; what is kept may be spoiled.
#[test]
fn a_probe_leaves_nothing_unjudged() {
    let dir = TestDir::new();
    dir.good(
        "train --task adding --length 40 --cell rnn --init orthogonal:0.3 --hidden 16 --steps 200 --out run",
    );
    let before: Value = serde_json::from_slice(&dir.run("diagnose run --json").stdout).expect("JSON");
    assert!(before["unjudged"].as_array().is_some_and(|unjudged| !unjudged.is_empty()), "{before}");
    let after: Value = serde_json::from_slice(&dir.run("diagnose run --probe --json").stdout).expect("JSON");
    assert_eq!(after["unjudged"], json!([]));
    assert!(codes(&after).contains(&"horizon-below-need"), "{after}");
    let kept =
        fs::read_dir(dir.path("run/probe")).expect("a folder").map(|file| file.expect("a file").path());
    let kept = kept.collect::<Vec<_>>();
    assert_eq!(kept.len(), 1);
    let record = fs::read(&kept[0]).expect("a record");
    assert_eq!(
        serde_json::from_slice::<Value>(&dir.run("diagnose run --probe --json").stdout).expect("JSON"),
        after
    );
    assert_eq!(fs::read(&kept[0]).expect("a record"), record, "what was measured is not measured again");

    let whole: Value = serde_json::from_slice(&record).expect("JSON");
    let lag = "/reach/known/lag/known";
    let spoil = |at: &str, value: Value| {
        let mut spoiled = whole.clone();
        *spoiled.pointer_mut(at).unwrap_or_else(|| panic!("no {at}")) = value;
        fs::write(&kept[0], spoiled.to_string()).expect("a file");
        judged(&dir);
    };
    spoil(&format!("{lag}/total/ratio/ln_median"), json!([]));
    spoil(&format!("{lag}/total/ratio/ln_median"), json!(["NaN", "Infinity"]));
    spoil(&format!("{lag}/lags"), json!([0, 50]));
    spoil(&format!("{lag}/lags"), json!([60, 3, 2, 1, 0, 90]));
    spoil(&format!("{lag}/depth/ln_layer_ratio"), json!([]));
    spoil(&format!("{lag}/total/horizon/steps"), json!(u64::MAX));
    spoil("/spectrum/known/layers", json!([]));
    spoil("/reach/known/sensitivity/known", json!([]));
    fs::write(&kept[0], "{").expect("a file");
    assert!(text(&dir.run("diagnose run").stdout).contains(".json is damaged"));
}

#[test]
fn damage_is_said_and_ends_nothing() {
    let dir = TestDir::new();
    dir.good("train --task adding --length 10 --cell gru --hidden 8 --steps 40 --out run");
    let whole = dir.read("run/metrics.jsonl");
    let problems = |dir: &TestDir| -> Vec<String> {
        let document = dir.json("diagnose run --json");
        serde_json::from_value(document["problems"].clone()).expect("sentences")
    };
    assert!(problems(&dir).is_empty());
    // A torn line is what a kill leaves.
    let torn = &whole[..whole.len() - 30];
    dir.write("run/metrics.jsonl", torn);
    assert!(problems(&dir).is_empty());
    let (first, rest) = whole.split_at(1 + whole.iter().position(|&byte| byte == b'\n').expect("lines"));
    for rubbish in [
        "\0\0\0\0\n",
        "{\"type\":\"step\"}\n",
        "\u{1b}]0;x\u{7}\n",
        "[[[[[[\n",
        "{\"type\":\"step\",\"step\":1e999}\n",
    ] {
        dir.write("run/metrics.jsonl", [first, rubbish.as_bytes(), rest].concat());
        let said = problems(&dir);
        assert!(said.len() == 1 && said[0].contains("line 2: "), "{rubbish:?}: {said:?}");
        let output = dir.good("diagnose run");
        assert!(
            text(&output.stdout).contains("note     1 line is not a record in run/metrics.jsonl"),
            "{rubbish:?}"
        );
        assert!(!text(&output.stdout).contains('\u{1b}'));
    }
    // Any byte of it may be another one.
    for (place, byte) in (0..whole.len()).step_by(397).zip([0u8, b'"', b'}', 0xff, b'9'].into_iter().cycle())
    {
        let mut spoiled = whole.clone();
        spoiled[place] = byte;
        dir.write("run/metrics.jsonl", &spoiled);
        judged(&dir);
    }
    dir.write("run/metrics.jsonl", "");
    assert!(text(&dir.good("diagnose run").stdout).starts_with("run, finished after 0 steps: no findings"));
    fs::remove_file(dir.path("run/metrics.jsonl")).expect("a file");
    assert!(problems(&dir)[0].contains("is missing"));
    dir.write("run/metrics.jsonl", &whole);
    for summary in ["", "[]", "{\"outcome\": 3}", "{\"outcome\": \"\u{1b}[31m\"}", "\u{0}"] {
        dir.write("run/summary.json", summary);
        let output = dir.good("diagnose run");
        assert!(!text(&output.stdout).contains('\u{1b}'), "{summary}");
    }
    fs::remove_file(dir.path("run/summary.json")).expect("a file");
    assert!(text(&dir.good("diagnose run").stdout).starts_with("run, unfinished after 40 steps"));
    // Settings beyond all measure.
    let config = text(&dir.read("run/config.toml"));
    let most = u64::MAX;
    let huge = config
        .replace("length = 10", &format!("length = {most}"))
        .replace("hidden = 8", &format!("hidden = {most}"))
        .replace("steps = 40", &format!("steps = {most}"));
    assert!(huge.matches(&most.to_string()).count() >= 3, "{config}");
    dir.write("run/config.toml", huge);
    judged(&dir);
}

/// There is a verdict, whatever it is.
fn judged(dir: &TestDir) {
    let output = dir.run("diagnose run");
    let message = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)) && message.is_empty(), "{message}");
}

#[test]
fn what_is_no_run_is_refused() {
    let dir = TestDir::new();
    dir.bad("diagnose nothing", &["there is no run in nothing", "longspan ls"]);
    dir.write("empty/x", "");
    dir.bad("diagnose empty", &["there is no run in empty"]);
    dir.good("train --task adding --length 10 --cell gru --hidden 8 --steps 2 --out run");
    let record = text(&dir.read("run/run.json"));
    for (spoiled, part) in [
        ("{}".to_owned(), "run.json is damaged"),
        (
            record.replace("\"format\": 1", "\"format\": 2"),
            "format 2, but this version of Longspan reads format 1",
        ),
        (record.replace("\"seed\": 0", "\"seed\": -1"), "run.json is damaged"),
        ("[".repeat(100_000), "run.json is damaged"),
    ] {
        dir.write("run/run.json", spoiled);
        dir.bad("diagnose run", &[part]);
    }
    // A run that says less than today's is judged all the same.
    let mut older: Value = serde_json::from_str(&record).expect("JSON");
    let fields = older.as_object_mut().expect("an object");
    let all = fields.len();
    fields.retain(|name, _| !name.starts_with("window") && name != "settings");
    assert!(fields.len() < all, "{record}");
    dir.write("run/run.json", older.to_string());
    dir.good("diagnose run");
    dir.write("run/config.toml", "schema = 1\nhiden = 3\n");
    dir.bad("diagnose run", &["run/config.toml, line 2", "did you mean hidden?"]);
    fs::remove_file(dir.path("run/config.toml")).expect("a file");
    dir.bad("diagnose run", &["run/config.toml cannot be read"]);
}

#[test]
fn each_finding_is_explained() {
    let dir = TestDir::new();
    let list = text(&dir.good("explain").stdout);
    assert_eq!(list.lines().count(), RULES.len());
    for (rule, line) in RULES.iter().zip(list.lines()) {
        let page = &rule.page;
        assert!(line.starts_with(rule.code) && line.ends_with(page.title.en), "{line}");
        let printed = text(&dir.good(&format!("explain {}", rule.code)).stdout);
        let said = words(&printed);
        for part in [page.title, page.meaning, page.measured, page.false_alarm, page.remedy] {
            assert!(said.contains(&words(part.en)), "{}: no \"{}\"", rule.code, part.en);
        }
        for threshold in page.thresholds {
            assert!(said.contains(&words(threshold.source.en)), "{}: {}", rule.code, threshold.of.en);
        }
        let fits = printed.lines().all(|line| line.chars().count() <= 80);
        assert!(fits && !printed.contains("NaN:"), "{printed}");
    }
    let all = text(&dir.good("explain --all").stdout);
    assert_eq!(all.matches("\n## ").count() + 1, RULES.len());
    dir.bad("explain clip-allways", &["there is no finding \"clip-allways\": did you mean clip-always?"]);
    dir.bad("explain quux", &["there is no finding \"quux\": list all codes (next: longspan explain)"]);
    assert_eq!(dir.run("explain --all clip-always").status.code(), Some(2));
}

#[test]
fn a_verdict_is_told_in_chinese() {
    let dir = TestDir::new();
    let ill = "train --task agreement --length 40 --cell relu --init gaussian:3 --clip none --lr 1 --steps 60 --hidden 16 --batch 8 --threads 1 --out ill";
    assert_eq!(dir.run(ill).status.code(), Some(1), "it diverges");
    let told = |line: &str| String::from_utf8(dir.run(line).stdout).expect("UTF-8");
    let chinese = told("diagnose ill --lang zh");
    for part in [
        "严重     出现非有限值，或超过上限的值 (non-finite)",
        "  建议   --init orthogonal:1 --clip norm:1",
        "可信度高：",
        "以下情况可以忽略：",
    ] {
        assert!(chinese.contains(part), "no {part}: {chinese}");
    }
    assert!(told("diagnose ill").contains("A value is not finite"), "English, unless told otherwise");
    // A program finds the same codes and numbers.
    let [english, chinese] = ["en", "zh"].map(|lang| {
        let text = told(&format!("diagnose ill --json --lang {lang}"));
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let finding = &document["findings"][0];
        [
            &finding["code"],
            &finding["severity"],
            &finding["evidence"][0]["value"],
            &finding["remedies"][0]["flags"],
        ]
        .map(Clone::clone)
    });
    assert_eq!(english, chinese);
    assert!(told("explain stuck-gates --lang zh").contains("遗忘门"));
    dir.bad("explain stuck-gate --lang zh", &["stuck-gates"]);
}
